"""The repair list: what the nightly comparisons left for a person, and what people found out about it.

A line that has to be asked about stands until somebody notes what the department said, however many days agree after
it. The list itself is never changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from config import logs
from config.clock import SHANGHAI
from connectors.errors import NotPermitted
from connectors.ports import Reconciliations
from connectors.reconciliation import Comparison, Difference, Repair, RepairNote
from connectors.reconciling import STAYS_DUE
from matters.policy import Actor, may_run_systems, may_see_systems

log = logs.get(__name__)
LONGEST_NOTE: Final = 500
MOST_DAYS: Final = 30
NotNoted = Literal["empty", "too_long", "noted", "unknown"]
"""Why nothing was noted: no words, too many, somebody did already, no line of that number has to be asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairLine:
    """One line, and what was found out about it."""

    difference: Difference
    note: RepairNote | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether a person has yet to ask about it."""
        return self.difference.repair is Repair.ASK and self.note is None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairDay:
    """One day's comparison with its lines."""

    comparison: Comparison
    lines: Sequence[RepairLine]

    @property
    def open_lines(self) -> int:
        return sum(line.is_open for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairList:
    """The last days compared with a system, the newest first, and the days whose list has not come yet."""

    days: Sequence[RepairDay] = ()
    waiting: Sequence[date] = ()


class Repairs:
    """The use cases of the owner's page."""

    def __init__(self, book: Reconciliations) -> None:
        self._book = book

    async def of_system(self, system: str, *, actor: Actor, at: datetime) -> RepairList:
        """Return what was compared with a system.

        Raises:
            NotPermitted: the actor sees no systems.
        """
        if not may_see_systems(actor):
            raise NotPermitted(actor.sub)
        begun = await self._book.begun(system, since=at.astimezone(SHANGHAI).date() - STAYS_DUE)
        waiting = sorted(day for day, is_compared in begun.items() if not is_compared)
        days = await self._book.latest(system, most=MOST_DAYS)
        notes = await self._book.notes(system, since=days[-1].day) if days else {}
        return RepairList(days=[RepairDay(comparison=day, lines=_lines(day, notes)) for day in days], waiting=waiting)

    async def note(
        self, system: str, day: date, our_number: str, text: str, *, actor: Actor, at: datetime
    ) -> RepairNote | NotNoted:
        """Note what was found out about a line; why not, where nothing was noted.

        Raises:
            NotPermitted: the actor runs no systems.
        """
        if not may_run_systems(actor):
            raise NotPermitted(actor.sub)
        words = text.strip()
        if not words:
            return "empty"
        if len(words) > LONGEST_NOTE:
            return "too_long"
        compared = next((each for each in await self._book.latest(system, most=MOST_DAYS) if each.day == day), None)
        asked = compared.differences if compared is not None else ()
        if not any(each.our_number == our_number and each.repair is Repair.ASK for each in asked):
            return "unknown"
        noted = RepairNote(note=words, by=actor.sub, who=actor.name, at=at)
        if not await self._book.note(system, day, our_number, noted):
            return "noted"
        log.info("repair_noted", system=system, day=day.isoformat(), case=our_number, by=actor.sub)
        return noted


def _lines(day: Comparison, notes: Mapping[tuple[date, str], RepairNote]) -> Sequence[RepairLine]:
    lines = [RepairLine(difference=each, note=notes.get((day.day, each.our_number))) for each in day.differences]
    return sorted(lines, key=lambda line: (not line.is_open, line.difference.our_number))
