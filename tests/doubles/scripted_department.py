"""A department to be told what to do: a small Starlette app served by a real uvicorn on a free port.

`script` decides each answer; everything that arrived is kept in `received`, in order.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Answering = Callable[[Request, bytes], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> dict[str, object]:
        document = json.loads(self.content)
        assert isinstance(document, dict)
        return document


async def accepts(request: Request, content: bytes) -> Response:
    """Take everything and give it a number."""
    return JSONResponse({"code": 0, "msg": "ok", "data": {"caseId": "D-1", "status": "10"}})


@dataclass(slots=True)
class Department:
    """`base_url` is set while it is served."""

    script: Answering = accepts
    received: list[Received] = field(default_factory=list)
    base_url: str = ""

    def app(self) -> Starlette:
        async def take(request: Request) -> Response:
            content = await request.body()
            self.received.append(
                Received(request.method, request.url.path, request.url.query, dict(request.headers.items()), content)
            )
            return await self.script(request, content)

        return Starlette(routes=[Route("/{path:path}", take, methods=["GET", "POST", "PUT", "DELETE"])])

    def sent(self, method: str = "POST") -> list[Received]:
        return [each for each in self.received if each.method == method]


@asynccontextmanager
async def serving(department: Department) -> AsyncIterator[Department]:
    """Serve the department on a free port of the loopback until the block ends."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    department.base_url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    config = uvicorn.Config(department.app(), log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([sock]))
    while not server.started:  # noqa: ASYNC110 - the server has no event to wait for
        await asyncio.sleep(0.01)
    try:
        yield department
    finally:
        server.should_exit = True
        await task
        sock.close()
