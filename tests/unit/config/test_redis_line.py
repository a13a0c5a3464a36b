"""Many ask on one line to Redis, each gets its own answer, and a lost line is an error for whoever waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from redis.exceptions import RedisError, ResponseError

from config.storage.redis_line import RedisLine, ReplyParser

REPLIES = b"+OK\r\n$5\r\na\r\nbc\r\n$-1\r\n:42\r\n*3\r\n$1\r\nx\r\n$-1\r\n$0\r\n\r\n-ERR no\r\n"
READ = [b"OK", b"a\r\nbc", None, 42, [b"x", None, b""]]

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    async def tidily(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(tidily, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("piece", [1, 2, 3, 7, len(REPLIES)])
def test_replies_are_read_in_whatever_pieces_they_come(piece: int) -> None:
    parser, found = ReplyParser(), []
    for start in range(0, len(REPLIES), piece):
        found += parser.feed(REPLIES[start : start + piece])
    assert found[:-1] == READ
    assert isinstance(found[-1], ResponseError)


def test_what_is_not_redis_is_refused() -> None:
    with pytest.raises(RedisError):
        ReplyParser().feed(b"HTTP/1.1 400 Bad Request\r\n")


async def test_answers_go_to_whoever_asked_in_order() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if line.startswith(b"$"):
                word = await reader.readline()
                if word != b"ECHO\r\n":
                    writer.write(line + word)

    async with listening(echo) as url:
        line = RedisLine(url, within_seconds=20)
        answers = await asyncio.gather(*(line.ask("ECHO", str(n)) for n in range(50)))
        await line.aclose()
    assert answers == [str(n).encode() for n in range(50)]


async def test_one_who_is_cancelled_does_not_shift_the_answers_of_the_others() -> None:
    asked = asyncio.Event()
    answer = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = b""
        while received.count(b"GET") < 2:
            received += await reader.read(1000)
        asked.set()
        await answer.wait()
        writer.write(b"$1\r\na\r\n$1\r\nb\r\n")

    async with listening(slow) as url:
        line = RedisLine(url, within_seconds=20)
        first, second = asyncio.create_task(line.ask("GET", "a")), asyncio.create_task(line.ask("GET", "b"))
        await asked.wait()
        first.cancel()
        answer.set()
        assert await second == b"b"
        await line.aclose()


async def test_a_line_that_breaks_is_an_error_for_all_who_wait_and_opened_again_for_the_next() -> None:
    visits = 0

    async def moody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        await reader.read(10)
        if visits > 1:
            writer.write(b"+PONG\r\n")

    async with listening(moody) as url:
        line = RedisLine(url, within_seconds=20)
        outcomes = await asyncio.gather(*(line.ask("PING") for _ in range(3)), return_exceptions=True)
        assert all(isinstance(outcome, RedisError) for outcome in outcomes)
        assert await line.ask("PING") == b"PONG"
        await line.aclose()


async def test_a_server_that_says_nothing_is_left_after_the_bound() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as url:
        line = RedisLine(url, within_seconds=0.05)
        with pytest.raises(TimeoutError):
            await line.ask("GET", "a")
        await line.aclose()


async def test_password_and_database_of_the_address_are_told_first() -> None:
    heard = b""

    async def guard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        while chunk := await reader.read(1000):
            heard += chunk
            writer.write(b"+OK\r\n")

    async with listening(guard) as url:
        line = RedisLine(url.replace("//", "//one:two@") + "/3", within_seconds=20)
        assert await line.ask("PING") == b"OK"
        await line.aclose()
    words = [part for part in heard.decode().split("\r\n") if part[:1] not in ("*", "$")]
    assert [word for word in words if word] == ["AUTH", "one", "two", "SELECT", "3", "PING"]


@pytest.mark.parametrize(
    ("url", "fits"),
    [("redis://a:1", True), ("unix:///s", True), ("rediss://a:1", False), ("redis://a:1?ssl_ca_certs=x", False)],
)
def test_tls_and_options_are_left_to_the_client(url: str, fits: bool) -> None:
    assert RedisLine.fits(url) is fits


async def test_the_line_is_opened_once_whenever_those_who_ask_first_come() -> None:
    opened = 0

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await reader.readline():
            for _ in range(2):
                await reader.readline()
            writer.write(b"+PONG\r\n")

    async with listening(server) as url:
        line = RedisLine(url, within_seconds=5.0)
        asked: list[asyncio.Task[object]] = []
        while not (asked and asked[0].done()):  # one more at every turn of the loop, while it opens and just after
            asked.append(asyncio.create_task(line.ask("PING")))
            await asyncio.sleep(0)
        assert set(await asyncio.gather(*asked)) == {b"PONG"}
        await line.aclose()
    assert opened == 1
