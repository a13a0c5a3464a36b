"""Hosts the departments: one process, one server, a socket and an app per system, told apart by the port asked."""

import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Router

from config.asgi.types import App, Receive, Scope, Send, answer_text
from demo.ground.context import SystemContext
from demo.ground.received import ReceivedStore

GRACE_SECONDS = 1
"""How long a stop waits for answers under way: a department's latency can be half a minute, Ctrl-C may not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A system ready to be served; `address` is its base address without a slash, `stores` are closed with its own."""

    context: SystemContext
    app: App
    port: int
    address: str
    stores: tuple[ReceivedStore, ...] = ()


class PortTaken(Exception):
    """Another program listens on `port`."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use")
        self.port = port


def bind(ports: Sequence[int]) -> list[socket.socket]:
    """Return sockets bound on loopback, all of them or none.

    Raises:
        PortTaken: naming the first port that is in use.
    """
    sockets: list[socket.socket] = []
    for port in ports:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sockets.append(bound)
        try:
            bound.bind(("127.0.0.1", port))
        except OSError as error:
            for opened in sockets:
                opened.close()
            raise PortTaken(port) from error
    return sockets


class Host:
    """Hands each request to the system whose port it came in on, and runs every system's background beside."""

    def __init__(self, systems: Sequence[Hosted]) -> None:
        self._apps = {system.port: system.app for system in systems}
        self._systems = systems
        self._lifespan = Router(lifespan=self._running)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        app = self._apps.get(scope["server"][1])
        if app is None:
            await answer_text(send, 404, "此端口没有系统。 No system listens on this port.\n")
            return
        await app(scope, receive, send)

    @asynccontextmanager
    async def _running(self, _app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for system in self._systems:
                for store in (system.context.store, *system.stores):
                    stack.callback(store.close)
                await stack.enter_async_context(system.context.background.running())
            yield


class _Server(uvicorn.Server):
    """Tells when it listens, stops on a signal without raising it again, and stops when its parent is gone."""

    def __init__(self, config: uvicorn.Config, *, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._parent = os.getppid()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        # uvicorn asks ten times a second. Looking is portable, and unlike Linux' parent-death signal it does not fire
        # when only the thread that started us ends.
        return os.getppid() != self._parent or await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn raises the signal once more after it has stopped, which makes an orderly stop look like a crash.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def serve(systems: Sequence[Hosted], sockets: list[socket.socket], *, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT, SIGTERM or the end of the process that started this one."""
    config = uvicorn.Config(
        Host(systems),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    _Server(config, on_ready=on_ready).run(sockets)
