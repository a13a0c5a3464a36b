"""Time limits about to break inside a channel: what a promise needs of a department that is closed, away or slow. Pure.

A waiting delivery is at risk when the day its applicant was promised ends before the department has worked off what
waits: from the moment it is next spoken to, at the pace it showed, within its opening hours. All of it is an estimate
made from what is known now, and is made anew every minute.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from connectors.availability import Availability, HolidayOn, is_open, opens_at

NOTE: Final = "limits"
"""The note's name, one per system."""
AHEAD: Final = timedelta(days=14)
SILENT_FOR: Final = timedelta(days=1)
"""When nothing got through for an hour, what is promised within a day counts as at risk: the end is not known."""
_STEP: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`count` deliveries are at risk, the first is promised for `soonest_on`; by `clears_at` all would be delivered."""

    count: int
    soonest_on: date
    clears_at: datetime


def clears_at(
    availability: Availability,
    *,
    begins_at: datetime,
    waiting: int,
    per_hour: float,
    is_silent: bool,
    holiday_on: HolidayOn,
) -> datetime:
    """Return when `waiting` deliveries are worked off, in the clock of `begins_at`; at the latest `AHEAD` of it.

    `is_silent`: it was open for an hour, something waited, and nothing got through. Without a pace to go by
    (`per_hour` 0) they go at once when it is next spoken to.
    """
    if is_silent:
        return begins_at + SILENT_FOR
    if not per_hour:
        return begins_at
    moment, left = begins_at, min(timedelta(hours=waiting / per_hour), AHEAD)
    while left > timedelta(0) and moment < begins_at + AHEAD:
        if is_open(availability, "", moment, holiday_on):
            step = min(_STEP, left)
            moment, left = moment + step, left - step
            continue
        opening = opens_at(availability, "", moment, holiday_on)
        if opening is None:
            return begins_at + AHEAD
        moment = opening
    return min(moment, begins_at + AHEAD)


def write_limits(limits: Limits | None) -> str:
    """Return the note's text; empty when nothing is at risk."""
    if limits is None:
        return ""
    kept = {
        "count": limits.count,
        "soonest_on": limits.soonest_on.isoformat(),
        "clears_at": limits.clears_at.isoformat(),
    }
    return json.dumps(kept, sort_keys=True)


def read_limits(text: str) -> Limits | None:
    """Return what `write_limits` wrote."""
    if not text:
        return None
    kept = json.loads(text)
    return Limits(
        count=int(kept["count"]),
        soonest_on=date.fromisoformat(kept["soonest_on"]),
        clears_at=datetime.fromisoformat(kept["clears_at"]),
    )
