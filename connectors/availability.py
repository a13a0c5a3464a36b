"""When a department's system takes messages: opening hours, holidays and maintenance windows, in Beijing time.

Times of day are `HH:mm`, `24:00` is the end of the day. A window that ends before it begins runs over midnight.
"""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

HolidayOn = Callable[[date], str]
"""Returns the holiday's Chinese name on a day (春节, 国庆节 …), or an empty text."""

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
