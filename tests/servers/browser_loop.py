"""Playwright's synchronous API and asyncio in one thread.

Playwright keeps an event loop of its own "running" in a greenlet from its start to its end, so that in between
`asyncio.run` and anyio refuse to work in the same thread. The mark of a running loop is a thread's own
(asyncio._get_running_loop); it is taken away around tests without a browser and put back for those with one.
"""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from contextlib import contextmanager


class BrowserLoop:
    """The loop Playwright runs, once it has started."""

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None

    def remember(self) -> None:
        """Call right after Playwright's start."""
        self._loop = asyncio._get_running_loop()

    @contextmanager
    def marked(self, *, running: bool) -> Iterator[None]:
        """Let this thread's running loop be Playwright's, or none, until the block ends."""
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self._loop if running else None)
        try:
            yield
        finally:
            asyncio._set_running_loop(before)
