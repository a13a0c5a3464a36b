"""Group commit: what comes while one commit is under way goes into the next, so that a busy worker commits less often.

Nobody waits for company: a single item is committed at once. Each item gets its own answer or its own exception.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
MOST: Final = 64


class Together(Generic[Item, Answer]):
    """`work` takes some items and returns an answer or an exception for each, in their order."""

    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]]) -> None:
        self._work = work
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> Answer:
        """Return the answer to `item` once its commit is done; a caller who goes away does not stop it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="group commit")
        return await future

    async def _run(self) -> None:
        while self._waiting:
            some = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            try:
                answers: Sequence[Answer | Exception] = await self._work([item for item, _ in some])
            except Exception as fault:  # noqa: BLE001 - it is handed to everybody who waits for this commit
                answers = [fault] * len(some)
            for (_, future), answer in zip(some, answers, strict=True):
                if future.cancelled():
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
