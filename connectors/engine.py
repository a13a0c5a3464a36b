"""What happens to a delivery after an outcome: pure rules, no clock, no chance and no I/O of their own.

`at` is the moment, `jitter` a number from 0 to 1 that spreads waiting deliveries, both passed in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, assert_never

from connectors.ledger import Delivery, DeliveryState, DeskReason, Result
from connectors.outcomes import AWAITS_PERSON, DELIVERED, Outcome, OutcomeClass, StatusWord
from connectors.spec_models import Breaker, DeliverySpec, Retry
from connectors.system import Operation, Poll, ResendUnknown

AUTH_HOLD = timedelta(minutes=5)
PERSON_HOLD = timedelta(minutes=30)
"""Only a bound: what waits for a person is released the moment that person is done."""
THROTTLE_HOLD = timedelta(seconds=5)
LEAST_WAIT = timedelta(milliseconds=50)
FINAL_WORDS: frozenset[StatusWord] = frozenset(
    {"completed_approved", "completed_refused", "returned", "not_accepted", "transferred"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the spec says about one delivery: pace and patience, and how its result comes.

    `settles` is how long after an attempt ended a lookup can't be believed: what was given up may still be at work there.
    """

    operation: Operation
    delivery: DeliverySpec
    poll: Poll | None = None
    settles: timedelta = timedelta(0)


def decide(delivery: Delivery, outcome: Outcome, policy: Policy, *, at: datetime, jitter: float) -> Result:
    """Return the delivery's next state after an attempt to send it. `delivery.attempts` counts this one already."""
    match outcome.kind:
        case OutcomeClass.ACCEPTED | OutcomeClass.DUPLICATE | OutcomeClass.PENDING:
            return _taken(delivery, outcome, policy, at=at)
        case OutcomeClass.REFUSED:
            return _refused(delivery, outcome)
        case OutcomeClass.INVALID:
            return Result(state=DeliveryState.INVALID, outcome=outcome, desk=DeskReason.INVALID)
        case OutcomeClass.AUTH if outcome.error == AWAITS_PERSON:
            return _held(outcome, "person", at + PERSON_HOLD)
        case OutcomeClass.AUTH:
            return _held(outcome, "auth", at + AUTH_HOLD)
        case OutcomeClass.THROTTLED:
            return _held(outcome, "throttled", at + _told(outcome, THROTTLE_HOLD, jitter))
        case OutcomeClass.TRANSIENT:
            return _again(delivery, outcome, policy.delivery.retry, at=at, jitter=jitter)
        case OutcomeClass.UNKNOWN:
            if is_past_patience(delivery, policy.delivery.retry, at):
                return Result(state=DeliveryState.DESK, outcome=outcome, desk=DeskReason.UNKNOWN)
            wait = max(backoff(delivery.attempts, policy.delivery.retry, jitter), policy.settles)
            return Result(state=DeliveryState.UNKNOWN, outcome=outcome, next_attempt_at=at + wait)
        case _:
            assert_never(outcome.kind)


def _taken(delivery: Delivery, outcome: Outcome, policy: Policy, *, at: datetime) -> Result:
    if delivery.kind == "withdraw":
        return Result(state=DeliveryState.CONFIRMED, outcome=outcome)
    reports: list[StatusWord] = ["submitted"]
    word = outcome.status
    is_done = outcome.kind is not OutcomeClass.PENDING and not outcome.unmapped_status
    if policy.operation.mode == "sync" and word is None and is_done:
        word = "completed_approved"
    if word is not None and word not in ("pending", "submitted", "error"):
        reports.append(word)
    desk = desk_for(word, outcome.unmapped_status)
    is_final = word in FINAL_WORDS
    return Result(
        state=DeliveryState.CONFIRMED if is_final else DeliveryState.PENDING_RESULT,
        outcome=outcome,
        reports=tuple(reports),
        desk=desk,
        next_poll_at=None if is_final or policy.poll is None else at + timedelta(seconds=policy.poll.every_seconds),
    )


def desk_for(word: StatusWord | None, unmapped: str) -> DeskReason | None:
    """Return why a person has to look at a reported status; None when nobody has to."""
    if unmapped:
        return DeskReason.UNMAPPED_STATUS
    return DeskReason.DEPARTMENT_ERROR if word == "error" else None


def _refused(delivery: Delivery, outcome: Outcome) -> Result:
    if delivery.kind in ("withdraw", "event"):
        # The applicant took it back, or somebody died, and the department goes on: a person has to talk to them.
        return Result(state=DeliveryState.REFUSED, outcome=outcome, desk=DeskReason.DEPARTMENT_ERROR)
    word = outcome.status
    reported = word if word is not None and word not in ("pending", "error") else "completed_refused"
    return Result(state=DeliveryState.REFUSED, outcome=outcome, reports=(reported,))


def _held(outcome: Outcome, reason: Literal["auth", "throttled", "person"], until: datetime) -> Result:
    return Result(state=DeliveryState.HELD, outcome=outcome, next_attempt_at=until, counts=False, hold_reason=reason)


def _told(outcome: Outcome, otherwise: timedelta, jitter: float) -> timedelta:
    told = outcome.retry_after_seconds
    wait = otherwise if told is None else timedelta(seconds=told)
    return max(wait, LEAST_WAIT) + timedelta(seconds=jitter)


def _again(delivery: Delivery, outcome: Outcome, retry: Retry, *, at: datetime, jitter: float) -> Result:
    if is_past_patience(delivery, retry, at):
        return Result(state=DeliveryState.DESK, outcome=outcome, desk=DeskReason.GAVE_UP)
    wait = backoff(delivery.attempts, retry, jitter)
    if outcome.retry_after_seconds is not None:
        wait = max(wait, timedelta(seconds=outcome.retry_after_seconds))
    return Result(state=DeliveryState.WAIT, outcome=outcome, next_attempt_at=at + wait)


def is_past_patience(delivery: Delivery, retry: Retry, at: datetime) -> bool:
    """Tell whether a delivery has waited for as long as the policy allows; a person takes over then."""
    return at - delivery.created_at >= timedelta(days=retry.give_up_days)


def backoff(attempts: int, retry: Retry, jitter: float) -> timedelta:
    """Return the wait after so many attempts: doubling, capped, spread over its upper half by `jitter`."""
    doubled = min(retry.first_seconds * 2.0 ** min(max(attempts - 1, 0), 40), retry.most_seconds)
    return max(timedelta(seconds=doubled * (0.5 + jitter / 2)), LEAST_WAIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resend:
    """They dedupe by our key: sending again is safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """Ask them, not before `not_before`, so that "not found" can be believed."""

    not_before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPerson:
    """Neither is possible: a person asks the department."""


def resolve_unknown(
    resend: ResendUnknown, settle_seconds: float, *, last_sent_at: datetime
) -> Resend | LookUp | AskPerson:
    """Return how to find out about a delivery that may have arrived; `last_sent_at` is when it last may have left."""
    match resend:
        case "dedupe":
            return Resend()
        case "probe":
            return LookUp(not_before=last_sent_at + timedelta(seconds=settle_seconds))
        case "never":
            return AskPerson()
        case _:
            assert_never(resend)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """They have it; `outcome` carries their number and status."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """They don't have it."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CantTell:
    """No answer, or one that says neither."""

    outcome: Outcome


ProbeAnswer = Found | NotFound | CantTell


def decide_probe(
    delivery: Delivery, answer: ProbeAnswer, policy: Policy, tries: int, *, at: datetime, jitter: float
) -> Result:
    """Return the delivery's next state after looking it up. `delivery.probes` counts this one already."""
    match answer:
        case Found(outcome=outcome) if outcome.kind is OutcomeClass.REFUSED:
            return _refused(delivery, outcome)
        case Found(outcome=outcome):
            return _taken(delivery, outcome, policy, at=at)
        case NotFound(outcome=outcome):
            return Result(state=DeliveryState.QUEUED, outcome=outcome, next_attempt_at=at, counts=False)
        case CantTell(outcome=outcome):
            # A department that can't be reached is waited for; one that answers neither yes nor no is asked by a person.
            is_unclear = delivery.probes >= tries and outcome.kind is not OutcomeClass.TRANSIENT
            if is_unclear or is_past_patience(delivery, policy.delivery.retry, at):
                return Result(state=DeliveryState.DESK, outcome=outcome, desk=DeskReason.UNKNOWN, counts=False)
            wait = backoff(delivery.probes, policy.delivery.retry, jitter)
            return Result(state=DeliveryState.UNKNOWN, outcome=outcome, next_attempt_at=at + wait, counts=False)
        case _:
            assert_never(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerState:
    """How a system's breaker stands: `faults` in a row; open until `open_until`; `trips` lengthen the next opening."""

    faults: int = 0
    trips: int = 0
    open_until: datetime | None = None
    probing_until: datetime | None = None
    last_error: str = ""

    def stands(self, at: datetime) -> Literal["closed", "open", "half_open"]:
        if self.open_until is None:
            return "closed"
        return "open" if at < self.open_until else "half_open"


def is_fault(outcome: Outcome) -> bool:
    """Tell whether an outcome speaks against the system's health; a business answer never does."""
    return outcome.kind in (OutcomeClass.TRANSIENT, OutcomeClass.UNKNOWN, OutcomeClass.AUTH)


def breaker_after(state: BreakerState, outcome: Outcome, policy: Breaker, *, at: datetime) -> BreakerState:
    """Return the breaker after an outcome: one good answer closes it, `policy.faults` bad ones in a row open it."""
    if outcome.kind in DELIVERED or not is_fault(outcome):
        return BreakerState()
    faults = state.faults + 1
    half_open = state.stands(at) == "half_open"
    if not half_open and faults < policy.faults and outcome.kind is not OutcomeClass.AUTH:
        return BreakerState(faults=faults, trips=state.trips, open_until=state.open_until, last_error=_word(outcome))
    if state.stands(at) == "open":
        return BreakerState(faults=faults, trips=state.trips, open_until=state.open_until, last_error=_word(outcome))
    seconds = min(policy.open_seconds * 2.0 ** min(state.trips, 20), policy.most_open_seconds)
    return BreakerState(
        faults=faults,
        trips=state.trips + 1,
        open_until=at + timedelta(seconds=seconds),
        last_error=_word(outcome),
    )


def _word(outcome: Outcome) -> str:
    return outcome.error or (f"http_{outcome.http_status}" if outcome.http_status else outcome.kind.value)
