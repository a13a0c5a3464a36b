"""How long a department has been open since a moment: what it had no chance to do while closed is no fault of its. Pure."""

from datetime import datetime, timedelta
from typing import Final

from connectors.availability import Availability, HolidayOn, is_open, opens_at

_STEP: Final = timedelta(minutes=1)


def open_minutes(
    availability: Availability, since: datetime, until: datetime, holiday_on: HolidayOn, *, at_most: int
) -> int:
    """Return how many whole minutes of opening hours lie between two moments, counted up to `at_most`."""
    minutes, moment = 0, since
    while minutes < at_most and moment + _STEP <= until:
        if is_open(availability, "", moment, holiday_on):
            minutes, moment = minutes + 1, moment + _STEP
            continue
        opening = opens_at(availability, "", moment, holiday_on)
        if opening is None:
            return minutes
        moment = max(opening, moment + _STEP)
    return minutes


def next_open_day_at(availability: Availability, after: datetime, clock: str, holiday_on: HolidayOn) -> datetime | None:
    """Return `clock` (HH:mm, Beijing) on the first day after that of `after` on which the department works.

    None when it stays closed for months, which only a wrong spec does.
    """
    hour, minute = (int(part) for part in clock.split(":"))
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    opening = opens_at(availability, "", midnight, holiday_on)
    if opening is None:
        return None
    there = opening.astimezone(after.tzinfo)
    return there.replace(hour=hour, minute=minute, second=0, microsecond=0)
