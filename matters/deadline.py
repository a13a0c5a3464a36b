"""The clock of a case: a list of counted and not counted days, from which the due day follows (domain.md c.5).

Day 1 is the day after acceptance that is worked; the due day is the n-th counted one. Special procedures that are not
counted, publicity, and supplements after acceptance are pauses: their days are not counted. An instant matter
(0 days) is due on its own day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from config.clock import SHANGHAI
from matters.case import Case, CaseStatus, Pause
from matters.elements import Duration
from matters.errors import CalendarUnknown
from matters.guide import Matter
from matters.messages import N_
from matters.working_days import WorkingCalendar

LONGEST_DAYS = 3_660
"""Ten years: a case paused longer has no due day."""

NOT_WORKED = N_("非工作日")


class Light(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the clock; `reason` says why it is not counted: not worked, or the pause's reason."""

    day: date
    is_counted: bool
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`due_on` is None while a pause has no end, and where no limit was promised. `is_provisional` says that a year
    in it has only the law's holidays so far.
    """

    start: date
    promised: Duration
    days: tuple[Day, ...]
    due_on: date | None
    is_provisional: bool


def shanghai_day(at: datetime) -> date:
    """Return the calendar day of a moment, in Shanghai."""
    return at.astimezone(SHANGHAI).date()


def schedule(
    accepted_at: datetime, promised: Duration, calendar: WorkingCalendar, pauses: Sequence[Pause] = ()
) -> Schedule:
    """Return every day of the clock up to the due day.

    Raises:
        CalendarUnknown: the clock runs into a year nobody announced.
    """
    start = shanghai_day(accepted_at)
    if promised.unit == "none":
        return Schedule(start=start, promised=promised, days=(), due_on=None, is_provisional=False)
    days: list[Day] = []
    day, left = start, promised.value
    while left > 0:
        day += timedelta(days=1)
        pause = _pause_on(day, pauses)
        if (pause is not None and pause.until is None) or len(days) >= LONGEST_DAYS:
            return _schedule(start, promised, days, None, calendar)
        counted = _day(day, pause, promised, calendar)
        days.append(counted)
        left -= counted.is_counted
    return _schedule(start, promised, days, day, calendar)


def _schedule(
    start: date, promised: Duration, days: list[Day], due_on: date | None, calendar: WorkingCalendar
) -> Schedule:
    is_provisional = any(not calendar.is_announced(year) for year in {start.year, *(each.day.year for each in days)})
    return Schedule(start=start, promised=promised, days=tuple(days), due_on=due_on, is_provisional=is_provisional)


def _day(day: date, pause: Pause | None, promised: Duration, calendar: WorkingCalendar) -> Day:
    if pause is not None:
        return Day(day=day, is_counted=False, reason=pause.reason)
    if promised.unit == "working_day" and not calendar.is_working(day):
        return Day(day=day, is_counted=False, reason=NOT_WORKED)
    return Day(day=day, is_counted=True, reason=None)


def _pause_on(day: date, pauses: Sequence[Pause]) -> Pause | None:
    """Return the pause a day lies in: from the day it began to the day before it ended."""
    return next((p for p in pauses if p.since <= day and (p.until is None or day < p.until)), None)


def due_on(case: Case, calendar: WorkingCalendar) -> date | None:
    """Return the day a case is due now; None before acceptance, in an open pause, or without a limit.

    Raises:
        CalendarUnknown: as `schedule`.
    """
    if case.accepted_at is None:
        return None
    return schedule(case.accepted_at, case.promised, calendar, case.pauses).due_on


def promised_on(matter: Matter, situation: str, accepted_at: datetime, calendar: WorkingCalendar) -> date | None:
    """Return the day that is printed on the receipt; None without a limit, or when the calendar ends before it.

    Intake never stops for a missing calendar: the receipt then names the number of days alone.
    """
    try:
        return schedule(accepted_at, matter.promised(situation), calendar).due_on
    except CalendarUnknown:
        return None


def is_counted(matter: Matter, status: CaseStatus) -> bool:
    """Tell `case.move` whether time in a state counts: publicity and special procedures as the guide says."""
    match status:
        case CaseStatus.PUBLICITY:
            return any(s.counted_in_time_limit for s in matter.guide.process.steps if s.code == "publicity")
        case CaseStatus.SUSPENDED:
            procedures = matter.guide.process.special_procedures
            return bool(procedures) and all(procedure.counted for procedure in procedures)
        case _:
            return False


def acceptance_decision_due(matter: Matter, received_at: datetime, calendar: WorkingCalendar) -> date | None:
    """Return the day by which acceptance is to be decided; None where the guide sets no limit.

    Raises:
        CalendarUnknown: as `schedule`.
    """
    return schedule(received_at, matter.guide.acceptance_criteria.acceptance_decision_limit, calendar).due_on


def supplement_due(matter: Matter, asked_at: datetime, calendar: WorkingCalendar) -> date | None:
    """Return the day by which missing materials are to be handed in.

    Raises:
        CalendarUnknown: as `schedule`.
    """
    return schedule(asked_at, matter.guide.acceptance_criteria.supplement.deadline, calendar).due_on


def light(due: date | None, today: date, yellow_remaining: int, calendar: WorkingCalendar) -> Light:
    """Return the light: red after the due day, yellow when as few working days remain as the guide warns at.

    Raises:
        CalendarUnknown: as `schedule`.
    """
    if due is None:
        return Light.GREEN
    if today > due:
        return Light.RED
    return Light.YELLOW if calendar.count_between(today, due) <= yellow_remaining else Light.GREEN
