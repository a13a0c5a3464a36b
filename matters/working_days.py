"""Working days: Monday to Friday without statutory holidays, and the weekend days worked in exchange (调休).

The table in config/calendar.yaml comes first; years it does not name are taken from `chinese_calendar` (what the State
Council's General Office announced). A year neither knows is an error, never a guess.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

import chinese_calendar

from matters.declared import Declared, parse, read_yaml
from matters.errors import CalendarUnknown

_SATURDAY = 5


class Year(Declared):
    """Days off on weekdays and worked days on weekends. `announced: false` marks a year with only the law's holidays:
    dates in it are shown as provisional until the announcement is entered.
    """

    source: str
    announced: bool
    holidays: tuple[date, ...]
    workdays: tuple[date, ...]


class CalendarFile(Declared):
    schema_version: Literal[1]
    years: Mapping[int, Year]


class WorkingCalendar:
    """Says of every day whether it is worked; safe to share, it never changes."""

    def __init__(self, years: Mapping[int, Year]) -> None:
        self._announced = {year: entry.announced for year, entry in years.items()}
        self._holidays = frozenset(day for entry in years.values() for day in entry.holidays)
        self._workdays = frozenset(day for entry in years.values() for day in entry.workdays)

    def is_working(self, day: date) -> bool:
        """Tell whether `day` is worked.

        Raises:
            CalendarUnknown: nobody announced that year.
        """
        if day.year not in self._announced:
            return _seed(day)
        if day in self._workdays:
            return True
        return day not in self._holidays and day.weekday() < _SATURDAY

    def is_announced(self, year: int) -> bool:
        """Tell whether the year's days are as announced, not only the law's."""
        return self._announced.get(year, True)

    def nth_after(self, start: date, count: int) -> date:
        """Return the `count`-th working day after `start`; 0 gives `start` itself."""
        day = start
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day

    def count_between(self, start: date, end: date) -> int:
        """Return how many working days lie after `start` up to and including `end`; negative when `end` comes first."""
        if end < start:
            return -self.count_between(end, start)
        span = (end - start).days
        return sum(self.is_working(start + timedelta(days=offset)) for offset in range(1, span + 1))


@lru_cache(maxsize=4096)
def _seed(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        raise CalendarUnknown(f"no working days of {day.year}", year=day.year) from None


def load_calendar(path: Path) -> WorkingCalendar:
    """Return the calendar with the overrides of `path`.

    Raises:
        DeclaredDataInvalid: naming file and place.
    """
    return WorkingCalendar(parse(CalendarFile, read_yaml(path), path).years)
