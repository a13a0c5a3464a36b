"""A request head that does not end is refused while it arrives, over a real socket and the web server itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config.asgi.head_limit import AT_MOST, bounded
from config.asgi.types import Receive, Scope, Send, answer_text


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message.get("more_body", False)
    await answer_text(send, 200, f"{len(scope['headers'])} headers, {size} bytes")


@asynccontextmanager
async def _connected() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(_app, lifespan="off", log_config=None)
    config.load()
    state = uvicorn.server.ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: bounded(HttpToolsProtocol)(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("endless", [b"authorization: Bearer ", b"a: b\r\nx: "])
async def test_a_header_that_does_not_end_is_refused_and_what_follows_is_dropped(endless: bytes) -> None:
    async with _connected() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n" + endless)
        for _ in range(16):
            writer.write(b"x" * AT_MOST)
            await writer.drain()
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"connection: close" in answer


async def test_an_address_that_does_not_end_is_refused() -> None:
    async with _connected() as (reader, writer):
        writer.write(b"GET /" + b"a" * 1_000_000)
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")


async def test_a_long_body_is_no_head_and_requests_on_one_connection_are_measured_apart() -> None:
    async with _connected() as (reader, writer):
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 30_000 + b"\r\ncontent-length: 200000\r\n\r\n")
            writer.write(b"z" * 200_000)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(23) == b"3 headers, 200000 bytes"


async def test_fields_after_the_last_chunk_that_do_not_end_are_refused() -> None:
    async with _connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: ")
        writer.write(b"x" * 16 * AT_MOST)
        with suppress(ConnectionError):
            # Cut off without an answer: the one to this request may be on its way already.
            assert await asyncio.wait_for(reader.read(), 10) == b""


async def test_a_long_body_in_chunks_with_fields_after_it_is_answered() -> None:
    async with _connected() as (reader, writer):
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
            for _ in range(5):
                writer.write(b"9c40\r\n" + b"z" * 40_000 + b"\r\n")
            writer.write(b"0\r\nx: y\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert (await reader.readexactly(23)).endswith(b" headers, 200000 bytes")
