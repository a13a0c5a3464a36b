"""A line between us and a server that breaks where a test wants it: after the server did its part, before we hear of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

Dial = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@dataclass(slots=True)
class CuttingLine:
    """Cuts once a client's bytes hold `cut_at` and the server has answered them; empty: never. `cuts` counts."""

    port: int
    cut_at: bytes = b""
    before_server: bool = False
    """Cut before the server gets the bytes, too."""
    cuts: int = 0


@asynccontextmanager
async def cutting_line(dial: Dial) -> AsyncIterator[CuttingLine]:
    """Listen on loopback and pass everything on to `dial`, until the block ends."""
    line = CuttingLine(port=0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await dial()
        is_cut = asyncio.Event()

        async def upwards() -> None:
            while data := await reader.read(65_536):
                if line.cut_at and line.cut_at in data:
                    line.cuts += 1
                    is_cut.set()
                    if line.before_server:
                        return
                there_writer.write(data)
                await there_writer.drain()

        async def downwards() -> None:
            while data := await there_reader.read(65_536):
                if is_cut.is_set():
                    return
                writer.write(data)
                await writer.drain()

        tasks = {asyncio.create_task(upwards()), asyncio.create_task(downwards())}
        with suppress(OSError):
            _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in left:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for end in (writer, there_writer):
            end.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
