"""Cancelling that can't be lost on the way through a library.

`asyncio.wait_for` of Python 3.11 drops a cancellation that arrives as its awaitable completes (mended in 3.12), and
the Redis client calls it for every command. A task that was told to stop would then wait for ever.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def heeding(awaitable: Awaitable[T]) -> T:
    """Return what `awaitable` gives, unless the task was cancelled meanwhile and nobody let it know.

    Raises:
        asyncio.CancelledError: the task was cancelled while it waited, though `awaitable` completed.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    result = await awaitable
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError
    return result
