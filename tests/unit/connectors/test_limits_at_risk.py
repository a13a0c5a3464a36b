"""When a channel has worked off what waits, and so which promises it breaks."""

from datetime import date, datetime, timedelta

import pytest

from config.clock import SHANGHAI
from connectors.availability import Availability
from connectors.limits import AHEAD, Limits, clears_at, read_limits, write_limits

OFFICE = Availability(days=("mon", "tue", "wed", "thu", "fri"), opens="08:30", closes="17:30")
ALWAYS = Availability()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def cleared(
    availability: Availability, begins: str, waiting: int, per_hour: float, *, is_silent: bool = False
) -> datetime:
    return clears_at(
        availability,
        begins_at=at(begins),
        waiting=waiting,
        per_hour=per_hour,
        is_silent=is_silent,
        holiday_on=lambda day: "",
    )


@pytest.mark.parametrize(
    ("begins", "waiting", "per_hour", "ends"),
    [
        ("2026-11-23 10:00", 60, 60, "2026-11-23 11:00"),
        ("2026-11-23 10:00", 1, 60, "2026-11-23 10:01"),
        ("2026-11-23 16:30", 120, 60, "2026-11-24 09:30"),  # an hour today, an hour tomorrow
        ("2026-11-27 17:00", 60, 60, "2026-11-30 09:00"),  # over the weekend
        ("2026-11-23 20:00", 60, 60, "2026-11-24 09:30"),
    ],
)
def test_what_waits_is_worked_off_within_opening_hours(begins: str, waiting: int, per_hour: float, ends: str) -> None:
    assert cleared(OFFICE, begins, waiting, per_hour) == at(ends)


def test_without_a_pace_to_go_by_it_goes_when_the_system_is_next_spoken_to() -> None:
    assert cleared(OFFICE, "2026-11-24 08:30", 1000, 0) == at("2026-11-24 08:30")


def test_when_nothing_gets_through_a_day_is_assumed() -> None:
    assert cleared(ALWAYS, "2026-11-23 10:00", 3, 0, is_silent=True) == at("2026-11-24 10:00")


def test_the_estimate_ends_after_two_weeks() -> None:
    assert cleared(ALWAYS, "2026-11-23 10:00", 10**9, 1) == at("2026-11-23 10:00") + AHEAD
    never = Availability(days=())
    assert cleared(never, "2026-11-23 10:00", 10, 1) == at("2026-11-23 10:00") + AHEAD


def test_limits_are_kept_as_they_were() -> None:
    limits = Limits(count=3, soonest_on=date(2026, 11, 24), clears_at=at("2026-11-25 09:00") + timedelta(0))
    assert read_limits(write_limits(limits)) == limits
    assert (write_limits(None), read_limits("")) == ("", None)
