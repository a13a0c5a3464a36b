"""A task that is told to stop stops, whatever the library it waits in does with the cancellation."""

import asyncio

import pytest

from config.cancelling import heeding


async def _drops_the_cancellation(entered: asyncio.Event) -> str:
    entered.set()
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return "completed all the same"
    return "not reached"


async def test_a_dropped_cancellation_is_raised_again() -> None:
    entered = asyncio.Event()
    task = asyncio.create_task(heeding(_drops_the_cancellation(entered)))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_completes_is_returned() -> None:
    assert await heeding(asyncio.sleep(0, "result")) == "result"


async def test_a_task_already_cancelled_can_still_tidy_up() -> None:
    tidied = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            tidied.append(await heeding(asyncio.sleep(0, "tidy")))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert tidied == ["tidy"]
