"""Whether a system is spoken to just now, and until when not: opening hours first, then its breaker. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors.availability import HolidayOn, opens_at
from connectors.engine import BreakerState
from connectors.ledger import HoldReason
from connectors.system import System

NEVER_OPENS: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """These operations (empty: all) wait until `until`."""

    operations: tuple[str, ...]
    until: datetime
    reason: HoldReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """`holds` come first; then as many may go as `most` says, None without limit. `probe`: one, to see."""

    holds: Sequence[Hold] = ()
    is_shut: bool = False
    is_probe: bool = False


def gate(system: System, breaker: BreakerState, *, at: datetime, offset: timedelta, holiday_on: HolidayOn) -> Gate:
    """Return how `system` stands at `at`; its own clock runs `offset` ahead of ours."""
    holds = closed(system, at=at, offset=offset, holiday_on=holiday_on)
    if any(not hold.operations for hold in holds):
        return Gate(holds=holds, is_shut=True)
    match breaker.stands(at):
        case "open":
            until = breaker.open_until or at
            return Gate(holds=(*holds, Hold(operations=(), until=until, reason="breaker")), is_shut=True)
        case "half_open":
            return Gate(holds=holds, is_probe=True)
        case "closed":
            return Gate(holds=holds)


def closed(system: System, *, at: datetime, offset: timedelta, holiday_on: HolidayOn) -> tuple[Hold, ...]:
    """Return what its opening hours hold back at `at`, each with the promised moment."""
    there = at + offset
    # A withdrawal has no windows of its own: it goes by those of the whole system.
    until: Mapping[str, datetime | None] = {
        name: opens_at(system.spec.availability, name, there, holiday_on) for name in ("", *system.operations)
    }
    shut = {name: moment for name, moment in until.items() if moment is None or moment > there}
    if "" in shut:
        return (Hold(operations=(), until=_promised(shut[""], at, offset), reason="closed"),)
    return tuple(
        Hold(operations=(name,), until=_promised(moment, at, offset), reason="closed") for name, moment in shut.items()
    )


def _promised(moment: datetime | None, at: datetime, offset: timedelta) -> datetime:
    return at + NEVER_OPENS if moment is None else moment - offset
