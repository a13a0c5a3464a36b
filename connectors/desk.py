"""The desk: deliveries in a person's hands. What a person does here leaves evidence, like a department's answer.

A manual delivery is carried to the department by hand (`complete`, then `record_result`); one that could not be
settled is asked about on the phone and either confirmed (`complete`), sent again (`send_again`) or handed back
(`return_to_applicant`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from config import logs
from config.paging import Page
from config.state import StateStore
from connectors.desk_ports import DeskBook, DeskChange, TasksOf
from connectors.errors import NotPermitted, TaskClosed
from connectors.ledger import Delivery, DeskReason, DeskTask
from connectors.outcomes import StatusWord
from connectors.system import System
from connectors.waking import wake
from matters.policy import Actor, may_see_desk, may_see_desk_task, may_work_desk

log = logs.get(__name__)
DeskResult = Literal["approved", "refused", "returned", "supplement_required"]
_WORDS: Final[Mapping[DeskResult, StatusWord]] = {
    "approved": "completed_approved",
    "refused": "completed_refused",
    "returned": "returned",
    "supplement_required": "supplement_required",
}
MOST_AT_ONCE: Final = 200
CONCLUDES: Final = ("approved", "refused", "returned")
"""Results after which the department has nothing more to decide."""
MAY_SEND_AGAIN: Final = frozenset({DeskReason.UNKNOWN, DeskReason.INVALID, DeskReason.GAVE_UP})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task with what its reader may do with it. `awaits_result`: handed over, the department's decision is open."""

    task: DeskTask
    system_name: str
    system_name_en: str
    awaits_result: bool
    may_send_again: bool
    department_number: str


class Desk:
    """The use cases of the desk; `state` wakes the worker when something is to be sent again."""

    def __init__(self, *, book: DeskBook, systems: Mapping[str, System], state: StateStore) -> None:
        self._book = book
        self._systems = systems
        self._state = state

    async def tasks(
        self,
        actor: Actor,
        *,
        system: str = "",
        reason: DeskReason | None = None,
        kind: str = "",
        most: int = MOST_AT_ONCE,
        after: str | None = None,
    ) -> Page[TaskView]:
        """Return a page of the open tasks of the actor's unit and of those in its region that no unit has, the most
        urgent first; of one system, reason or kind of delivery where these are given.

        Raises:
            NotPermitted: the actor has no desk.
        """
        if not may_see_desk(actor):
            raise NotPermitted(actor.sub)
        which = TasksOf(
            unit=actor.unit if may_work_desk(actor) else "",
            region=actor.region if may_see_desk_task(actor, unit="", region=actor.region) else None,
            system=system,
            reason=reason,
            kind=kind,
        )
        found = await self._book.tasks_of(which, most=most, after=after)
        return Page(items=tuple(self._view(task) for task in found), after=found.after)

    async def task(self, task_id: str, actor: Actor) -> TaskView | None:
        """Return one task of the actor's unit, open or closed; None for any other.

        Raises:
            NotPermitted: the actor works no desk.
        """
        if not may_see_desk(actor):
            raise NotPermitted(actor.sub)
        task = await self._book.task(task_id)
        if task is None or not may_see_desk_task(actor, unit=task.unit, region=task.region):
            return None
        return self._view(task)

    async def complete(
        self, task_id: str, *, department_number: str, actor: Actor, at: datetime, note: str = ""
    ) -> Delivery:
        """Record that the department has it, with the number it gave: submitted, with evidence.

        The task closes; where the result comes by hand too, one that awaits it is opened in its place.

        Raises:
            NotPermitted, TaskClosed
        """
        view = await self._open(task_id, actor)
        change = DeskChange(
            state="pending_result",
            reports=("submitted",),
            number=department_number.strip()[:100],
            note=note,
            result="completed",
            opens_result_task=self._is_manual(view.task),
        )
        return await self._close(view.task, change, actor, at)

    async def record_result(
        self,
        task_id: str,
        result: DeskResult,
        *,
        actor: Actor,
        at: datetime,
        department_number: str = "",
        note: str = "",
    ) -> Delivery:
        """Record what the department decided; `note` is its reason, word for word.

        Raises:
            NotPermitted, TaskClosed
        """
        view = await self._open(task_id, actor)
        is_over = result != "supplement_required"
        change = DeskChange(
            state="confirmed" if is_over else "pending_result",
            reports=("submitted", _WORDS[result]),
            number=(department_number or view.department_number).strip()[:100],
            note=note,
            result=result,
            opens_result_task=not is_over and self._is_manual(view.task),
        )
        return await self._close(view.task, change, actor, at)

    async def return_to_applicant(self, task_id: str, *, actor: Actor, at: datetime, reason: str) -> Delivery:
        """Hand the case back: it can't be delivered as it is, the applicant is told why.

        Raises:
            NotPermitted, TaskClosed
        """
        view = await self._open(task_id, actor)
        change = DeskChange(
            state="cancelled", reports=("returned",), number="", note=reason, result="returned_to_applicant"
        )
        return await self._close(view.task, change, actor, at)

    async def send_again(self, task_id: str, *, actor: Actor, at: datetime, note: str = "") -> Delivery:
        """Send it again: the department was asked and doesn't have it, or what was wrong is mended.

        Raises:
            NotPermitted: not for a task of this kind.
            TaskClosed: somebody was faster.
        """
        view = await self._open(task_id, actor)
        if not view.may_send_again:
            raise NotPermitted(actor.sub)
        change = DeskChange(state="queued", reports=(), number="", note=note, result="sent_again")
        delivery = await self._close(view.task, change, actor, at)
        await wake(self._state, delivery.system)
        return delivery

    async def _open(self, task_id: str, actor: Actor) -> TaskView:
        view = await self.task(task_id, actor)
        if view is None:
            raise NotPermitted(actor.sub)
        if view.task.closed_at is not None:
            raise TaskClosed(task_id)
        return view

    async def _close(self, task: DeskTask, change: DeskChange, actor: Actor, at: datetime) -> Delivery:
        delivery = await self._book.close(task, change, by=actor.sub, who=actor.name, at=at)
        if delivery is None:
            raise TaskClosed(task.id)
        log.info("desk_task_closed", system=delivery.system, delivery=delivery.id, result=change.result)
        return delivery

    def _is_manual(self, task: DeskTask) -> bool:
        # What was brought by hand is heard of by hand, also where the system has an interface that takes no new cases.
        if task.reason in (DeskReason.MANUAL, DeskReason.RESULT):
            return True
        system = self._systems.get(task.delivery.system)
        return system is None or system.operation(task.delivery.operation).manual

    def _view(self, task: DeskTask) -> TaskView:
        system = self._systems.get(task.delivery.system)
        return TaskView(
            task=task,
            system_name=system.name if system else task.delivery.system,
            system_name_en=system.name_en if system else task.delivery.system,
            awaits_result=task.reason is DeskReason.RESULT,
            may_send_again=task.reason in MAY_SEND_AGAIN,
            department_number=task.delivery.department_number,
        )
