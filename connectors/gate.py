"""Whether a system is spoken to just now, and until when not: opening hours first, then its breaker. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors.availability import HolidayOn, opens_at
from connectors.engine import BreakerState
from connectors.holds import Hold, open_end
from connectors.ledger import HoldReason
from connectors.maintenance import Window, ends_at
from connectors.system import System

NEVER_OPENS: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """`holds` are what its opening hours keep back, some operations or all; shut: nothing goes. Probe: one, to see."""

    holds: Sequence[Hold] = ()
    is_shut: bool = False
    is_probe: bool = False


def gate(
    system: System,
    breaker: BreakerState,
    *,
    at: datetime,
    offset: timedelta,
    holiday_on: HolidayOn,
    windows: Sequence[Window] = (),
) -> Gate:
    """Return how `system` stands at `at`; its own clock runs `offset` ahead of ours."""
    holds = closed(system, at=at, offset=offset, holiday_on=holiday_on, windows=windows)
    if any(not hold.operations for hold in holds):
        return Gate(holds=holds, is_shut=True)
    match breaker.stands(at):
        case "open":
            return Gate(holds=holds, is_shut=True)
        case "half_open":
            return Gate(holds=holds, is_probe=True)
        case "closed":
            return Gate(holds=holds)


def closed(
    system: System, *, at: datetime, offset: timedelta, holiday_on: HolidayOn, windows: Sequence[Window] = ()
) -> tuple[Hold, ...]:
    """Return what its opening hours and maintenance windows hold back at `at`, each with the promised moment."""
    # A withdrawal has no windows of its own: it goes by those of the whole system.
    until: Mapping[str, datetime | None] = {
        name: _reopens(system, name, at, offset=offset, holiday_on=holiday_on, windows=windows)
        for name in ("", *system.operations)
    }
    reason: HoldReason = "maintenance" if ends_at(windows, at) > at else "closed"
    shut = {name: moment for name, moment in until.items() if moment is None or moment > at}
    if "" in shut:
        return (Hold(operations=(), until=_promised(shut[""], at), reason=reason),)
    return tuple(Hold(operations=(name,), until=_promised(moment, at), reason=reason) for name, moment in shut.items())


def _reopens(
    system: System,
    operation: str,
    at: datetime,
    *,
    offset: timedelta,
    holiday_on: HolidayOn,
    windows: Sequence[Window],
) -> datetime | None:
    """Return the next moment at which neither its hours nor a window keep `operation` back; `at` while none does."""
    moment = at
    for _ in range(len(windows) + 1):
        opening = opens_at(system.spec.availability, operation, moment + offset, holiday_on)
        if opening is None:
            return None
        moment = ends_at(windows, opening - offset)
        if moment == opening - offset:
            return moment
    return moment


def _promised(moment: datetime | None, at: datetime) -> datetime:
    return open_end(at, NEVER_OPENS) if moment is None else moment
