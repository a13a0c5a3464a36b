"""The state store inside one process: nothing survives a restart, no second process sees it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

_SWEEP_EVERY_SECONDS = 30.0
_LISTENER_BACKLOG = 10_000


@dataclass(slots=True)
class _Kept:
    value: bytes | int | set[str]
    until: float


@dataclass(slots=True)
class _Listener:
    topics: frozenset[str]
    queue: "asyncio.Queue[tuple[str, str]]" = field(default_factory=lambda: asyncio.Queue(_LISTENER_BACKLOG))


class MemoryStateStore:
    """`config.state.StateStore` over a dict.

    No method awaits between reading and writing, so on one event loop each is atomic without a lock.
    """

    def __init__(self, *, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._kept: dict[str, _Kept] = {}
        self._listeners: list[_Listener] = []
        self._next_sweep = seconds() + _SWEEP_EVERY_SECONDS

    async def put(self, key: str, value: bytes, ttl: timedelta) -> None:
        self._keep(key, value, ttl)

    async def add(self, key: str, value: bytes, ttl: timedelta) -> bool:
        if self._live(key) is not None:
            return False
        self._keep(key, value, ttl)
        return True

    async def get(self, key: str) -> bytes | None:
        return self._bytes(key)

    async def get_all(self, *keys: str) -> tuple[bytes | None, ...]:
        return tuple(self._bytes(key) for key in keys)

    async def take(self, key: str) -> bytes | None:
        value = self._bytes(key)
        self._kept.pop(key, None)
        return value

    async def swap(self, key: str, old: bytes, new: bytes, ttl: timedelta) -> bool:
        if self._bytes(key) != old:
            return False
        self._keep(key, new, ttl)
        return True

    async def touch(self, key: str, ttl: timedelta) -> bool:
        kept = self._live(key)
        if kept is None:
            return False
        kept.until = self._seconds() + ttl.total_seconds()
        return True

    async def forget(self, *keys: str) -> None:
        for key in keys:
            self._kept.pop(key, None)

    async def count(self, key: str, ttl: timedelta) -> int:
        kept = self._live(key)
        if kept is None or not isinstance(kept.value, int):
            self._keep(key, 1, ttl)
            return 1
        kept.value += 1
        return kept.value

    async def join(self, key: str, member: str, ttl: timedelta) -> None:
        kept = self._live(key)
        group = kept.value if kept is not None and isinstance(kept.value, set) else set[str]()
        group.add(member)
        self._keep(key, group, ttl)

    async def leave(self, key: str, member: str) -> None:
        kept = self._live(key)
        if kept is not None and isinstance(kept.value, set):
            kept.value.discard(member)

    async def members(self, key: str) -> frozenset[str]:
        kept = self._live(key)
        return frozenset(kept.value) if kept is not None and isinstance(kept.value, set) else frozenset()

    async def announce(self, topic: str, message: str) -> None:
        for listener in self._listeners:
            if topic in listener.topics and not listener.queue.full():
                listener.queue.put_nowait((topic, message))

    @asynccontextmanager
    async def listen(self, *topics: str) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        listener = _Listener(frozenset(topics))
        self._listeners.append(listener)
        try:
            yield _messages(listener)
        finally:
            self._listeners.remove(listener)

    async def ping(self) -> None:
        return None

    async def aclose(self) -> None:
        self._kept.clear()

    def _live(self, key: str) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is not None and kept.until <= self._seconds():
            del self._kept[key]
            return None
        return kept

    def _bytes(self, key: str) -> bytes | None:
        kept = self._live(key)
        return kept.value if kept is not None and isinstance(kept.value, bytes) else None

    def _keep(self, key: str, value: bytes | int | set[str], ttl: timedelta) -> None:
        now = self._seconds()
        self._kept[key] = _Kept(value, now + ttl.total_seconds())
        if now >= self._next_sweep:
            self._next_sweep = now + _SWEEP_EVERY_SECONDS
            for stale in [k for k, kept in self._kept.items() if kept.until <= now]:
                del self._kept[stale]


async def _messages(listener: _Listener) -> AsyncIterator[tuple[str, str]]:
    while True:
        yield await listener.queue.get()
