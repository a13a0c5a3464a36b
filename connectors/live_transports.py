"""One transport per version in service: made when first asked for, closed when its version is gone and nothing uses it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from config import logs
from connectors.ports import Transport
from connectors.system import System
from connectors.transport_kinds import Address

log = logs.get(__name__)
SWEEP_EVERY_SECONDS: Final = 5.0


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


class LiveTransports(Mapping[str, Transport]):
    """By system: the transport of its leading version, for every system that has one."""

    def __init__(
        self,
        systems: Mapping[str, System],
        *,
        address: Callable[[System], Address | None],
        make: Callable[[System, Address], Transport],
    ) -> None:
        self._systems = systems
        self._address = address
        self._make = make
        self._made: dict[_Key, Transport] = {}
        self._failed: set[_Key] = set()
        self.uses = Uses()

    def of(self, version: System) -> Transport | None:
        """Return the transport of one version; None for one that nothing is sent to from here, or that can't be made."""
        key = self._key(version)
        if key is None:
            return None
        if key not in self._made and key not in self._failed:
            try:
                self._made[key] = self._make(version, key.address)
            except Exception:
                # One that can't be made must not keep the others from their departments.
                self._failed.add(key)
                log.exception("transport_fault", system=key.system, version=key.registered)
        return self._made.get(key)

    def put(self, version: System, transport: Transport) -> None:
        """Use this transport for a version that has an address, in place of one that would be made."""
        if (key := self._key(version)) is not None:
            self._made[key] = transport

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
        return len(old)

    async def keep_swept(self) -> None:
        """Sweep every few seconds until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_SECONDS)
            try:
                await self.sweep()
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
