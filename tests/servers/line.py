"""A line between two programs that can be cut in the ways lines are cut; TCP or Unix socket, in a thread of its own."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

_A_PIECE: Final = 65_536
_STARTS_WITHIN_SECONDS: Final = 20.0


class Cut(StrEnum):
    WHOLE = "whole"
    REFUSED = "refused"  # nobody listens any more, and what was open is reset
    BLACK_HOLE = "black hole"  # connections are made and everything said disappears
    RESET = "reset in a request"  # what is said arrives in part, then the connection is reset
    HALF_OPEN = "half open"  # what we say arrives, what they answer never does


@dataclass(slots=True)
class Line:
    """Passes everything on to `target` (host and port, or the path of a socket); `cut()` takes effect at once."""

    target: tuple[str, int] | str
    port: int = 0
    path: str = ""
    _how: Cut = Cut.WHOLE
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _thread: threading.Thread | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @classmethod
    def start(cls, target: tuple[str, int] | str, *, path: Path | None = None) -> Self:
        """Listen on a free loopback port, or on the socket `path`."""
        line = cls(target=target, path=str(path or ""))
        line._thread = threading.Thread(target=line._loop.run_forever, daemon=True)
        line._thread.start()
        line._call(line._listen())
        return line

    def cut(self, how: Cut) -> None:
        """Cut it, or mend it with `Cut.WHOLE`; connections that stood are reset, as they are when a cable is pulled."""
        self._call(self._change(how))

    def stop(self) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(_STARTS_WITHIN_SECONDS)
        self._loop.close()

    def _call(self, work: "Coroutine[Any, Any, None]") -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_STARTS_WITHIN_SECONDS)

    async def _listen(self) -> None:
        if self.path:
            self._server = await asyncio.start_unix_server(self._serve, self.path)
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _end(self) -> None:
        await self._close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _change(self, how: Cut) -> None:
        was, self._how = self._how, how
        if how in (Cut.REFUSED, Cut.RESET) or was in (Cut.BLACK_HOLE, Cut.HALF_OPEN):
            for writer in list(self._writers):
                writer.transport.abort()
        if how is Cut.REFUSED:
            await self._close()
        elif self._server is None:
            await self._listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there_reader, there_writer = await self._dial()
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(there_writer)
        ways = {
            asyncio.ensure_future(self._pass(reader, there_writer, self._upwards)),
            asyncio.ensure_future(self._pass(there_reader, writer, self._downwards)),
        }
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, there_writer):
            self._writers.discard(end)
            end.transport.abort()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target)
        return await asyncio.open_connection(*self.target)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, what: "Callable[[bytes], bytes | None]"
    ) -> None:
        """Pass on what `what` makes of each piece; None ends the connection."""
        with contextlib.suppress(OSError):
            while data := await reader.read(_A_PIECE):
                passed = what(data)
                if passed is None:
                    return
                writer.write(passed)
                await writer.drain()

    def _upwards(self, data: bytes) -> bytes | None:
        if self._how is Cut.RESET:
            return None
        return b"" if self._how is Cut.BLACK_HOLE else data

    def _downwards(self, data: bytes) -> bytes | None:
        return b"" if self._how in (Cut.BLACK_HOLE, Cut.HALF_OPEN) else data


def with_port(address: str, port: int) -> str:
    """Return a URL's address on loopback at `port`."""
    parts = urlsplit(address)
    who = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return urlunsplit(parts._replace(netloc=f"{who}127.0.0.1:{port}"))
