"""Minutes a department was open, and the morning after."""

from datetime import date, datetime

import pytest

from config.clock import SHANGHAI
from connectors.availability import Availability
from connectors.open_minutes import next_open_day_at, open_minutes

OFFICE = Availability(days=("mon", "tue", "wed", "thu", "fri"), opens="08:30", closes="17:30", holidays="closed")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def holiday(day: date) -> str:
    return "国庆节" if (day.month, day.day) in {(10, day_) for day_ in range(1, 8)} else ""


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        ("2026-03-18 10:00", "2026-03-18 10:00", 0),
        ("2026-03-18 10:00", "2026-03-18 11:30", 90),
        ("2026-03-18 17:00", "2026-03-19 09:00", 60),
        ("2026-03-20 17:00", "2026-03-23 08:45", 45),  # over a weekend
        ("2026-09-30 17:20", "2026-10-08 08:40", 20),  # over ten closed days
        ("2026-03-18 03:00", "2026-03-18 08:00", 0),
        ("2026-03-18 09:00", "2026-03-30 09:00", 200),  # counted up to the limit only
    ],
)
def test_only_opening_hours_count(since: str, until: str, minutes: int) -> None:
    assert open_minutes(OFFICE, at(since), at(until), holiday, at_most=200) == minutes


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-03-18 20:00", "2026-03-19 09:00"),
        ("2026-03-20 08:00", "2026-03-23 09:00"),
        ("2026-09-30 12:00", "2026-10-08 09:00"),
    ],
)
def test_the_morning_after_is_that_of_the_next_day_worked(after: str, expected: str) -> None:
    assert next_open_day_at(OFFICE, at(after), "09:00", holiday) == at(expected)
