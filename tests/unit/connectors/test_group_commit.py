"""Group commit: what comes while one is under way goes together into the next; each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from connectors.storage.together import MOST, Together


class Work:
    """Doubles numbers; refuses 13; holds the first batch until told."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go_on = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(items))
        await self.go_on.wait()
        if 99 in items:
            raise RuntimeError("the commit failed")
        return [ValueError("13") if item == 13 else 2 * item for item in items]


async def started(*tasks: "asyncio.Task[int]") -> None:
    for _ in range(5):
        await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)


async def test_one_alone_is_done_at_once_and_those_behind_it_together() -> None:
    work = Work()
    together = Together(work)
    tasks = [asyncio.create_task(together.do(n)) for n in range(1)]
    await started(*tasks)
    tasks += [asyncio.create_task(together.do(n)) for n in range(1, 5)]
    await started(*tasks)
    work.go_on.set()
    assert await asyncio.gather(*tasks) == [0, 2, 4, 6, 8]
    assert work.batches == [[0], [1, 2, 3, 4]]


async def test_each_gets_its_own_exception_and_a_failed_commit_is_everybodys() -> None:
    work = Work()
    work.go_on.set()
    together = Together(work)
    came = await asyncio.gather(*(together.do(n) for n in (1, 13, 2)), return_exceptions=True)
    assert [str(each) for each in came] == ["2", "13", "4"]
    for task in [asyncio.create_task(together.do(n)) for n in (99, 1)]:
        with pytest.raises(RuntimeError):
            await task
    assert await together.do(5) == 10


async def test_a_caller_who_goes_away_keeps_nobody_from_their_answer() -> None:
    work = Work()
    together = Together(work)
    gone, stays = asyncio.create_task(together.do(1)), asyncio.create_task(together.do(2))
    await started(gone, stays)
    gone.cancel()
    work.go_on.set()
    assert await stays == 4
    assert gone.cancelled() or await asyncio.gather(gone, return_exceptions=True)


async def test_a_commit_takes_a_bounded_number() -> None:
    work = Work()
    work.go_on.set()
    together = Together(work)
    await asyncio.gather(*(together.do(n) for n in range(1000, 1000 + 2 * MOST + 1)))
    assert [len(batch) for batch in work.batches] == [MOST, MOST, 1]
