"""The state store: one small port for what may expire or be lost.

Sessions, authorization codes, replay markers, rate limits and wake-ups live here. Losing the store signs
people out; it must lose no case, revive nothing revoked and let no one in. Keys are ASCII words joined by
colons, the first word names the kind (`session:`, `code:`, `replay:`); values are bytes.

Implementations: `config.storage.memory_state.MemoryStateStore` (one process) and
`config.storage.redis_state.RedisStateStore`. Both pass tests/contracts/test_state_store.py.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol


class StateStoreUnavailable(Exception):
    """The store did not answer in time; callers fail closed (503), never open."""


class StateStore(Protocol):
    """Every method is one atomic step and may raise `StateStoreUnavailable`."""

    async def put(self, key: str, value: bytes, ttl: timedelta) -> None:
        """Keep `value` under `key` for `ttl`, replacing what was there."""

    async def add(self, key: str, value: bytes, ttl: timedelta) -> bool:
        """Keep `value` only if `key` is free; tell whether it was. Replay markers and locks."""

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under `key`, or None."""

    async def get_all(self, *keys: str) -> tuple[bytes | None, ...]:
        """Return what is kept under each key, in their order; one way there and back."""

    async def take(self, key: str) -> bytes | None:
        """Return what is kept under `key` and forget it in the same step. Single-use things."""

    async def swap(self, key: str, old: bytes, new: bytes, ttl: timedelta) -> bool:
        """Replace `old` by `new` if `old` is still what is kept; tell whether it was."""

    async def touch(self, key: str, ttl: timedelta) -> bool:
        """Let what is kept under `key` live `ttl` from now; False when there is nothing."""

    async def forget(self, *keys: str) -> None:
        """Forget all `keys`; unknown ones are no error."""

    async def count(self, key: str, ttl: timedelta) -> int:
        """Add one to the counter at `key` and return it; the first hit starts a window of `ttl`."""

    async def join(self, key: str, member: str, ttl: timedelta) -> None:
        """Add `member` to the set at `key`; the set lives `ttl` from now."""

    async def leave(self, key: str, member: str) -> None:
        """Remove `member` from the set at `key`."""

    async def members(self, key: str) -> frozenset[str]:
        """Return the set at `key`, empty when there is none."""

    async def announce(self, topic: str, message: str) -> None:
        """Tell every listener of `topic`, in this process and in others, at most once."""

    def listen(self, *topics: str) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, str]]]:
        """Open a subscription; iterating gives `(topic, message)` from then on.

        A message may be lost while the connection is down: whoever listens also looks by itself now and then.
        """

    async def ping(self) -> None:
        """Return when the store answers; for readiness."""

    async def aclose(self) -> None:
        """Release connections; called once at shutdown."""
