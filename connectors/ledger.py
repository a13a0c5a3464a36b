"""The words of the ledger: a submission (the frozen copy of a case that leaves), its deliveries, their attempts.

QUEUED → SENDING (intent committed before the first byte, lease with a fencing number)
SENDING → CONFIRMED | PENDING_RESULT | REFUSED | INVALID | WAIT (counts an attempt) | HELD (counts none) | UNKNOWN
UNKNOWN → PROBING → CONFIRMED/PENDING_RESULT (they have it) · QUEUED (they don't) · DESK (can't be told)
any waiting one → CANCELLED (withdrawn before it left) · CONFIRMED (their callback proves that they have it)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from connectors.outcomes import Outcome, OutcomeClass, StatusWord


class DeliveryState(StrEnum):
    QUEUED = "queued"  # the worker sends it
    SENDING = "sending"  # a worker holds it under a lease
    CONFIRMED = "confirmed"  # nobody: the department has it and nothing more is awaited
    PENDING_RESULT = "pending_result"  # the department decides
    REFUSED = "refused"  # nobody: the department said no, the applicant is told
    INVALID = "invalid"  # a person mends what the department can't read; there is a desk task
    WAIT = "wait"  # the worker tries again at next_attempt_at; an attempt was used up
    HELD = "held"  # the worker tries again at next_attempt_at; breaker, closed hours or pace, no attempt used up
    UNKNOWN = "unknown"  # the worker finds out whether it arrived
    PROBING = "probing"  # a worker is finding out, under a lease
    DESK = "desk"  # a person; there is a desk task
    CANCELLED = "cancelled"  # nobody: taken back before it left
    REPLAYED = "replayed"  # nobody: the owner had it sent anew, as another delivery of the same case


D = DeliveryState
LEASED: Final = frozenset({D.SENDING, D.PROBING})
DUE: Final = frozenset({D.QUEUED, D.WAIT, D.HELD, D.UNKNOWN})
"""States a worker takes up once next_attempt_at has come."""
IN_THE_WAY: Final = frozenset({*DUE, *LEASED, D.DESK, D.INVALID})
"""A later delivery of the same case waits while an earlier one is in one of these."""

HoldReason = Literal["", "closed", "breaker", "throttled", "auth", "budget", "person", "maintenance"]
EventSource = Literal["callback", "poll", "probe", "results", "reconcile"]
DeliveryKind = Literal["submit", "withdraw", "reflux", "event"]
"""Of a case: submit, withdraw. Of a notice, to whoever else is to know of it: reflux (its result), event (联动)."""
NOTICE_KINDS: Final = frozenset({"reflux", "event"})


class DeskReason(StrEnum):
    """Why a person has a delivery."""

    MANUAL = "manual"  # this system is served by hand: carry it there, note the number
    RESULT = "result"  # handed over by hand: note what the department decides
    UNKNOWN = "unknown"  # it can't be told whether the department has it: ask them before sending again
    INVALID = "invalid"  # the department can't read it, or it can't be put into their form
    GAVE_UP = "gave_up"  # tried for as long as the policy says
    UNMAPPED_STATUS = "unmapped_status"  # they reported a status nobody has translated
    DEPARTMENT_ERROR = "department_error"  # they reported that something went wrong on their side
    HAND_OVER = "hand_over"  # a notice that is handed over: its receiver has no system we reach
    VISIT = "visit"  # somebody is to be visited and asked
    SUPPLEMENT = "supplement"  # the applicant brought what the department asked for: carry it there
    SUPPLEMENT_LATE = "supplement_late"  # nobody brought it in time: ask the department, then end the case or note it


SUPPLEMENT_TASKS: Final = frozenset({DeskReason.SUPPLEMENT, DeskReason.SUPPLEMENT_LATE})
"""Nothing is left of them once the department has gone on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The frozen copy: everything a mapping may read, as JSON. `sha256` is over its canonical bytes."""

    id: str
    case_number: str
    created_at: datetime
    content: Mapping[str, object] = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One submission's way to one system. `key` goes to the department as idempotency key and never changes."""

    id: str
    submission_id: str
    case_number: str
    position: int
    system: str
    operation: str
    kind: DeliveryKind
    key: str
    state: DeliveryState
    created_at: datetime
    next_attempt_at: datetime | None = None
    attempts: int = 0
    probes: int = 0
    hold_reason: HoldReason = ""
    department_number: str = ""
    their_status: str = ""
    status_at: datetime | None = None
    outcome: str = ""
    message: str = field(default="", repr=False)
    confirmed_at: datetime | None = None
    updated_at: datetime | None = None
    region: str = ""
    known_as: str = ""
    """What the receiver knows a notice by, where that is not `case_number`."""

    @property
    def serial(self) -> str:
        """Twenty digits that stay the same over all attempts, for systems that want a number of ours."""
        return f"{int(self.key.replace('-', ''), 16) % 10**20:020d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A delivery in this worker's hands. Every write names `fence`: whoever lost the lease writes nothing.

    `spec_version` is the registration it is delivered under; each attempt keeps it. `lasts` is for how long it is given.
    """

    delivery: Delivery
    submission: Submission
    owner: str
    fence: int
    until: datetime
    lasts: timedelta
    last_sent_at: datetime | None = None
    spec_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A delivery whose result is to be asked for now."""

    delivery: Delivery
    submission: Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try, as kept: begun before the first byte, finished once. An unfinished one means nobody knows."""

    delivery_id: str
    number: int
    kind: Literal["send", "probe"]
    started_at: datetime
    finished_at: datetime | None
    outcome: OutcomeClass | None
    http_status: int
    error: str
    message: str
    duration_ms: int | None
    spec_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is to be written after an attempt; `connectors.engine` makes it, the ledger writes it in one commit.

    `reports` are states of the case the outcome gives evidence of, in order.
    """

    state: DeliveryState
    outcome: Outcome
    next_attempt_at: datetime | None = None
    counts: bool = True
    hold_reason: HoldReason = ""
    desk: DeskReason | None = None
    reports: Sequence[StatusWord] = ()
    next_poll_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundEvent:
    """What a department told us: by callback, or found by poll. Counted once per (system, event_id)."""

    system: str
    event_id: str
    source: EventSource
    our_number: str
    department_number: str
    status: str
    message: str = field(default="", repr=False)
    occurred_at: datetime | None = None
    received_at: datetime
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskTask:
    """A delivery in a person's hands, with a clock. `note` is the department's word or the reason in words."""

    id: str
    delivery: Delivery
    reason: DeskReason
    unit: str
    region: str
    matter_id: str
    note: str = field(default="", repr=False)
    created_at: datetime
    due_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""
    result: str = ""


class LeaseLost(Exception):
    """Somebody else has the delivery now, or it was settled by a callback: drop it, write nothing, send nothing."""
