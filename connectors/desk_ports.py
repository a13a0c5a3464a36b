"""What the desk and the pages of a case read and change of deliveries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from config.paging import Page
from connectors.ledger import (
    Attempt,
    Delivery,
    DeskReason,
    DeskTask,
    Submission,
)
from connectors.outcomes import StatusWord


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """A delivery with its attempts, for the people who look at a case."""

    delivery: Delivery
    attempts: Sequence[Attempt]


class Deliveries(Protocol):
    """Reading deliveries."""

    async def of_case(self, case_number: str) -> Sequence[DeliveryView]: ...

    async def submission_of(self, case_number: str) -> Submission | None: ...

    async def of_cases(self, case_numbers: Collection[str]) -> Mapping[str, Sequence[Delivery]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskChange:
    """What closing a task changes; `reports` move the case in order, `note` goes with them as evidence."""

    state: Literal["pending_result", "confirmed", "cancelled", "queued"]
    reports: Sequence[StatusWord]
    number: str
    note: str
    result: str
    opens_result_task: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksOf:
    """Whose tasks: a unit's ("" is none), and those of no unit that `region` answers for (None: none of them).

    `system`, `reason` and `kind` (of the delivery) narrow them.
    """

    unit: str
    region: str | None = None
    system: str = ""
    reason: DeskReason | None = None
    kind: str = ""


class DeskBook(Protocol):
    """Desk tasks; `close` is one commit with delivery and case."""

    async def tasks_of(self, which: TasksOf, *, most: int, after: str | None = None) -> Page[DeskTask]:
        """Return a page of open tasks, the most urgent first."""

    async def task(self, task_id: str) -> DeskTask | None: ...

    async def counts(self, which: TasksOf) -> Mapping[str, int]:
        """Return how many open tasks there are, by system."""

    async def submission_of(self, task: DeskTask) -> Submission: ...

    async def submissions_of(self, tasks: Collection[DeskTask]) -> Mapping[str, Submission]:
        """Return the frozen copies of these tasks' deliveries by their own ids; one statement."""

    async def count_open(self, unit: str) -> int: ...

    async def close(self, task: DeskTask, change: DeskChange, *, by: str, who: str, at: datetime) -> Delivery | None:
        """Close the task; None when somebody else closed it first, or the delivery is in a worker's hands."""
