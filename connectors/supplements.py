"""Supplements whose day is over (补正逾期): found once a day and put on the desk of the window that took the case in.

A person ends the case, not the clock: an applicant may have gone to the department itself, and nobody told us.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Final, Protocol

from config import logs
from config.clock import SHANGHAI
from connectors.ports import Notes
from matters.case import Case
from matters.deadline import supplement_due
from matters.errors import CalendarUnknown, MatterError
from matters.guide import Matter
from matters.working_days import WorkingCalendar

log = logs.get(__name__)
NOTE: Final = "supplements"
AT_ONCE: Final = 200
FROM_HOUR: Final = 3


SupplementDue = Callable[[Case, datetime], Awaitable[date | None]]
"""Gives the last day for a supplement of a case that was asked for at a moment; None where it can't be told."""


def supplement_clock(
    guide: Callable[[str], Matter | None],
    load: Callable[[str, int], Awaitable[Matter]],
    calendar: WorkingCalendar,
) -> SupplementDue:
    """Return the clock of supplements: `guide` gives the published matter of an id, `load` an older version."""
    known: dict[tuple[str, int], Matter] = {}

    async def due(case: Case, asked_at: datetime) -> date | None:
        matter, version = guide(case.matter_id), (case.matter_id, case.guide_version)
        try:
            if matter is None or matter.guide.basic_info.version != case.guide_version:
                if version not in known:
                    known[version] = await load(*version)
                matter = known[version]
            return supplement_due(matter, asked_at, calendar)
        except (CalendarUnknown, MatterError):
            log.warning("supplement_day_unknown", case=case.number)
            return None

    return due


class Awaited(Protocol):
    """`connectors.storage.window_steps.SqlStepBook`."""

    async def awaited(self, *, after: str, most: int) -> Sequence[tuple[Case, datetime]]: ...

    async def put_on_desk(self, number: str, *, at: datetime, due_at: datetime) -> bool: ...


class Supplements:
    """`due` gives the last day for a supplement; `notes` remembers the day that was looked at last, for all workers."""

    def __init__(
        self,
        *,
        book: Awaited,
        due: SupplementDue,
        due_on: Callable[[datetime], datetime],
        notes: Notes,
    ) -> None:
        self._book = book
        self._due = due
        self._due_on = due_on
        self._notes = notes

    async def scan(self, at: datetime) -> int:
        """Look once a day; return how many were put on a desk. What another worker found at the same time counts once."""
        there = at.astimezone(SHANGHAI)
        note = await self._notes.read("onewindow", NOTE)
        if there.hour < FROM_HOUR or note.text >= there.date().isoformat():
            return 0
        late, after = 0, ""
        while found := await self._book.awaited(after=after, most=AT_ONCE):
            for case, asked_at in found:
                due = await self._due(case, asked_at)
                if due is not None and there.date() > due:
                    late += await self._book.put_on_desk(case.number, at=at, due_at=self._due_on(at))
            after = found[-1][0].number
        await self._notes.write("onewindow", NOTE, there.date().isoformat(), expected=note.version, at=at)
        log.info("supplements_looked_at", day=there.date().isoformat(), late=late)
        return late
