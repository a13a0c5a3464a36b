"""The desk for notices: those carried by hand, those whose sending a person has to sort out, and visits.

Same tasks, same clock as the desk of cases, but what happens here moves no case.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from config import logs
from config.state import StateStore
from connectors.desk_ports import DeskBook, DeskChange
from connectors.errors import NotPermitted, TaskClosed
from connectors.ledger import NOTICE_KINDS, DeskReason, DeskTask, Submission
from connectors.waking import wake
from matters.policy import Actor, may_see_desk, may_see_desk_task

log = logs.get(__name__)
Done = Literal["done", "again", "given_up"]
MAY_SEND_AGAIN: Final = frozenset({DeskReason.UNKNOWN, DeskReason.INVALID, DeskReason.GAVE_UP})


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTask:
    """A task with the frozen copy of what is to be told."""

    task: DeskTask
    submission: Submission

    @property
    def may_send_again(self) -> bool:
        return self.task.reason in MAY_SEND_AGAIN


class NoticeDesk:
    """The use cases; `state` wakes the worker when something is to be sent again."""

    def __init__(self, *, book: DeskBook, state: StateStore) -> None:
        self._book = book
        self._state = state

    async def task(self, task_id: str, actor: Actor) -> NoticeTask | None:
        """Return a notice's task the actor may work, open or closed; None for any other.

        Raises:
            NotPermitted: the actor works no desk.
        """
        if not may_see_desk(actor):
            raise NotPermitted(actor.sub)
        task = await self._book.task(task_id)
        if task is None or task.delivery.kind not in NOTICE_KINDS:
            return None
        if not may_see_desk_task(actor, unit=task.unit, region=task.region):
            return None
        return NoticeTask(task=task, submission=await self._book.submission_of(task))

    async def close(
        self, task_id: str, done: Done, *, actor: Actor, at: datetime, number: str = "", note: str = ""
    ) -> NoticeTask:
        """Record that it was handed over (with the receiver's number), is to be sent again, or can't be told.

        Raises:
            NotPermitted: not a task of the unit, or it can't be sent again.
            TaskClosed: somebody was faster.
        """
        found = await self.task(task_id, actor)
        if found is None or (done == "again" and not found.may_send_again):
            raise NotPermitted(actor.sub)
        if found.task.closed_at is not None:
            raise TaskClosed(task_id)
        states: dict[Done, Literal["confirmed", "queued", "cancelled"]] = {
            "done": "confirmed",
            "again": "queued",
            "given_up": "cancelled",
        }
        change = DeskChange(state=states[done], reports=(), number=number[:100], note=note, result=done)
        delivery = await self._book.close(found.task, change, by=actor.sub, who=actor.name, at=at)
        if delivery is None:
            raise TaskClosed(task_id)
        log.info("notice_task_closed", system=delivery.system, delivery=delivery.id, result=done)
        if done == "again":
            await wake(self._state, delivery.system)
        return found
