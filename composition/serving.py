"""Serving a web app until the process is told to end: Uvicorn, behind bounds of ours."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config import collecting
from config.asgi.head_limit import bounded
from config.asgi.joined_writes import joining
from config.asgi.types import App
from config.settings import Settings


async def serve_app(app: App, settings: Settings, listening: socket.socket, *, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; requests under way get ten seconds to end."""
    configuration = uvicorn.Config(
        app,
        http=joining(bounded(HttpToolsProtocol)),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=settings.forwarded_allow_ips or None,
        timeout_graceful_shutdown=10,
    )
    await _Server(configuration, on_ready).serve(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, configuration: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(configuration)
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Uvicorn raises the signal again once it has stopped, which would cancel what is still being closed.
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, self.handle_exit, sign, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            collecting.begin()
            self._on_ready()
