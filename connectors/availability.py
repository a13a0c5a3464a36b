"""When a department's system takes messages: opening hours, holidays and maintenance windows, in Beijing time.

Times of day are `HH:mm`, `24:00` is the end of the day. A window that ends before it begins runs over midnight.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, Literal, Self, assert_never

from pydantic import BaseModel, ConfigDict, Field, model_validator

from config.clock import SHANGHAI

HolidayOn = Callable[[date], str]
"""Returns the holiday's Chinese name on a day (春节, 国庆节 …), `MAKE_UP_DAY`, or an empty text."""
MAKE_UP_DAY: Final = "调休上班"

ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
YearTime = Annotated[str, Field(pattern=r"^\d{2}-\d{2} (([01]\d|2[0-3]):[0-5]\d|24:00)$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOK_AHEAD_DAYS: Final = 120


class _Window(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    note: str = ""
    operations: tuple[str, ...] = ()  # empty: all


class Daily(_Window):
    """Every day from … until …."""

    every: Literal["day"]
    begins: ClockTime
    ends: ClockTime


class Weekly(_Window):
    """On one day of the week; over midnight it ends on the next day."""

    every: Literal["week"]
    day: Weekday
    begins: ClockTime
    ends: ClockTime


class Monthly(_Window):
    """On a day of the month (1–31, -1 is the last), or on the nth weekday, or on the last n working days."""

    every: Literal["month"]
    day: int | None = Field(default=None, ge=-28, le=31)
    nth: int | None = Field(default=None, ge=1, le=5)
    weekday: Weekday | None = None
    last_working_days: int | None = Field(default=None, ge=1, le=10)
    begins: ClockTime
    ends: ClockTime

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        given = [self.day is not None, self.nth is not None, self.last_working_days is not None]
        if sum(given) != 1 or (self.nth is None) != (self.weekday is None) or self.day == 0:
            raise ValueError("expected one of day, nth with weekday, last_working_days")
        return self


class Yearly(_Window):
    """From `12-30 18:00` until `01-01 09:00`, every year."""

    every: Literal["year"]
    begins: YearTime
    ends: YearTime


Maintenance = Annotated[Daily | Weekly | Monthly | Yearly, Field(discriminator="every")]


class Availability(BaseModel):
    """`holidays`: "open" means no difference; "closed" all statutory ones; or the names of those it closes on.

    `make_up_days`: whether it works on the Saturdays and Sundays worked in exchange for a holiday (调休).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: tuple[Weekday, ...] = WEEKDAYS
    opens: ClockTime = "00:00"
    closes: ClockTime = "24:00"
    holidays: Literal["open", "closed"] | tuple[str, ...] = "open"
    make_up_days: bool = False
    maintenance: tuple[Maintenance, ...] = ()
    note: str = ""


def is_open(availability: Availability, operation: str, at: datetime, holiday_on: HolidayOn) -> bool:
    """Tell whether the system takes a message of `operation` at `at`."""
    return _closed_until(availability, operation, at.astimezone(SHANGHAI), holiday_on) is None


def opens_at(availability: Availability, operation: str, at: datetime, holiday_on: HolidayOn) -> datetime | None:
    """Return the next moment the system takes a message of `operation`; `at` itself while it is open.

    None when it stays closed for the next 120 days, which only a wrong spec does.
    """
    moment = at.astimezone(SHANGHAI)
    limit = moment + timedelta(days=LOOK_AHEAD_DAYS)
    while moment < limit:
        until = _closed_until(availability, operation, moment, holiday_on)
        if until is None:
            return moment.astimezone(UTC)
        moment = until
    return None


def _closed_until(
    availability: Availability, operation: str, moment: datetime, holiday_on: HolidayOn
) -> datetime | None:
    """Return when the cause that closes it at `moment` ends; another may follow. None while it is open."""
    day = moment.date()
    if not _works_on(availability, day, holiday_on):
        return _at(day + timedelta(days=1), "00:00")
    opens, closes = _at(day, availability.opens), _at(day, availability.closes)
    if moment < opens:
        return opens
    if moment >= closes:
        return _at(day + timedelta(days=1), "00:00")
    ends = [
        end
        for window in availability.maintenance
        if not window.operations or operation in window.operations
        for begin, end in _around(window, day, holiday_on)
        if begin <= moment < end
    ]
    return max(ends) if ends else None


def _works_on(availability: Availability, day: date, holiday_on: HolidayOn) -> bool:
    holiday = holiday_on(day)
    if holiday == MAKE_UP_DAY:
        return availability.make_up_days or WEEKDAYS[day.weekday()] in availability.days
    if holiday and (availability.holidays == "closed" or holiday in availability.holidays):
        return False
    return WEEKDAYS[day.weekday()] in availability.days


def _around(window: Maintenance, day: date, holiday_on: HolidayOn) -> Iterator[tuple[datetime, datetime]]:
    """Give the spans of `window` that can cover a moment of `day`: those that begin on it or before."""
    if isinstance(window, Yearly):
        for year in (day.year - 1, day.year):
            begins, ends = _in_year(year, window.begins), _in_year(year, window.ends)
            yield begins, ends if ends > begins else _in_year(year + 1, window.ends)
        return
    for first in (day - timedelta(days=1), day):
        if _begins_on(window, first, holiday_on):
            begins, ends = _at(first, window.begins), _at(first, window.ends)
            yield begins, ends if ends > begins else ends + timedelta(days=1)


def _begins_on(window: Daily | Weekly | Monthly, day: date, holiday_on: HolidayOn) -> bool:
    match window:
        case Daily():
            return True
        case Weekly():
            return WEEKDAYS[day.weekday()] == window.day
        case Monthly():
            return _in_month(window, day, holiday_on)
        case _:
            assert_never(window)


def _in_month(window: Monthly, day: date, holiday_on: HolidayOn) -> bool:
    days_in_month = monthrange(day.year, day.month)[1]
    if window.day is not None:
        wanted = window.day if window.day > 0 else days_in_month + 1 + window.day
        return day.day == wanted
    if window.nth is not None and window.weekday is not None:
        return WEEKDAYS[day.weekday()] == window.weekday and (day.day - 1) // 7 + 1 == window.nth
    if window.last_working_days is not None:
        month = (date(day.year, day.month, n) for n in range(days_in_month, 0, -1))
        working = [d for d in month if is_working(d, holiday_on)][: window.last_working_days]
        return day in working
    return False


def is_working(day: date, holiday_on: HolidayOn) -> bool:
    """Tell whether offices work on `day`: weekdays without a holiday, and make-up days."""
    holiday = holiday_on(day)
    return holiday == MAKE_UP_DAY or (not holiday and day.weekday() < 5)


def _at(day: date, clock: str) -> datetime:
    if clock == "24:00":
        day, clock = day + timedelta(days=1), "00:00"
    return datetime.combine(day, time.fromisoformat(clock), SHANGHAI)


def _in_year(year: int, text: str) -> datetime:
    month_day, clock = text.split(" ")
    month, day = month_day.split("-")
    return _at(date(year, int(month), int(day)), clock)
