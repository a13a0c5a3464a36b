"""One transport per version in service: made when first asked for, closed when its version is gone and nothing uses it.

One that can't be made is tried again every `AGAIN_AFTER`, for what it lacks (a secret, a right address) may come without
a new version; until then its system's owner is told why.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from config import logs
from config.clock import Clock, utc_now
from connectors.errors import SecretMissing
from connectors.system import System
from connectors.transport_kinds import Address
from connectors.transport_ports import Transport

log = logs.get(__name__)
SWEEP_EVERY_SECONDS: Final = 5.0
AGAIN_AFTER: Final = timedelta(seconds=30)
Tell = Callable[[str, str], Awaitable[None]]
"""Tells a system's owner why its transport can't be made; an empty text: it can."""


async def nobody(_system: str, _why: str) -> None:
    """Tell nobody."""


class Uses:
    """Which transports are in somebody's hands: a delivery on its way, a lane that will send with it."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def take(self, transport: object) -> None:
        """Note one more user; it keeps the transport open."""
        self._counts[id(transport)] += 1

    def drop(self, transport: object) -> None:
        """Note one user less."""
        self._counts[id(transport)] -= 1
        if not self._counts[id(transport)]:
            del self._counts[id(transport)]

    def is_free(self, transport: object) -> bool:
        """Tell whether nobody uses it."""
        return id(transport) not in self._counts

    @contextmanager
    def of(self, transport: object) -> Iterator[None]:
        """Use a transport while the block runs."""
        self.take(transport)
        try:
            yield
        finally:
            self.drop(transport)


@dataclass(frozen=True, slots=True)
class _Key:
    """A version never changes its text, so this says all: another address makes another transport."""

    system: str
    registered: int | None
    address: Address


@dataclass(frozen=True, slots=True)
class _Failure:
    at: datetime
    why: str


class LiveTransports(Mapping[str, Transport]):
    """By system: the transport of its leading version, for every system that has one."""

    def __init__(
        self,
        systems: Mapping[str, System],
        *,
        address: Callable[[System], Address | None],
        make: Callable[[System, Address], Transport],
        clock: Clock = utc_now,
        tell: Tell = nobody,
    ) -> None:
        self._systems = systems
        self._address = address
        self._make = make
        self._made: dict[_Key, Transport] = {}
        self._clock = clock
        self._tell = tell
        self._failed: dict[_Key, _Failure] = {}
        self._told: dict[str, str] = {}
        self.uses = Uses()

    def of(self, version: System) -> Transport | None:
        """Return the transport of one version; None for one that nothing is sent to from here, or that can't be made."""
        key = self._key(version)
        if key is None:
            return None
        if key not in self._made and self._may_try(key):
            try:
                self._made[key] = self._make(version, key.address)
                self._failed.pop(key, None)
            except Exception as error:
                # One that can't be made must not keep the others from their departments.
                self._failed[key] = _Failure(self._clock(), _why(error))
                log.exception("transport_fault", system=key.system, version=key.registered)
        return self._made.get(key)

    def _may_try(self, key: _Key) -> bool:
        failed = self._failed.get(key)
        return failed is None or self._clock() >= failed.at + AGAIN_AFTER

    def put(self, version: System, transport: Transport) -> None:
        """Use this transport for a version that has an address, in place of one that would be made."""
        if (key := self._key(version)) is not None:
            self._made[key] = transport
            self._failed.pop(key, None)

    def __getitem__(self, system: str) -> Transport:
        known = self._systems[system]
        transport = self.of(known.leading) if known.is_served else None
        if transport is None:
            raise KeyError(system)
        return transport

    def __iter__(self) -> Iterator[str]:
        return (id_ for id_, system in self._systems.items() if system.is_served and self._key(system.leading))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    async def sweep(self) -> int:
        """Close what no version in service needs and nobody uses; return how many."""
        needed = {self._key(version) for system in self._systems.values() for version in system.served_versions}
        old = [key for key, made in self._made.items() if key not in needed and self.uses.is_free(made)]
        for key in old:
            transport = self._made.pop(key)
            await transport.aclose()
            log.info("transport_closed", system=key.system, version=key.registered)
        self._failed = {key: failure for key, failure in self._failed.items() if key in needed}
        return len(old)

    async def report(self) -> None:
        """Tell the owners what can't be made and what can again; what has been told and holds still is not repeated."""
        whys = {key.system: "" for key in self._made} | {key.system: each.why for key, each in self._failed.items()}
        for system, why in whys.items():
            if self._told.get(system) != why:
                await self._tell(system, why)
                self._told[system] = why

    async def keep_swept(self) -> None:
        """Sweep and report every few seconds until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_SECONDS)
            try:
                await self.sweep()
                await self.report()
            except Exception:
                # What could not be closed is forgotten; the next one is closed all the same.
                log.exception("transport_not_closed")

    async def aclose(self) -> None:
        """Close every connection to a department."""
        while self._made:
            _, transport = self._made.popitem()
            await transport.aclose()

    def _key(self, version: System) -> _Key | None:
        address = self._address(version)
        return None if address is None else _Key(version.id, version.registered, address)


def _why(error: Exception) -> str:
    """Return why, for the owner: the name of the secret, else the kind of fault, for its text may hold a password."""
    return str(error) if isinstance(error, SecretMissing) else type(error).__name__
