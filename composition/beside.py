"""What runs beside the web app of a process for as long as it does: the delivery worker, following the registry."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from config import logs

Running = Callable[[], AbstractAsyncContextManager[None]]
"""Something that runs, or is held open, as long as the web app does."""


@asynccontextmanager
async def running(run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run something beside the web app; should it end by a fault, the process ends too, to be started anew."""
    task = asyncio.ensure_future(run())
    task.add_done_callback(_end_process_on_fault)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _end_process_on_fault(task: "asyncio.Future[None]") -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        logs.get("onewindow").error("background_task_ended", error=type(fault).__name__, exc_info=fault)
        os.kill(os.getpid(), signal.SIGTERM)
