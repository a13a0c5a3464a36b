"""The state store in Redis (7.0 or newer) or Valkey: shared by every process, lost without harm."""

from asyncio import timeout
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.connection import BlockingConnectionPool
from redis.exceptions import RedisError

from config.cancelling import heeding
from config.state import StateStoreUnavailable
from config.storage.redis_line import RedisLine

_PREFIX = "onewindow:"
_ANSWER_WITHIN_SECONDS = 2.0

_COUNT = """
local hits = redis.call('INCR', KEYS[1])
if hits == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return hits
"""
_SWAP = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0
"""
# A set must never be left without an end, so joining and expiring are one step.
_JOIN = """
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""

P = ParamSpec("P")
T = TypeVar("T")


def _or_unavailable(
    method: Callable[Concatenate["RedisStateStore", P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["RedisStateStore", P], Coroutine[Any, Any, T]]:
    @wraps(method)
    async def guarded(self: "RedisStateStore", /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await heeding(method(self, *args, **kwargs))
        except (RedisError, OSError, TimeoutError) as error:
            raise StateStoreUnavailable(type(error).__name__) from error

    return guarded


class RedisStateStore:
    """`config.state.StateStore` over one line for what every request needs and a bounded pool for the rest."""

    def __init__(self, url: str, *, connections: int = 32) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=_ANSWER_WITHIN_SECONDS,
            socket_timeout=_ANSWER_WITHIN_SECONDS,
            socket_connect_timeout=_ANSWER_WITHIN_SECONDS,
        )
        # The client's commands are typed for sync and async at once; Any keeps that from spreading.
        self._redis: Any = Redis(connection_pool=pool)
        self._url = url
        # What every request needs goes over one line; the pool is for the rest, and for all of it under TLS.
        self._line = RedisLine(url, within_seconds=_ANSWER_WITHIN_SECONDS) if RedisLine.fits(url) else None
        self._ask: Callable[..., Awaitable[Any]] = self._line.ask if self._line else self._redis.execute_command
        self._count = self._redis.register_script(_COUNT)
        self._swap = self._redis.register_script(_SWAP)
        self._join = self._redis.register_script(_JOIN)

    @_or_unavailable
    async def put(self, key: str, value: bytes, ttl: timedelta) -> None:
        await self._ask("SET", _PREFIX + key, value, "PX", _ms(ttl))

    @_or_unavailable
    async def add(self, key: str, value: bytes, ttl: timedelta) -> bool:
        return await self._ask("SET", _PREFIX + key, value, "PX", _ms(ttl), "NX") is not None

    @_or_unavailable
    async def get(self, key: str) -> bytes | None:
        return cast("bytes | None", await self._ask("GET", _PREFIX + key))

    @_or_unavailable
    async def get_all(self, *keys: str) -> tuple[bytes | None, ...]:
        return tuple(await self._ask("MGET", *(_PREFIX + key for key in keys))) if keys else ()

    @_or_unavailable
    async def take(self, key: str) -> bytes | None:
        return cast("bytes | None", await self._ask("GETDEL", _PREFIX + key))

    @_or_unavailable
    async def swap(self, key: str, old: bytes, new: bytes, ttl: timedelta) -> bool:
        return bool(await self._swap(keys=[_PREFIX + key], args=[old, new, _ms(ttl)]))

    @_or_unavailable
    async def touch(self, key: str, ttl: timedelta) -> bool:
        return bool(await self._redis.pexpire(_PREFIX + key, _ms(ttl)))

    @_or_unavailable
    async def forget(self, *keys: str) -> None:
        if keys:
            await self._redis.unlink(*(_PREFIX + key for key in keys))

    @_or_unavailable
    async def count(self, key: str, ttl: timedelta) -> int:
        return int(await self._count(keys=[_PREFIX + key], args=[_ms(ttl)]))

    @_or_unavailable
    async def join(self, key: str, member: str, ttl: timedelta) -> None:
        await self._join(keys=[_PREFIX + key], args=[member, _ms(ttl)])

    @_or_unavailable
    async def leave(self, key: str, member: str) -> None:
        await self._redis.srem(_PREFIX + key, member)

    @_or_unavailable
    async def members(self, key: str) -> frozenset[str]:
        return frozenset(member.decode() for member in await self._redis.smembers(_PREFIX + key))

    @_or_unavailable
    async def announce(self, topic: str, message: str) -> None:
        await self._redis.publish(_PREFIX + topic, message)

    @asynccontextmanager
    async def listen(self, *topics: str) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        # A subscription waits without end, so it has a connection of its own without a read timeout.
        redis: Any = Redis.from_url(self._url, socket_connect_timeout=_ANSWER_WITHIN_SECONDS)
        subscription = redis.pubsub(ignore_subscribe_messages=True)
        try:
            try:
                async with timeout(_ANSWER_WITHIN_SECONDS):
                    await heeding(subscription.subscribe(*(_PREFIX + topic for topic in topics)))
            except (RedisError, OSError, TimeoutError) as error:
                raise StateStoreUnavailable(type(error).__name__) from error
            yield _messages(subscription)
        finally:
            await subscription.aclose()
            await redis.aclose()

    @_or_unavailable
    async def ping(self) -> None:
        await self._redis.ping()

    async def aclose(self) -> None:
        if self._line is not None:
            await self._line.aclose()
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()


def _ms(ttl: timedelta) -> int:
    return max(1, int(ttl.total_seconds() * 1000))


async def _messages(subscription: Any) -> AsyncIterator[tuple[str, str]]:
    try:
        async for message in subscription.listen():
            yield message["channel"].decode().removeprefix(_PREFIX), message["data"].decode()
    except (RedisError, OSError) as error:
        raise StateStoreUnavailable(type(error).__name__) from error
