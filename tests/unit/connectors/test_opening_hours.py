"""Opening hours, holidays, maintenance windows: when a system takes a message, and when it will."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.clock import SHANGHAI
from connectors.availability import Availability, is_open, opens_at
from connectors.holidays import holidays
from matters.working_days import load_calendar

HOLIDAY_ON = holidays(load_calendar(Path(__file__).parents[3] / "config/calendar.yaml"))


def hours(**given: object) -> Availability:
    return Availability.model_validate(given)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


OFFICE = hours(
    days=["mon", "tue", "wed", "thu", "fri"], opens="08:30", closes="17:30", holidays="closed", make_up_days=True
)


@pytest.mark.parametrize(
    ("when", "opens"),
    [
        ("2026-11-23 10:00", "2026-11-23 10:00"),
        ("2026-11-23 08:29", "2026-11-23 08:30"),
        ("2026-11-23 17:30", "2026-11-24 08:30"),
        ("2026-11-20 18:00", "2026-11-23 08:30"),
        ("2026-02-13 18:00", "2026-02-14 08:30"),  # a Saturday worked in exchange for Spring Festival
        ("2026-02-14 18:00", "2026-02-24 08:30"),  # Spring Festival 2026: 15 to 23 February
        ("2026-09-30 18:00", "2026-10-08 08:30"),  # National Day week
    ],
)
def test_an_office_opens_on_its_next_working_day(when: str, opens: str) -> None:
    assert opens_at(OFFICE, "", at(when), HOLIDAY_ON) == at(opens)
    assert is_open(OFFICE, "", at(when), HOLIDAY_ON) == (when == opens)


def test_a_system_may_close_on_some_holidays_only() -> None:
    pension = hours(opens="07:00", closes="21:30", holidays=["春节", "国庆节"])
    assert not is_open(pension, "", at("2026-10-02 10:00"), HOLIDAY_ON)
    assert is_open(pension, "", at("2026-05-01 10:00"), HOLIDAY_ON)
    assert is_open(pension, "", at("2026-11-22 10:00"), HOLIDAY_ON)


@pytest.mark.parametrize(
    ("window", "shut", "reopens"),
    [
        ({"every": "week", "day": "sun", "begins": "02:00", "ends": "04:00"}, "2026-11-22 03:00", "2026-11-22 04:00"),
        ({"every": "week", "day": "wed", "begins": "23:00", "ends": "01:00"}, "2026-11-26 00:30", "2026-11-26 01:00"),
        ({"every": "month", "day": 1, "begins": "00:00", "ends": "06:00"}, "2026-12-01 05:59", "2026-12-01 06:00"),
        ({"every": "month", "day": -1, "begins": "18:00", "ends": "24:00"}, "2026-11-30 18:00", "2026-12-01 00:00"),
        (
            {"every": "month", "nth": 2, "weekday": "sat", "begins": "00:00", "ends": "06:00"},
            "2026-11-14 01:00",
            "2026-11-14 06:00",
        ),
        (
            {"every": "month", "last_working_days": 2, "begins": "17:00", "ends": "24:00"},
            "2026-11-27 17:30",
            "2026-11-28 00:00",
        ),
        ({"every": "year", "begins": "12-30 18:00", "ends": "01-01 09:00"}, "2027-01-01 08:00", "2027-01-01 09:00"),
        ({"every": "year", "begins": "04-01 00:00", "ends": "12-31 24:00"}, "2026-12-20 00:00", "2027-01-01 00:00"),
        ({"every": "day", "begins": "03:00", "ends": "03:10"}, "2026-11-22 03:05", "2026-11-22 03:10"),
    ],
)
def test_a_maintenance_window_shuts_and_reopens(window: dict[str, object], shut: str, reopens: str) -> None:
    system = hours(maintenance=[window])
    assert not is_open(system, "ANY", at(shut), HOLIDAY_ON)
    assert opens_at(system, "ANY", at(shut), HOLIDAY_ON) == at(reopens)
    assert is_open(system, "ANY", at(reopens), HOLIDAY_ON)


def test_a_window_may_shut_some_operations_only() -> None:
    system = hours(maintenance=[{"every": "day", "begins": "18:00", "ends": "24:00", "operations": ["DYSL"]}])
    assert not is_open(system, "DYSL", at("2026-11-23 19:00"), HOLIDAY_ON)
    assert is_open(system, "GRCBDJ", at("2026-11-23 19:00"), HOLIDAY_ON)


def test_a_system_that_never_opens_gives_no_promise() -> None:
    assert opens_at(hours(days=[]), "", at("2026-11-23 10:00"), HOLIDAY_ON) is None


def test_the_answer_is_the_same_from_any_zone() -> None:
    assert opens_at(OFFICE, "", datetime(2026, 11, 23, 0, 29, tzinfo=UTC), HOLIDAY_ON) == at("2026-11-23 08:30")


def test_a_year_nobody_announced_has_no_holidays_so_that_nothing_is_held_back_for_nothing() -> None:
    assert HOLIDAY_ON(date(2090, 10, 1)) == ""


def test_a_month_window_needs_one_rule() -> None:
    with pytest.raises(ValidationError, match="expected one of day"):
        hours(maintenance=[{"every": "month", "begins": "00:00", "ends": "01:00"}])
