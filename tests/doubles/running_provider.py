"""A provider on a port of its own, for browsers, with a system that shows what it is sent."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import uvicorn

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from idp.protocol import acr
from idp.protocol.device_grant import GRANT_TYPE as DEVICE_GRANT
from tests.doubles.idp_site import FakeClock, open_site

PEOPLE = tuple(f"{kind}-person{width}" for kind in ("key", "code", "more") for width in (320, 1280))


@dataclass
class Running:
    """Where it runs; `tile`, `stranger` and `strict` are requests of three systems, the last asks for two factors.

    `kiosk` is a client for devices without a browser.
    """

    base: str = ""
    tile: str = ""
    stranger: str = ""
    strict: str = ""
    client: str = ""
    clock: FakeClock = field(default_factory=FakeClock)


@contextmanager
def provider_at(
    host: str, directory: Path, others: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> Iterator[Running]:
    """Run a provider in a thread, with the account `clerk`, `plain`, one of each of `PEOPLE`, and `others`."""
    running, stop, ready = Running(), threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(running, host, ready, stop, directory, others)))
    thread.start()
    try:
        assert ready.wait(timeout=60)
        yield running
    finally:
        stop.set()
        thread.join(timeout=30)


async def _serve(
    running: Running, host: str, ready: threading.Event, stop: threading.Event, directory: Path,
    others: Mapping[str, Mapping[str, Any]],
) -> None:  # fmt: skip
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    running.base, running.client = (f"http://{host}:{own.getsockname()[1]}" for own in sockets)
    engine = create_engine(f"sqlite+aiosqlite:///{directory / 'idp.db'}")
    async with open_site(engine, MemoryStateStore(), base_url=running.base) as site:
        running.clock = site.clock
        servers = [_server(site.app), _server(_shows_what_it_is_sent)]
        tasks = [asyncio.create_task(server.serve(sockets=[own])) for server, own in zip(servers, sockets, strict=True)]
        for username in ("clerk", "plain", *PEOPLE):
            await site.account(username)
        for username, wanted in others.items():
            await site.account(username, **wanted)
        given = {"redirect_uris": (f"{running.client}/cb",), "post_logout_redirect_uris": (f"{running.client}/bye",)}
        running.tile = (await site.client("tile", **given)).url()
        running.stranger = (await site.client("stranger", trusted=False, **given)).url()
        running.strict = (await site.client("strict", required_acr=acr.TWO_FACTOR, **given)).url()
        device = {"redirect_uris": (), "grant_types": (DEVICE_GRANT,), "token_endpoint_auth_method": "none"}
        await site.client("kiosk", client_name="自助终端", **device)
        ready.set()  # what comes before they accept waits in the sockets' queues
        await asyncio.to_thread(stop.wait)
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)
    await engine.dispose()


def _server(app: Any) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))


async def _shows_what_it_is_sent(scope: Any, receive: Any, send: Any) -> None:
    body = (await receive())["body"] if scope["method"] == "POST" else scope["query_string"]
    page = b"<title>system</title><p>" + scope["method"].encode() + b" " + body.replace(b"<", b"")
    headers = [(b"content-type", b"text/html; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": page})
