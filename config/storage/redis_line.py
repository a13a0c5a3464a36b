"""One connection to Redis on which many requests ask at once, answers coming back in order (RESP2, pipelining).

The pool of the Redis client takes a connection, a lock and a timer for every command; that is most of what a sign-on
costs beside its signatures (docs/performance.md). The commands each request needs go over this line; scripts,
subscriptions and everything rare stay with the client.

A command that was sent and whose answer is lost is not repeated: for what may be taken once, "unknown" is no.
"""

import asyncio
from collections import deque
from typing import Any, Final

from redis.asyncio.connection import parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

Reply = bytes | int | list[Any] | None
Word = bytes | str | int
_END: Final = b"\r\n"


class RedisLine:
    """The line to the server at `url` (redis:// or unix://); it is opened when first used, and again when lost."""

    def __init__(self, url: str, *, within_seconds: float) -> None:
        self._given: dict[str, Any] = {**parse_url(url)}
        self._within = within_seconds
        self._open: _Connection | None = None
        self._opening: asyncio.Task[_Connection] | None = None

    @staticmethod
    def fits(url: str) -> bool:
        """Tell whether the address needs nothing but what this line knows; TLS is left to the client."""
        return url.startswith(("redis://", "unix://")) and "?" not in url

    async def ask(self, *words: Word) -> Reply:
        """Send one command and return its answer.

        Raises:
            RedisError, OSError, TimeoutError: no connection, no answer in time, or an error for an answer.
        """
        connection = self._open
        if connection is None or connection.lost:
            connection = await self._connected()
        answer = connection.send(_packed(words))
        try:
            async with asyncio.timeout(self._within):
                return await answer
        except TimeoutError:
            if connection.oldest_is(answer):
                connection.close()  # nothing came for the whole time: whoever asks next gets a new line
            raise

    async def aclose(self) -> None:
        """Close the line."""
        if self._opening is not None:
            self._opening.cancel()
        if self._open is not None:
            await self._open.aclose()

    async def _connected(self) -> "_Connection":
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._connect(), name="redis-line")
        return await asyncio.shield(self._opening)

    async def _connect(self) -> "_Connection":
        given, loop = self._given, asyncio.get_running_loop()
        async with asyncio.timeout(self._within):
            if "path" in given:
                _, connection = await loop.create_unix_connection(_Connection, given["path"])
            else:
                host, port = given.get("host", "localhost"), int(given.get("port", 6379))
                _, connection = await loop.create_connection(_Connection, host, port)
            if "password" in given:
                who = [given["username"]] if "username" in given else []
                await connection.send(_packed(["AUTH", *who, given["password"]]))
            if given.get("db"):
                await connection.send(_packed(["SELECT", str(given["db"])]))
        # Here, not where it is waited for: whoever asks between the two would open a second line, and nobody close it.
        self._open = connection
        return connection


class _Connection(asyncio.Protocol):
    """Writes commands and gives each answer to whoever asked, in order."""

    def __init__(self) -> None:
        self.lost = False
        self._asked: deque[asyncio.Future[Reply]] = deque()
        self._parser = ReplyParser()
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def send(self, command: bytes) -> "asyncio.Future[Reply]":
        """Write a command; the future gives its answer."""
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self._asked.append(answer)
        self._transport.write(command)
        return answer

    def oldest_is(self, answer: "asyncio.Future[Reply]") -> bool:
        """Tell whether every answer before this one has come."""
        return bool(self._asked) and self._asked[0] is answer

    def data_received(self, data: bytes) -> None:
        try:
            for reply in self._parser.feed(data):
                answer = self._asked.popleft()
                if answer.done():
                    continue  # whoever asked was cancelled
                if isinstance(reply, ResponseError):
                    answer.set_exception(reply)
                else:
                    answer.set_result(reply)
        except (RedisError, ValueError, IndexError):
            self.close()  # not what Redis says: nothing after it can be trusted

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if not self._gone.done():
            self._gone.set_result(None)
        while self._asked:
            answer = self._asked.popleft()
            if not answer.done():
                answer.set_exception(RedisConnectionError("the connection to Redis was lost"))

    def close(self) -> None:
        """End it; whoever waits is told."""
        self.lost = True
        self._transport.abort()

    async def aclose(self) -> None:
        """End it, and return once the loop has let go of it."""
        self.close()
        await self._gone


class ReplyParser:
    """Reads RESP2 as it comes in, in whatever pieces."""

    def __init__(self) -> None:
        self._kept = b""

    def feed(self, data: bytes) -> "list[Reply | ResponseError]":
        """Return the replies that are complete now, oldest first; errors are values here."""
        data = self._kept + data if self._kept else data
        found: list[Reply | ResponseError] = []
        start = 0
        while (read := _read(data, start)) is not None:
            reply, start = read
            found.append(reply)
        self._kept = data[start:]
        return found


def _read(data: bytes, start: int) -> "tuple[Reply | ResponseError, int] | None":
    end = data.find(_END, start)
    if end < 0:
        return None
    kind, after = data[start : start + 1], end + 2
    match kind:
        case b"$":
            size = int(data[start + 1 : end])
            if size < 0:
                return None, after
            if len(data) < after + size + 2:
                return None
            return data[after : after + size], after + size + 2
        case b"+":
            return data[start + 1 : end], after
        case b":":
            return int(data[start + 1 : end]), after
        case b"-":
            return ResponseError(data[start + 1 : end].decode(errors="replace")), after
        case b"*":
            return _read_array(data, int(data[start + 1 : end]), after)
        case _:
            raise RedisError("not RESP2")


def _read_array(data: bytes, count: int, start: int) -> "tuple[Reply, int] | None":
    members: list[Any] = []
    for _ in range(count):
        read = _read(data, start)
        if read is None:
            return None
        member, start = read
        members.append(member)
    return members, start


def _packed(words: "list[Word] | tuple[Word, ...]") -> bytes:
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        raw = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(raw), raw))
    return b"".join(parts)
