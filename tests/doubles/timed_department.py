"""A department over HTTP that notes when each case reached it, and can be dead, slow or flapping; in a thread of its own.

As little as possible stands between the last byte of a request and the note, for it is what delays are measured by.
"""

import asyncio
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any, Final, Literal

Mode = Literal["well", "dead", "slow", "flapping"]
CASE_NUMBER: Final = re.compile(rb"\d{9}-\d{6}-[A-Z]+\d+-\d{6}")
SLOW_SECONDS: Final = 30.0
FLAP_SECONDS: Final = 1.5


@dataclass(slots=True)
class TimedDepartment:
    """`arrived` is when it first had a case, by its number; `answer` what it says to each."""

    answer: Mapping[str, Any]
    unavailable: Mapping[str, Any]
    arrived: dict[bytes, float] = field(default_factory=dict)
    times: dict[bytes, int] = field(default_factory=dict)
    mode: Mode = "well"
    port: int = 0
    _server: asyncio.Server | None = None
    _lines: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]

    async def become(self, mode: Mode) -> None:
        """Change how it behaves; a dead one listens no more and has broken every line."""
        if mode == "dead" and self._server is not None:
            self._server.close()
            for line in list(self._lines):
                line.transport.abort()
            self._server = None
        elif self._server is None:
            await self.open()
        self.mode = mode

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
                writer.write(await self._answered(head, body, time()))
                await writer.drain()
        self._lines.discard(writer)
        writer.close()

    async def _answered(self, head: bytes, body: bytes, at: float) -> bytes:
        found = CASE_NUMBER.search(body)
        if found is None:
            asked = CASE_NUMBER.search(head)
            return _http(200, self.answer) if asked and asked[0] in self.arrived else _http(404, {"code": 404})
        if self.mode == "flapping" and int(monotonic() / FLAP_SECONDS) % 2:
            return _http(503, self.unavailable)
        self.arrived.setdefault(found[0], at)
        self.times[found[0]] = self.times.get(found[0], 0) + 1
        until = monotonic() + SLOW_SECONDS
        while self.mode == "slow" and monotonic() < until:  # noqa: ASYNC110 - whichever comes first
            await asyncio.sleep(0.05)
        return _http(200, self.answer)


def _http(status: int, document: Mapping[str, Any]) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@dataclass(frozen=True, slots=True)
class Town:
    """Departments on one loop in a thread."""

    loop: asyncio.AbstractEventLoop

    def become(self, department: TimedDepartment, mode: Mode) -> None:
        asyncio.run_coroutine_threadsafe(department.become(mode), self.loop).result(30)


@contextmanager
def town_of(*departments: TimedDepartment) -> Iterator[Town]:
    """Serve the departments until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="departments", daemon=True)
    thread.start()
    town = Town(loop)
    try:
        for department in departments:
            asyncio.run_coroutine_threadsafe(department.open(), loop).result(30)
        yield town
    finally:
        for department in departments:
            town.become(department, "dead")
        asyncio.run_coroutine_threadsafe(_end_tasks(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def _end_tasks() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
