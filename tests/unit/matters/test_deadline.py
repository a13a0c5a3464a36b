"""Deadlines against a naive oracle, and the calendar with its exchanged days."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matters import deadline
from matters.case import Pause
from matters.deadline import Light, schedule
from matters.elements import Duration
from matters.errors import CalendarUnknown, DeclaredDataInvalid
from matters.guide import Matter
from matters.working_days import WorkingCalendar, Year, load_calendar

# The notice of 2025-11-04 on 2026, written out by hand: weekdays off, and weekend days worked.
OFF_2026 = {
    *("2026-01-01", "2026-01-02"),
    *("2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20", "2026-02-23"),
    "2026-04-06",
    *("2026-05-01", "2026-05-04", "2026-05-05"),
    "2026-06-19",
    "2026-09-25",
    *("2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"),
}
WORKED_2026 = {"2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"}


def is_worked(day: date) -> bool:
    text = day.isoformat()
    return text in WORKED_2026 or (day.isoweekday() <= 5 and text not in OFF_2026)


def at(day: date, hour: int = 2) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def working(value: int) -> Duration:
    return Duration(value=value, unit="working_day")


def oracle(start: date, count: int, paused: set[date]) -> date:
    """Walk the year a day at a time; nothing is shared with the rules under test."""
    day = start
    while count:
        day = date.fromordinal(day.toordinal() + 1)
        if is_worked(day) and day not in paused:
            count -= 1
    return day


DAYS_2026 = st.dates(date(2026, 1, 1), date(2026, 9, 1))
PAUSES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 15)), max_size=3)


def test_every_day_of_2026_is_as_announced(calendar: WorkingCalendar) -> None:
    day = date(2026, 1, 1)
    while day.year == 2026:
        assert calendar.is_working(day) is is_worked(day), day
        day += timedelta(days=1)


@settings(max_examples=300, deadline=None)
@given(start=DAYS_2026, count=st.integers(0, 40), stretches=PAUSES)
def test_deadlines_equal_the_oracle(
    calendar: WorkingCalendar, start: date, count: int, stretches: list[tuple[int, int]]
) -> None:
    pauses = [
        Pause(since=start + timedelta(days=a), until=start + timedelta(days=a + length), reason="公示")
        for a, length in stretches
    ]
    paused = {p.since + timedelta(days=n) for p in pauses if p.until for n in range((p.until - p.since).days)}
    made = schedule(at(start), working(count), calendar, pauses)
    assert made.due_on == oracle(start, count, paused)
    assert sum(day.is_counted for day in made.days) == count
    assert [day.day for day in made.days] == [start + timedelta(days=n + 1) for n in range(len(made.days))]
    assert all(day.is_counted is (day.reason is None) for day in made.days)


@settings(max_examples=100, deadline=None)
@given(start=DAYS_2026, end=DAYS_2026)
def test_counting_and_walking_agree(calendar: WorkingCalendar, start: date, end: date) -> None:
    first, last = min(start, end), max(start, end)
    count = calendar.count_between(first, last)
    assert calendar.nth_after(first, count) <= last
    assert calendar.nth_after(first, count + 1) > last
    assert calendar.count_between(last, first) == -count


def test_the_day_is_shanghais(calendar: WorkingCalendar) -> None:
    # 17:00 UTC on Friday is Saturday there; the first counted day is Monday either way, the second Tuesday.
    assert schedule(datetime(2026, 11, 20, 17, tzinfo=UTC), working(1), calendar).start == date(2026, 11, 21)
    assert schedule(datetime(2026, 11, 20, 15, tzinfo=UTC), working(1), calendar).start == date(2026, 11, 20)


def test_an_instant_matter_is_due_on_its_own_day(calendar: WorkingCalendar) -> None:
    made = schedule(at(date(2026, 11, 22)), working(0), calendar)
    assert (made.due_on, made.days) == (date(2026, 11, 22), ())


def test_an_exchanged_weekend_counts_and_a_holiday_does_not(calendar: WorkingCalendar) -> None:
    assert schedule(at(date(2026, 2, 13)), working(2), calendar).due_on == date(2026, 2, 24)
    assert schedule(at(date(2026, 9, 18)), working(1), calendar).due_on == date(2026, 9, 20)


def test_natural_days_count_all_and_no_limit_has_no_day(calendar: WorkingCalendar) -> None:
    assert schedule(at(date(2026, 9, 30)), Duration(value=3, unit="natural_day"), calendar).due_on == date(2026, 10, 3)
    assert schedule(at(date(2026, 9, 30)), Duration(value=0, unit="none"), calendar).due_on is None


def test_while_a_pause_lasts_there_is_no_due_day(calendar: WorkingCalendar) -> None:
    pause = Pause(since=date(2026, 11, 25), until=None, reason="特别程序")
    made = schedule(at(date(2026, 11, 23)), working(5), calendar, [pause])
    assert made.due_on is None
    assert [day.day for day in made.days] == [date(2026, 11, 24)]
    ended = replace(pause, until=date(2026, 11, 30))
    assert schedule(at(date(2026, 11, 23)), working(5), calendar, [ended]).due_on == date(2026, 12, 3)


def test_a_year_nobody_announced_is_an_error_and_never_a_guess(calendar: WorkingCalendar) -> None:
    with pytest.raises(CalendarUnknown) as unknown:
        schedule(at(date(2027, 12, 31)), working(5), calendar)
    assert unknown.value.params == {"year": 2028}


def test_a_year_with_only_the_laws_holidays_is_marked_provisional(calendar: WorkingCalendar) -> None:
    made = schedule(at(date(2026, 12, 30)), working(3), calendar)
    assert made.is_provisional
    assert made.due_on == date(2027, 1, 5)
    assert not schedule(at(date(2026, 12, 1)), working(3), calendar).is_provisional


def test_the_own_table_comes_before_the_librarys() -> None:
    own = Year(source="test", announced=True, holidays=(date(2026, 11, 23),), workdays=(date(2026, 11, 22),))
    calendar = WorkingCalendar({2026: own})
    assert not calendar.is_working(date(2026, 11, 23))
    assert calendar.is_working(date(2026, 11, 22))
    assert calendar.is_working(date(2026, 10, 1))  # the library's holidays of that year are not mixed in


def test_a_calendar_file_that_does_not_hold_is_named(tmp_path: Path) -> None:
    path = tmp_path / "calendar.yaml"
    path.write_text("schema_version: 1\nyears:\n  2027: {source: x, announced: true, holidays: [soon], workdays: []}\n")
    with pytest.raises(DeclaredDataInvalid, match=r"calendar\.yaml: years\.2027\.holidays\.0"):
        load_calendar(path)


def test_promises_follow_the_situation_and_intake_never_stops_for_a_calendar(
    matter: Callable[[str], Matter], calendar: WorkingCalendar
) -> None:
    accepted = at(date(2026, 11, 23))
    assert deadline.promised_on(matter("04"), "emergency", accepted, calendar) == date(2026, 11, 24)
    assert deadline.promised_on(matter("04"), "expenditure", accepted, calendar) == date(2026, 12, 7)
    assert deadline.promised_on(matter("04"), "expenditure", at(date(2028, 3, 1)), calendar) is None


def test_acceptance_and_supplements_have_clocks_of_their_own(
    matter: Callable[[str], Matter], calendar: WorkingCalendar
) -> None:
    assert deadline.acceptance_decision_due(matter("04"), at(date(2026, 11, 23)), calendar) == date(2026, 11, 30)
    assert deadline.supplement_due(matter("04"), at(date(2026, 11, 23)), calendar) == date(2026, 11, 30)


def test_what_counts_is_as_the_guide_says(matter: Callable[[str], Matter]) -> None:
    status = deadline.CaseStatus
    assert not deadline.is_counted(matter("04"), status.PUBLICITY)
    assert deadline.is_counted(matter("03"), status.SUSPENDED)  # its assessment is counted
    assert not deadline.is_counted(matter("07"), status.SUSPENDED)
    assert not deadline.is_counted(matter("04"), status.SUPPLEMENT_REQUIRED)


@pytest.mark.parametrize(
    ("today", "light"),
    [
        (date(2026, 11, 24), Light.GREEN),
        (date(2026, 11, 25), Light.YELLOW),
        (date(2026, 11, 27), Light.YELLOW),
        (date(2026, 11, 28), Light.RED),
    ],
)
def test_lights_warn_before_and_after_the_due_day(calendar: WorkingCalendar, today: date, light: Light) -> None:
    assert deadline.light(date(2026, 11, 27), today, 2, calendar) is light
    assert deadline.light(None, today, 2, calendar) is Light.GREEN
