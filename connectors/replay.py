"""Replay: which deliveries an owner may send anew, and how, so that none is sent twice. Pure.

The old delivery keeps everything it had; a new one is appended beside it. What the new one is allowed to do follows
from what is known of the old one: what the department answered on may go under a new key, what never got there goes
under its own, and what may have arrived is looked up first, or sent under its own key where they dedupe by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from connectors.ledger import Delivery, DeliveryState, DeskReason, Submission
from connectors.messages import N_
from connectors.outcomes import OutcomeClass
from connectors.system import Operation
from matters.case import OPEN, CaseStatus

MOST_AT_ONCE: Final = 500
"""Deliveries of one act."""
LEAST_REASON, LONGEST_REASON = 4, 200

Group = Literal["invalid", "refused", "desk", "auth"]
GROUPS: Final[Mapping[Group, str]] = {
    "invalid": N_("部门读不懂"),
    "refused": N_("部门不予办理"),
    "desk": N_("待人工：不知是否送达，或多次未送达"),
    "auth": N_("凭据未被认可"),
}
"""What can be chosen; everything else is on its way, or the department has it."""
_DESK_REASONS: Final = frozenset({DeskReason.UNKNOWN, DeskReason.GAVE_UP})
_AFTER_REFUSAL: Final = frozenset({CaseStatus.COMPLETED_REFUSED, CaseStatus.NOT_ACCEPTED, CaseStatus.RETURNED})
_THEIRS_DIFFER: Final = frozenset({"other", "clash"})
"""`error` of an attempt at a table or a file area: something else stands there under our key."""


class Way(StrEnum):
    """How the new delivery goes."""

    NEW_KEY = "new_key"  # they answered on the old one and did not take it
    SAME_KEY = "same_key"  # it never got there as far as we know; if it did, they know it by its key
    LOOK_UP = "look_up"  # it may have arrived: they are asked before anything is sent


class LeftOut(StrEnum):
    """Why a delivery is not sent anew."""

    CHANGED = "changed"  # it is no longer where it was: taken up, settled, or replayed by somebody else
    CASE_OVER = "case_over"  # withdrawn, or its result is handed over
    APPLIED_AGAIN = "applied_again"  # the applicant has another case of this kind in flight
    LATER_WAITS = "later_waits"  # a later delivery of the same case is not done: the order would turn round
    BY_HAND = "by_hand"  # a person delivers this now
    ASK = "ask"  # it may have arrived and can't be looked up: a person asks them
    THEIRS_DIFFER = "theirs_differ"  # they have something else under our key
    UNFIT = "unfit"  # today's spec can't put it into their form either


WAY_WORDS: Final[Mapping[Way, str]] = {
    Way.NEW_KEY: N_("对方没有收下，作为新的一次送出"),
    Way.SAME_KEY: N_("用原来的键再送，对方已有时不会重复"),
    Way.LOOK_UP: N_("先查对方是否已有，没有才送出"),
}
LEFT_OUT_WORDS: Final[Mapping[LeftOut, str]] = {
    LeftOut.CHANGED: N_("刚刚已有变化：已送达、正在送出，或已由他人处理"),
    LeftOut.CASE_OVER: N_("办件已撤回，或结果已交给申请人"),
    LeftOut.APPLIED_AGAIN: N_("申请人已经重新申请，再送会重复"),
    LeftOut.LATER_WAITS: N_("同一办件后面还有没完成的投递，先处理那一项"),
    LeftOut.BY_HAND: N_("这项业务现在由人工送达"),
    LeftOut.ASK: N_("不知对方是否已收到，又无法查询：请在待办中打电话核实"),
    LeftOut.THEIRS_DIFFER: N_("对方已有这个办件，但内容不同：请与部门联系更正"),
    LeftOut.UNFIT: N_("按现在的对接说明仍然填不出"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an owner asks for. `since` and `until` bound when a delivery came to stand where it stands.

    `region` is the beginning of the codes it is about, that of who asks; "" is everywhere, for the command line.
    """

    system: str
    groups: frozenset[Group] = frozenset(GROUPS)
    since: datetime | None = None
    until: datetime | None = None
    cases: tuple[str, ...] = ()
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A delivery as it stands, with what decides about it.

    `reason` is of its open desk task, `last_error` of its last attempt; `case_status` None: the case is gone.
    `later` are the states of the deliveries that come after it in its case.
    """

    delivery: Delivery
    submission: Submission
    matter_id: str
    region: str
    reason: DeskReason | None
    last_sent_at: datetime | None
    last_error: str
    case_status: CaseStatus | None
    applied_again: bool
    later: frozenset[DeliveryState]
    next_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Either a way, or why not; `detail` names the department's field for `unfit`."""

    way: Way | None = None
    left_out: LeftOut | None = None
    detail: str = field(default="", repr=False)


def verdict(candidate: Candidate, operation: Operation, unfit: str = "") -> Verdict:
    """Return what a replay does with `candidate` under today's `operation`; `unfit` names the field it can't fill."""
    left_out = _left_out(candidate, operation)
    if left_out is not None:
        return Verdict(left_out=left_out)
    if unfit:
        return Verdict(left_out=LeftOut.UNFIT, detail=unfit)
    if may_have_arrived(candidate):
        return _of_unknown(operation)
    is_answered = candidate.delivery.state in (DeliveryState.INVALID, DeliveryState.REFUSED)
    return Verdict(way=Way.NEW_KEY if is_answered else Way.SAME_KEY)


def group_of(candidate: Candidate) -> Group | None:
    """Return under which group the delivery can be chosen; None when it can't."""
    match candidate.delivery.state:
        case DeliveryState.INVALID:
            return "invalid"
        case DeliveryState.REFUSED:
            return "refused"
        case DeliveryState.DESK if candidate.reason in _DESK_REASONS:
            return "desk"
        case DeliveryState.HELD if candidate.delivery.hold_reason == "auth":
            return "auth"
        case _:
            return None


def may_have_arrived(candidate: Candidate) -> bool:
    """Tell whether the department may have it although nobody heard so."""
    if candidate.last_sent_at is None:
        return False
    outcome = candidate.delivery.outcome
    return candidate.reason is DeskReason.UNKNOWN or outcome in ("", OutcomeClass.UNKNOWN.value)


def _of_unknown(operation: Operation) -> Verdict:
    match operation.resend_unknown:
        case "dedupe":
            return Verdict(way=Way.SAME_KEY)
        case "probe":
            return Verdict(way=Way.LOOK_UP)
        case "never":
            return Verdict(left_out=LeftOut.ASK)


def _left_out(candidate: Candidate, operation: Operation) -> LeftOut | None:
    if group_of(candidate) is None:
        return LeftOut.CHANGED
    if candidate.delivery.kind == "submit" and not _is_case_open(candidate):
        return LeftOut.CASE_OVER
    if candidate.applied_again:
        return LeftOut.APPLIED_AGAIN
    if candidate.later & _NOT_DONE:
        return LeftOut.LATER_WAITS
    if operation.manual:
        return LeftOut.BY_HAND
    if candidate.last_error in _THEIRS_DIFFER:
        return LeftOut.THEIRS_DIFFER
    return None


_NOT_DONE: Final = frozenset(DeliveryState) - {
    DeliveryState.CONFIRMED,
    DeliveryState.PENDING_RESULT,
    DeliveryState.REFUSED,
    DeliveryState.CANCELLED,
    DeliveryState.REPLAYED,
}


def _is_case_open(candidate: Candidate) -> bool:
    status = candidate.case_status
    if candidate.delivery.state is DeliveryState.REFUSED and status in _AFTER_REFUSAL:
        return True
    return status in OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One replay, as kept for good: who, when, why, of what. `id` is the page's, so that a second click adds nothing."""

    id: str
    system: str
    by: str
    who: str
    reason: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """One delivery of an act: what it was, and the new one as it stands now."""

    delivery: Delivery
    before_id: str
    before_state: DeliveryState
    way: Way


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAct:
    """An act with what came of it; `left_out` are pairs of case number and why."""

    act: Act
    renewed: Sequence[Renewed]
    left_out: Sequence[tuple[str, LeftOut]]
