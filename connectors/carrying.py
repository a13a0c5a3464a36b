"""Carrying many cases to one department in one go: a list, a pack to print for all of it, a number for each row.

Each row is a commit of its own: a row that somebody else settled meanwhile is told and takes no other with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from config.paging import Page
from connectors.desk import Desk, TaskView
from connectors.desk_ports import DeskBook, TasksOf
from connectors.errors import NotPermitted, TaskClosed
from connectors.ledger import DeskReason, Submission
from connectors.system import System
from matters.errors import MatterError
from matters.policy import Actor, may_work_desk

AT_ONCE: Final = 50
Left = Literal["closed", "moved", "elsewhere"]
"""Why a row was not recorded: settled by somebody else, its case does not allow it any more, or not this list's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A department with cases to be brought."""

    system: str
    name: str
    name_en: str
    count: int


class Carrying:
    """The use cases, for clerks; a task is what it is on the desk, only that many are done together."""

    def __init__(self, *, desk: Desk, book: DeskBook, systems: Mapping[str, System]) -> None:
        self._desk = desk
        self._book = book
        self._systems = systems

    async def waiting(self, actor: Actor) -> Sequence[Waiting]:
        """Return the departments that several cases of the actor's unit are to be brought to, the most cases first.

        Raises:
            NotPermitted: the actor works no desk.
        """
        _check(actor)
        counts = await self._book.counts(TasksOf(unit=actor.unit, reason=DeskReason.MANUAL, kind="submit"))
        many = sorted(((count, id_) for id_, count in counts.items() if count > 1), reverse=True)
        return [self._named(id_, count) for count, id_ in many]

    async def cases(self, system: str, actor: Actor, *, after: str | None = None) -> Page[TaskView]:
        """Return a page of the cases to be brought to one department, the most urgent first.

        Raises:
            NotPermitted: the actor works no desk.
        """
        _check(actor)
        return await self._desk.tasks(
            actor, system=system, reason=DeskReason.MANUAL, kind="submit", most=AT_ONCE, after=after
        )

    async def packs(self, system: str, actor: Actor, *, after: str | None = None) -> Page[tuple[TaskView, Submission]]:
        """Return the same page, each case with the frozen copy that is brought.

        Raises:
            NotPermitted: the actor works no desk.
        """
        page = await self.cases(system, actor, after=after)
        frozen = await self._book.submissions_of([view.task for view in page])
        return Page(items=tuple((view, frozen[view.task.delivery.submission_id]) for view in page), after=page.after)

    async def record(
        self, system: str, numbers: Mapping[str, str], *, actor: Actor, at: datetime
    ) -> Mapping[str, Left]:
        """Record the department's number of each task given; return those left, and why. At most `AT_ONCE` are taken.

        Raises:
            NotPermitted: the actor works no desk.
        """
        _check(actor)
        left: dict[str, Left] = {}
        for task_id, number in list(numbers.items())[:AT_ONCE]:
            view = await self._desk.task(task_id, actor)
            if view is None or not _is_brought(view, system):
                left[task_id] = "elsewhere"
                continue
            try:
                await self._desk.complete(task_id, department_number=number, actor=actor, at=at)
            except TaskClosed:
                left[task_id] = "closed"
            except (NotPermitted, MatterError):
                left[task_id] = "moved"
        return left

    def _named(self, id_: str, count: int) -> Waiting:
        known = self._systems.get(id_)
        return Waiting(
            system=id_, name=known.name if known else id_, name_en=known.name_en if known else id_, count=count
        )


def _is_brought(view: TaskView, system: str) -> bool:
    delivery = view.task.delivery
    return delivery.system == system and delivery.kind == "submit" and view.task.reason is DeskReason.MANUAL


def _check(actor: Actor) -> None:
    if not may_work_desk(actor):
        raise NotPermitted(actor.sub)
