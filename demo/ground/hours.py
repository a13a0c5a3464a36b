"""When a department's system is open; times of day are Beijing time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import chinese_calendar

from config.clock import SHANGHAI

Closure = Callable[[datetime], bool]
"""Tells whether a system is shut at a Beijing time, for a reason of its own."""

MONDAY, WEDNESDAY, SATURDAY, SUNDAY = 0, 2, 5, 6
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Open from `opens` (inclusive) to `closes` (exclusive; None is midnight) unless a closure says no."""

    weekdays: frozenset[int] = EVERY_DAY
    opens: time = time(0)
    closes: time | None = None
    closures: tuple[Closure, ...] = ()

    def open_at(self, moment: datetime) -> bool:
        """Return whether the system takes requests at an aware moment."""
        local = moment.astimezone(SHANGHAI)
        of_day = local.time()
        if local.weekday() not in self.weekdays or of_day < self.opens:
            return False
        if self.closes is not None and of_day >= self.closes:
            return False
        return not any(shut(local) for shut in self.closures)


def weekly(weekday: int, begins: time, ends: time) -> Closure:
    """Shut on one day of the week; a window that ends before it begins runs over midnight."""

    def shut(local: datetime) -> bool:
        if begins < ends:
            return local.weekday() == weekday and begins <= local.time() < ends
        late = local.weekday() == weekday and local.time() >= begins
        return late or (local.weekday() == (weekday + 1) % 7 and local.time() < ends)

    return shut


def nth_weekday(nth: int, weekday: int, begins: time, ends: time) -> Closure:
    """Shut on the nth such weekday of each month."""
    return lambda local: (
        local.weekday() == weekday and (local.day - 1) // 7 + 1 == nth and begins <= local.time() < ends
    )


def last_day_of_month(begins: time) -> Closure:
    """Shut from that hour of a month's last day to midnight."""
    return lambda local: (local + timedelta(days=1)).day == 1 and local.time() >= begins


def over_new_year(begins: tuple[int, int, int], ends: tuple[int, int, int]) -> Closure:
    """Shut from (month, day, hour) at the end of a year to (month, day, hour) at the beginning of the next."""
    return lambda local: (local.month, local.day, local.hour) >= begins or (local.month, local.day, local.hour) < ends


def on_holidays(*names: str) -> Closure:
    """Shut on the statutory holidays of those English names, as `chinese_calendar` has them; on all when none is named."""
    return lambda local: (name := holiday(local.date())) != "" and (not names or name in names)


def holiday(on: date) -> str:
    """Return the holiday's English name on a day off, else an empty text; a year not announced yet has none."""
    try:
        is_off, name = chinese_calendar.get_holiday_detail(on)
    except NotImplementedError:
        return ""
    return str(name) if is_off and name else ""
