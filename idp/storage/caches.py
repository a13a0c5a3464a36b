"""Copies in this process of what every request reads: clients, accounts, keys, consents, grants.

A change is announced to every process (`announce.py`) and the copy is dropped; because an announcement may get
lost, a copy is also never older than `MAX_AGE`. A value read from SQL before a change was heard is not kept.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Generic, TypeVar

from config.logs import get
from config.state import StateStore, StateStoreUnavailable
from idp.protocol.account import Account
from idp.protocol.account_ports import AccountStore
from idp.protocol.client import Client
from idp.protocol.client_ports import ClientStore, ConsentStore
from idp.protocol.grant_ports import RefreshTokenStore
from idp.protocol.key_ports import KeyStore
from idp.protocol.refresh_token import Grant
from idp.protocol.signing import KeyRing
from idp.storage.announce import TOPIC

K = TypeVar("K")
V = TypeVar("V")
MAX_AGE_SECONDS: Final = 30.0
_AT_MOST: Final = 20_000
_log = get("onewindow.idp")


class Copies(Generic[K, V]):
    """At most `_AT_MOST` copies, each dropped on `forget` or when too old."""

    def __init__(self, load: Callable[[K], Awaitable[V]], *, seconds: Callable[[], float] = monotonic) -> None:
        self._load = load
        self._seconds = seconds
        self._kept: dict[K, tuple[V, float]] = {}
        self._forgotten = 0

    async def get(self, key: K) -> V:
        """Return the copy, or load one."""
        kept = self._kept.get(key)
        if kept is not None and kept[1] > self._seconds():
            return kept[0]
        before = self._forgotten
        value = await self._load(key)
        if value is not None and before == self._forgotten:
            if len(self._kept) >= _AT_MOST:
                self._kept.clear()
            self._kept[key] = (value, self._seconds() + MAX_AGE_SECONDS)
        return value

    def forget(self, key: K) -> None:
        """Drop one copy, and whatever is being loaded."""
        self._forgotten += 1
        self._kept.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        self._forgotten += 1
        self._kept.clear()


def _nobody(_kind: str, _key: str) -> None:
    """No one else wants to hear of changes."""


class Caches:
    """The process's copies, and the task that listens for changes."""

    def __init__(
        self,
        *,
        clients: ClientStore,
        accounts: AccountStore,
        keys: KeyStore,
        consents: ConsentStore,
        refresh_tokens: RefreshTokenStore,
        state: StateStore,
    ) -> None:
        last = KeyRing(())

        async def ring(_: str) -> KeyRing:
            # The same keys are the same ring: what was prepared for them, and verified under them, stays good.
            nonlocal last
            if (present := await keys.load()) != last.keys:
                last = KeyRing(present)
            return last

        async def consent(key: str) -> frozenset[str]:
            sub, _, client_id = key.partition(" ")
            return await consents.get(sub, client_id)

        self.clients: Copies[str, Client | None] = Copies(clients.get)
        self.accounts: Copies[str, Account | None] = Copies(accounts.get)
        self.rings: Copies[str, KeyRing] = Copies(ring)
        self.consents: Copies[str, frozenset[str]] = Copies(consent)
        self.grants: Copies[str, Grant | None] = Copies(refresh_tokens.grant)
        self.also_heard: Callable[[str, str], None] = _nobody
        self._state = state

    async def follow(self) -> None:
        """Drop copies as changes are announced, for ever; without the store nothing is kept for long anyway."""
        while True:
            try:
                async with self._state.listen(TOPIC) as messages:
                    self.clear()  # something may have changed before we listened
                    async for _, message in messages:
                        self.hear(message)
            except StateStoreUnavailable:
                _log.warning("cache_announcements_lost")
            self.clear()
            await asyncio.sleep(1.0)

    def hear(self, message: str) -> None:
        """Drop what one announcement names."""
        kind, _, key = message.partition(":")
        match kind:
            case "client":
                self.clients.forget(key)
            case "account":
                self.accounts.forget(key)
            case "keys":
                self.rings.clear()
            case "consent":
                self.consents.forget(key)
            case "grant":
                self.grants.forget(key)
            case "logout":
                pass  # nothing here is a copy of that
            case _:
                self.clear()
        self.also_heard(kind, key)

    def clear(self) -> None:
        """Drop every copy."""
        self.clients.clear()
        self.accounts.clear()
        self.rings.clear()
        self.consents.clear()
        self.grants.clear()


class CachedKeys:
    """`idp.protocol.key_ports.Keys`."""

    def __init__(self, rings: Copies[str, KeyRing]) -> None:
        self._rings = rings

    async def ring(self) -> KeyRing:
        return await self._rings.get("")
