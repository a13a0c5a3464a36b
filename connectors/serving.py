"""The versions of one system that are served just now, each with its way to the department. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.live_transports import LiveTransports
from connectors.system import System
from connectors.transport_ports import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """`system` leads: hours, pace, breaker and lists go by it. `tried` serves the cases of its canary's `regions`."""

    system: System
    transport: Transport
    tried: "Serving | None" = None
    regions: tuple[str, ...] = ()

    def in_region(self, region: str) -> "Serving":
        """Return what serves the cases of `region`."""
        return self.tried if self.tried is not None and region.startswith(self.regions) else self

    def is_as(self, other: "Serving") -> bool:
        """Tell whether nothing changed between the two: the same objects, compiled and connected once."""
        mine, theirs = (self, *self._tried()), (other, *other._tried())
        return (
            len(mine) == len(theirs)
            and self.regions == other.regions
            and all(a.system is b.system and a.transport is b.transport for a, b in zip(mine, theirs, strict=True))
        )

    def transports(self) -> tuple[Transport, ...]:
        """Return every transport it sends by."""
        return (self.transport, *(each.transport for each in self._tried()))

    def _tried(self) -> tuple["Serving", ...]:
        return () if self.tried is None else (self.tried,)


def serving(systems: Mapping[str, System], transports: Mapping[str, Transport]) -> Mapping[str, Serving]:
    """Return every system that something can be sent to from here."""
    return {id_: found for id_, system in systems.items() if (found := _of(system, transports)) is not None}


def _of(system: System, transports: Mapping[str, Transport]) -> Serving | None:
    leading = _transport(system.leading, transports) if system.is_served else None
    if leading is None:
        return None
    canary = system.canary
    way = _transport(canary.system, transports) if canary is not None else None
    if canary is None or way is None:
        return Serving(system=system.leading, transport=leading)
    tried = Serving(system=canary.system, transport=way)
    return Serving(system=system.leading, transport=leading, tried=tried, regions=canary.regions)


def _transport(version: System, transports: Mapping[str, Transport]) -> Transport | None:
    if isinstance(transports, LiveTransports):
        return transports.of(version)
    return transports.get(version.id)
