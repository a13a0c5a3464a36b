"""Head and body of an answer leave in one write, and nothing is kept back."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from config.asgi.joined_writes import JoinedWrites, joining


class Recorder:
    """A transport that notes what is asked of it."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def write(self, data: bytes) -> None:
        self.seen.append(data)

    def close(self) -> None:
        self.seen.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.seen


async def test_head_and_body_go_out_together() -> None:
    inner = Recorder()
    joined = JoinedWrites(inner)  # type: ignore[arg-type]
    joined.write(b"head ")
    joined.write(b"")
    joined.write(b"body")
    assert inner.seen == []
    await asyncio.sleep(0)
    assert inner.seen == [b"head body"]
    joined.write(b"next")
    await asyncio.sleep(0)
    assert inner.seen == [b"head body", b"next"]


async def test_what_is_gathered_goes_out_before_the_connection_closes() -> None:
    inner = Recorder()
    joined = JoinedWrites(inner)  # type: ignore[arg-type]
    joined.write(b"last words")
    joined.close()
    await asyncio.sleep(0)
    assert inner.seen == [b"last words", "closed"]


async def test_a_large_body_does_not_wait_so_that_the_writer_can_be_slowed_down() -> None:
    inner = Recorder()
    JoinedWrites(inner).write(b"x" * 65_537)  # type: ignore[arg-type]
    assert inner.seen == [b"x" * 65_537]


async def test_everything_else_is_asked_of_the_transport_itself() -> None:
    inner = Recorder()
    joined = JoinedWrites(inner)  # type: ignore[arg-type]
    assert joined.is_closing() is False
    joined.close()
    assert joined.is_closing() is True


async def test_a_server_protocol_with_joined_writes_answers_over_a_real_socket() -> None:
    class Halves(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport: Any = transport

        def data_received(self, data: bytes) -> None:
            self.transport.write(b"you said ")
            self.transport.write(data)
            self.transport.close()

    joined: Callable[[], asyncio.Protocol] = joining(Halves)
    server = await asyncio.get_running_loop().create_server(joined, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    writer.write(b"hello")
    assert await reader.read() == b"you said hello"
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    server.close()
    await server.wait_closed()
