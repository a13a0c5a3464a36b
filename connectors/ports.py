"""What the core needs kept and sent. Each method of the ledger is one commit."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

from config.clock import Clock
from config.paging import Page
from connectors.availability import HolidayOn
from connectors.batches import Batches
from connectors.engine import BreakerState, ProbeAnswer
from connectors.holds import Hold, Standing
from connectors.ledger import (
    Attempt,
    Awaited,
    Delivery,
    DeskReason,
    DeskTask,
    HoldReason,
    InboundEvent,
    Lease,
    Result,
    Submission,
)
from connectors.outcomes import Answer, Outcome, StatusWord
from connectors.reconciliation import Comparison, Listed, Ours, RepairNote
from connectors.secrets_dir import Secrets
from connectors.spec_models import Breaker
from connectors.system import Operation, System
from connectors.unread import NoUnreadBook, UnreadBook
from matters.case import Case, CaseEvent, Evidence
from matters.material import MaterialProof

DueOn = Callable[[datetime], datetime]
"""Returns until when a person should have dealt with what is put on the desk now."""


class Ledger(Protocol):
    """Deliveries as the worker sees them. Methods taking a `Lease` raise `LeaseLost` when it is somebody else's."""

    async def due_systems(self, among: Collection[str], at: datetime) -> Sequence[str]: ...

    async def claim(
        self,
        *,
        system: str,
        owner: str,
        at: datetime,
        lease: timedelta,
        most: int,
        without: Collection[str] = (),
        at_once: int | None = None,
    ) -> Sequence[Lease]:
        """Take up what is due; all workers together never hold more of the system's than `at_once`."""

    async def keep(self, *, owner: str, at: datetime, lease: timedelta) -> int: ...

    async def begin(self, lease: Lease, *, kind: str, at: datetime) -> None: ...

    async def settle(self, lease: Lease, result: Result, *, at: datetime, duration_ms: int) -> Delivery: ...

    async def give_back(self, lease: Lease, *, next_attempt_at: datetime, reason: HoldReason, at: datetime) -> bool: ...

    async def reclaim(self, at: datetime) -> Sequence[str]: ...

    async def holds(self) -> Standing:
        """Return the holds that are kept, also those that ran out; a breaker's is its own and not among them."""

    async def hold(
        self, *, system: str, reasons: Collection[HoldReason], wanted: Collection[Hold], at: datetime
    ) -> None:
        """Let exactly these holds of those reasons stand for `system`; what waits is not touched."""

    async def release(self, *, system: str, reason: HoldReason, at: datetime) -> int: ...

    async def receive(self, event: InboundEvent, *, at: datetime) -> bool: ...

    async def left_over(self, *, most: int) -> Sequence[str]:
        """Return deliveries that reports are kept for and that are in nobody's hands."""

    async def apply_left_over(self, delivery_id: str, at: datetime) -> None:
        """Apply the reports that wait for one delivery."""

    async def due_polls(self, *, system: str, at: datetime, again_at: datetime, most: int) -> Sequence[Awaited]: ...

    async def doubt(self, delivery_id: str, *, at: datetime) -> bool:
        """Have one that awaits its result looked up again, for it may never have arrived; False when it moved on."""


class Breakers(Protocol):
    """One breaker per system, shared by all workers."""

    async def all(self) -> Mapping[str, BreakerState]: ...

    async def note(self, system: str, outcome: Outcome, policy: Breaker, *, at: datetime) -> BreakerState: ...

    async def take_probe(self, system: str, *, at: datetime, until: datetime) -> bool: ...

    async def leave_probe(self, system: str, *, until: datetime) -> None:
        """Give back a probe taken until then that found out nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One exchange with a department: what a transport gets. `values` is what mappings read."""

    system: System
    operation: Operation
    values: Mapping[str, object]
    delivery_id: str


class Transport(Protocol):
    """Speaks one protocol to one system. Never raises for what a department does: every outcome is classed."""

    async def send(self, errand: Errand) -> Outcome:
        """Send the case.

        Raises:
            MappingRefused: it can't be put into the department's form; nothing was sent.
            SecretMissing: the deployment lacks a secret; nothing was sent.
        """

    async def probe(self, errand: Errand) -> ProbeAnswer:
        """Ask whether they have the case."""

    async def poll(self, errand: Errand) -> InboundEvent | None:
        """Ask how far it is; None when there was no answer. `event_id` is left empty."""

    async def aclose(self) -> None: ...


@runtime_checkable
class Fetches(Protocol):
    """Optional, beside `Transport`: a channel that brings the results of many cases at once."""

    async def fetch(self) -> Sequence[InboundEvent]:
        """Return what the department has to tell; what was not confirmed comes again. No answer: nothing."""

    async def confirm(self) -> None:
        """All that was last fetched is kept: acknowledge it, mark it read, move the watermark."""


@runtime_checkable
class Answers(Protocol):
    """Optional, beside `Transport`: tells what came back as it came, before any rule has read it."""

    async def answer(self, errand: Errand) -> Answer:
        """Send the errand and return the answer.

        Raises:
            MappingRefused, SecretMissing: nothing was sent.
        """


@runtime_checkable
class Lists(Protocol):
    """Optional, beside `Transport`: a channel that can list what the department has of one day."""

    async def list_day(self, day: date) -> Sequence[Listed] | None:
        """Return the cases the department took in on `day`, by its own clock; None when it gave no whole list."""


class Reconciliations(Protocol):
    """The kept comparisons; a day of a system is compared by one worker at a time."""

    async def take(self, system: str, day: date, *, owner: str, at: datetime, until: datetime) -> bool:
        """Take the day in hand; False when it is compared already, or somebody else has it until later."""

    async def begun(self, system: str, *, since: date) -> Mapping[date, bool]:
        """Return the days from `since` on that somebody took in hand, and whether each is compared."""

    async def ours(self, system: str, begins: datetime, ends: datetime, *, notices: bool = False) -> Sequence[Ours]:
        """Return what arrived at the department in that time, as far as we know: cases, or notices instead."""

    async def known(self, system: str, numbers: Collection[str]) -> Mapping[str, Ours]:
        """Return our deliveries by the numbers the department knows them by."""

    async def finish(self, comparison: Comparison, *, at: datetime) -> None:
        """Keep the comparison."""

    async def doubt(self, delivery_ids: Collection[str], *, at: datetime) -> int:
        """Make deliveries that await a result `unknown` again, so that they are looked up; return how many."""

    async def latest(self, system: str, *, most: int = 14) -> Sequence[Comparison]:
        """Return the last comparisons, the newest day first."""

    async def notes(self, system: str, *, since: date) -> Mapping[tuple[date, str], RepairNote]:
        """Return what people found out about lines of the repair lists from `since` on, by day and number."""

    async def note(self, system: str, day: date, our_number: str, note: RepairNote) -> bool:
        """Keep what a person found out about a line; False when somebody did before."""


@runtime_checkable
class NeedsPerson(Protocol):
    """Optional, beside `Transport`: it can't go on before a person has done something (read a captcha)."""

    async def is_ready(self) -> bool:
        """Tell whether deliveries may go; while not, they wait and use up no attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`version` counts the writes, from 1; 0 is a note that was never written."""

    text: str = field(default="", repr=False)
    version: int = 0


class Notes(Protocol):
    """What a transport has to remember of its system, durably and for all workers: a watermark, a batch number."""

    async def read(self, system: str, name: str) -> Note: ...

    async def write(self, system: str, name: str, text: str, *, expected: int, at: datetime) -> bool:
        """Write unless somebody else wrote since version `expected`; tell whether it was written."""


def _no_holiday(day: date) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a transport is made with. `address` is the system's own, `line` that of its broker, table or file area
    (`<system>.queue`, `.exchange`, `.files` in the endpoints file). `offset` is how far the departments' clock runs ahead.
    """

    address: str
    line: str
    secrets: Secrets
    clock: Clock
    notes: Notes
    batches: Batches | None = None
    holiday_on: HolidayOn = _no_holiday
    offset: timedelta = timedelta(0)
    unread: UnreadBook = field(default_factory=NoUnreadBook)


TransportFactory = Callable[[System, Surroundings], Transport]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case about to be kept. `build` makes it once its sequence number is known, inside the commit."""

    region: str
    day: date
    short_code: str
    subject_key: str | None
    materials: tuple[MaterialProof, ...]
    build: Callable[[int], tuple[Case, Sequence[CaseEvent], Submission, Sequence[Delivery]]]
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an idempotency key was used for."""

    content_sha256: str
    case: Case
    deliveries: Sequence[Delivery]


class IntakeStore(Protocol):
    """Cases with their ledger; `keep` and `withdraw` are one commit each."""

    async def earlier(self, actor: str, key: str) -> Earlier | None: ...

    async def case(self, number: str) -> Case | None: ...

    async def keep(
        self, new: NewCase, *, actor: str, key: str, content_sha256: str, at: datetime
    ) -> tuple[Case, Sequence[Delivery]] | None:
        """Keep case, events, materials, submission, deliveries, desk tasks and the key; None when the key is taken.

        Raises:
            DuplicateCase: the same subject has a case in flight.
        """

    async def withdraw(
        self, number: str, *, by: str, evidence: Evidence, reason: str, at: datetime, due_at: datetime
    ) -> tuple[Case, Sequence[Delivery]]:
        """Withdraw the case, cancel what has not left, queue a withdrawal to who has it.

        Raises:
            NotWithdrawable: the case is over.
        """


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
