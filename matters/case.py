"""A case (办件): its states, the one transition table and the one function that moves it.

draft → received → accepted → submitted → in_review → completed_* → delivered → evaluated, with the turnings of
domain.md c.1. Three ways of accepting share the table: the window accepts (received → accepted → submitted), the
department accepts (received → submitted → accepted) and cross-region. Every move gives one event; events are only
ever added, and what the citizen is told (`citizen_words`) is derived from those that carry evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from config.clock import SHANGHAI
from matters.elements import Duration
from matters.errors import IllegalTransition
from matters.messages import N_


class CaseStatus(StrEnum):
    DRAFT = "draft"  # 暂存: the clerk goes on writing
    RECEIVED = "received"  # 收件: the window decides, or passes it on
    PRE_REVIEW = "pre_review"  # 预审: clerk or department looks first; no acceptance yet
    SUPPLEMENT_REQUIRED = "supplement_required"  # 补正: the applicant adds materials
    SUPPLEMENTED = "supplemented"  # 已补正: whoever asked for it looks again
    ACCEPTED = "accepted"  # 受理: the promised clock runs; the connector sends it
    NOT_ACCEPTED = "not_accepted"  # 不予受理: nobody; remedies are open to the applicant
    SUBMITTED = "submitted"  # 已推送: the department takes it up
    IN_REVIEW = "in_review"  # 审查: the department decides
    SUSPENDED = "suspended"  # 挂起(特别程序): the department, with the clock paused where it does not count
    PUBLICITY = "publicity"  # 公示: the notice period runs out
    COMPLETED_APPROVED = "completed_approved"  # 办结(准予/出证): the result is handed over
    COMPLETED_REFUSED = "completed_refused"  # 办结(不予): the decision is handed over
    RETURNED = "returned"  # 退件: nobody; a new application is possible
    WITHDRAWN = "withdrawn"  # 撤件: nobody; the applicant took it back
    TERMINATED_NO_SUPPLEMENT = "terminated_no_supplement"  # 补正不来办结: nobody; a new application is possible
    TRANSFERRED = "transferred"  # 转报办结: another body goes on
    DELIVERED = "delivered"  # 送达: the citizen may evaluate
    EVALUATED = "evaluated"  # 已评价: nobody


S = CaseStatus
_COMPLETED = (S.COMPLETED_APPROVED, S.COMPLETED_REFUSED)
_DECIDED = (S.SUPPLEMENT_REQUIRED, *_COMPLETED, S.RETURNED, S.TRANSFERRED)

# Departments report the states they have, not all there are: an instant matter goes from submitted to its result.
TRANSITIONS: Mapping[CaseStatus, frozenset[CaseStatus]] = {
    S.DRAFT: frozenset({S.RECEIVED}),
    S.RECEIVED: frozenset(
        {S.PRE_REVIEW, S.SUPPLEMENT_REQUIRED, S.ACCEPTED, S.NOT_ACCEPTED, S.SUBMITTED, S.RETURNED, S.WITHDRAWN}
    ),
    S.PRE_REVIEW: frozenset({S.SUPPLEMENT_REQUIRED, S.ACCEPTED, S.NOT_ACCEPTED, S.SUBMITTED, S.RETURNED, S.WITHDRAWN}),
    # An applicant may hand a supplement to the department itself: then its decision is the next thing we hear.
    S.SUPPLEMENT_REQUIRED: frozenset(
        {S.SUPPLEMENTED, S.TERMINATED_NO_SUPPLEMENT, S.NOT_ACCEPTED, S.RETURNED, S.WITHDRAWN, *_COMPLETED}
    ),
    S.SUPPLEMENTED: frozenset(
        {
            S.SUPPLEMENT_REQUIRED,
            S.ACCEPTED,
            S.NOT_ACCEPTED,
            S.SUBMITTED,
            S.IN_REVIEW,
            S.RETURNED,
            S.WITHDRAWN,
            *_COMPLETED,
        }
    ),
    S.ACCEPTED: frozenset({S.SUBMITTED, S.IN_REVIEW, S.SUSPENDED, S.PUBLICITY, S.WITHDRAWN, *_DECIDED}),
    S.SUBMITTED: frozenset({S.ACCEPTED, S.NOT_ACCEPTED, S.IN_REVIEW, S.SUSPENDED, S.PUBLICITY, S.WITHDRAWN, *_DECIDED}),
    S.IN_REVIEW: frozenset({S.SUSPENDED, S.PUBLICITY, S.WITHDRAWN, *_DECIDED}),
    S.SUSPENDED: frozenset({S.IN_REVIEW, S.PUBLICITY, S.WITHDRAWN, *_DECIDED}),
    S.PUBLICITY: frozenset({S.IN_REVIEW, S.SUSPENDED, S.WITHDRAWN, *_DECIDED}),
    S.COMPLETED_APPROVED: frozenset({S.DELIVERED, S.EVALUATED}),
    S.COMPLETED_REFUSED: frozenset({S.DELIVERED, S.EVALUATED}),
    S.DELIVERED: frozenset({S.EVALUATED}),
    S.TRANSFERRED: frozenset(),
    S.NOT_ACCEPTED: frozenset(),
    S.RETURNED: frozenset(),
    S.WITHDRAWN: frozenset(),
    S.TERMINATED_NO_SUPPLEMENT: frozenset(),
    S.EVALUATED: frozenset(),
}

CLOSED = frozenset(
    {
        *_COMPLETED,
        S.TRANSFERRED,
        S.NOT_ACCEPTED,
        S.RETURNED,
        S.WITHDRAWN,
        S.TERMINATED_NO_SUPPLEMENT,
        S.DELIVERED,
        S.EVALUATED,
    }
)
OPEN = frozenset(CaseStatus) - CLOSED - {S.DRAFT}

PAUSING: Mapping[CaseStatus, str] = {
    S.SUPPLEMENT_REQUIRED: N_("补正"),
    S.SUSPENDED: N_("特别程序"),
    S.PUBLICITY: N_("公示"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What shows that a step happened: who did it, and the number they gave it.

    `source` is a system id, `window` (a clerk acted here), `desk` (a clerk copied it from the department),
    `applicant`, or `timer`; `who` a name or system id; `number` the department's own number where there is one;
    `note` their words, kept verbatim.
    """

    source: str
    who: str
    number: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One thing that happened to a case. `seq` counts from 1; `previous` equals `status` when nothing moved."""

    seq: int
    at: datetime
    status: CaseStatus
    previous: CaseStatus | None
    by: str
    evidence: Evidence | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A stretch in which the promised clock stands still; `until` is None while it lasts. Both days are Shanghai's."""

    since: date
    until: date | None
    reason: str
    basis: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it stands. `form` holds personal data: it goes to no log and into no URL.

    `promised_on` is what the receipt said, a fact of its own; the day it is due now is derived from
    `accepted_at`, `promised` and `pauses` (`deadline.schedule`). `revision` counts events: two writers that
    read the same revision cannot both move the case.
    """

    number: str
    query_code: str = field(repr=False)
    matter_id: str
    matter_name: str
    guide_version: int
    situation: str
    status: CaseStatus
    form: Mapping[str, object] = field(repr=False)
    applicant_name: str = field(repr=False)
    unit: str
    region: str
    responsible_region: str
    taken_in_by: str
    origin: str = "window"
    received_at: datetime
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    promised: Duration
    promised_on: date | None = None
    pauses: tuple[Pause, ...] = ()
    subject_key: str | None = field(default=None, repr=False)
    revision: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


def may_move(status: CaseStatus, to: CaseStatus) -> bool:
    """Tell whether the table has the way from `status` to `to`."""
    return to in TRANSITIONS[status]


def move(
    case: Case,
    to: CaseStatus,
    *,
    at: datetime,
    by: str,
    evidence: Evidence | None = None,
    note: str | None = None,
    counted: bool = False,
) -> tuple[Case, CaseEvent]:
    """Return the case in its next state and the event that says so.

    Entering a special procedure, publicity or, once accepted, a supplement pauses the promised clock unless
    `counted` (`deadline.is_counted`); leaving it lets the clock run again from that day.

    Raises:
        IllegalTransition: the table has no such way.
    """
    if not may_move(case.status, to):
        raise IllegalTransition(f"{case.number}: {case.status} -> {to}")
    event = CaseEvent(
        seq=case.revision + 1, at=at, status=to, previous=case.status, by=by, evidence=evidence, note=note
    )
    moved = replace(
        case,
        status=to,
        revision=event.seq,
        accepted_at=at if to is S.ACCEPTED and case.accepted_at is None else case.accepted_at,
        closed_at=at if to in CLOSED and case.closed_at is None else case.closed_at,
        pauses=_pauses_after(case, to, at.astimezone(SHANGHAI).date(), counted=counted),
    )
    return moved, event


def _pauses_after(case: Case, to: CaseStatus, day: date, *, counted: bool) -> tuple[Pause, ...]:
    ended = tuple(replace(p, until=max(day, p.since)) if p.until is None else p for p in case.pauses)
    if to is S.SUPPLEMENTED:
        return case.pauses  # the clock still waits until whoever asked has looked again
    reason = PAUSING.get(to)
    if reason is None or counted or case.accepted_at is None:
        return ended
    return (*ended, Pause(since=day, until=None, reason=reason))


def remark(
    case: Case, *, at: datetime, by: str, evidence: Evidence | None = None, note: str | None = None
) -> tuple[Case, CaseEvent]:
    """Return the case with an event that moves nothing: a department's number, a late report, an amendment."""
    event = CaseEvent(
        seq=case.revision + 1, at=at, status=case.status, previous=case.status, by=by, evidence=evidence, note=note
    )
    return replace(case, revision=event.seq), event


def report(
    case: Case, reported: CaseStatus, *, at: datetime, by: str, evidence: Evidence, counted: bool = False
) -> tuple[Case, CaseEvent]:
    """Return the case after a department reported a state: moved where the table has the way, else only remarked.

    Reports come twice, late and out of order; the case goes forward only and no report is thrown away. A
    department's "accepted" on a case the window had accepted says that it is being handled.
    """
    to = S.IN_REVIEW if reported is S.ACCEPTED and case.accepted_at is not None else reported
    if may_move(case.status, to):
        return move(case, to, at=at, by=by, evidence=evidence, counted=counted)
    return remark(case, at=at, by=by, evidence=evidence, note=f"reported:{reported.value}")
