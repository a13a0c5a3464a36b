"""What follows from an outcome: the table of nine classes, patience, unknowns, the breaker."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.engine import (
    AskPerson,
    BreakerState,
    CantTell,
    Found,
    LookUp,
    NotFound,
    Policy,
    Resend,
    backoff,
    breaker_after,
    decide,
    decide_probe,
    resolve_unknown,
)
from connectors.expression import Expression
from connectors.ledger import Delivery, DeliveryState, DeskReason
from connectors.mapping import ObjectOf
from connectors.outcomes import Outcome, OutcomeClass
from connectors.predicates import parse_predicate
from connectors.spec_models import Breaker, DeliverySpec, Retry
from connectors.system import Operation, Poll, Request

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NOTHING = Expression(path=(), literal="", steps=())
REQUEST = Request(
    method="POST", path=("/x",), query=ObjectOf({}), headers=ObjectOf({}), body=None, envelope=None, required=()
)
POLL = Poll(
    request=REQUEST,
    found=parse_predicate("true"),
    status=NOTHING,
    message=None,
    department_number=None,
    occurred_at=None,
    facts={},
    every_seconds=60,
    most_per_tick=10,
)
DELIVERY = Delivery(
    id="d",
    submission_id="s",
    case_number="c",
    position=1,
    system="x",
    operation="OP",
    kind="submit",
    key="9598afd3-0d29-4c05-9302-ddfe9ad6af15",
    state=DeliveryState.SENDING,
    created_at=AT,
    attempts=1,
)


def policy(mode: str = "async", *, polled: bool = False) -> Policy:
    operation = Operation(
        name="OP",
        title="",
        mode="sync" if mode == "sync" else "async",
        request=REQUEST,
        outcomes=(),
        resend_unknown="never",
    )
    return Policy(
        operation=operation,
        delivery=DeliverySpec(retry=Retry(first_seconds=2, most_seconds=100, give_up_days=21)),
        poll=POLL if polled else None,
    )


def outcome(kind: str, **more: object) -> Outcome:
    return Outcome(kind=OutcomeClass(kind), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "mode", "state", "reports"),
    [
        ("accepted", "sync", "confirmed", ("submitted", "completed_approved")),
        ("duplicate", "sync", "confirmed", ("submitted", "completed_approved")),
        ("pending", "sync", "pending_result", ("submitted",)),
        ("accepted", "async", "pending_result", ("submitted",)),
        ("duplicate", "async", "pending_result", ("submitted",)),
        ("pending", "async", "pending_result", ("submitted",)),
        ("refused", "async", "refused", ("completed_refused",)),
        ("invalid", "async", "invalid", ()),
        ("auth", "async", "held", ()),
        ("throttled", "async", "held", ()),
        ("transient", "async", "wait", ()),
        ("unknown", "async", "unknown", ()),
    ],
)
def test_each_class_leads_to_its_state(kind: str, mode: str, state: str, reports: tuple[str, ...]) -> None:
    result = decide(DELIVERY, outcome(kind), policy(mode), at=AT, jitter=0.5)
    assert (result.state.value, tuple(result.reports)) == (state, reports)


def test_holding_uses_no_attempt_and_waits_as_long_as_told() -> None:
    result = decide(DELIVERY, outcome("throttled", retry_after_seconds=30), policy(), at=AT, jitter=0.0)
    assert (result.counts, result.next_attempt_at, result.hold_reason) == (
        False,
        AT + timedelta(seconds=30),
        "throttled",
    )


def test_a_status_in_the_answer_moves_the_case_and_a_final_one_ends_the_delivery() -> None:
    result = decide(DELIVERY, outcome("accepted", status="completed_refused"), policy("sync"), at=AT, jitter=0)
    assert (result.state, tuple(result.reports)) == (DeliveryState.CONFIRMED, ("submitted", "completed_refused"))
    result = decide(DELIVERY, outcome("accepted", status="in_review"), policy(polled=True), at=AT, jitter=0)
    assert (result.state, result.next_poll_at) == (DeliveryState.PENDING_RESULT, AT + timedelta(seconds=60))


def test_an_unmapped_status_of_a_sync_operation_is_not_taken_for_success() -> None:
    result = decide(DELIVERY, outcome("accepted", unmapped_status="Q7"), policy("sync"), at=AT, jitter=0)
    assert (result.state, tuple(result.reports), result.desk) == (
        DeliveryState.PENDING_RESULT,
        ("submitted",),
        DeskReason.UNMAPPED_STATUS,
    )


def test_what_the_department_cannot_read_is_on_somebodys_desk() -> None:
    assert decide(DELIVERY, outcome("invalid"), policy(), at=AT, jitter=0).desk is DeskReason.INVALID


def test_retries_outlive_a_ten_day_holiday_and_then_a_person_takes_over() -> None:
    waited = replace(DELIVERY, attempts=900)
    after = decide(waited, outcome("transient"), policy(), at=AT + timedelta(days=10), jitter=0.9)
    assert (after.state, after.desk) == (DeliveryState.WAIT, None)
    after = decide(waited, outcome("transient"), policy(), at=AT + timedelta(days=21), jitter=0.9)
    assert (after.state, after.desk) == (DeliveryState.DESK, DeskReason.GAVE_UP)
    after = decide(waited, outcome("unknown"), policy(), at=AT + timedelta(days=21), jitter=0.9)
    assert (after.state, after.desk) == (DeliveryState.DESK, DeskReason.UNKNOWN)


def test_waits_double_up_to_the_most_and_are_spread() -> None:
    retry = Retry(first_seconds=2, most_seconds=100)
    assert [backoff(n, retry, 1.0).total_seconds() for n in (1, 2, 3, 10, 10_000)] == [2, 4, 8, 100, 100]
    assert backoff(3, retry, 0.0).total_seconds() == 4


def test_a_withdrawal_moves_no_case_and_a_refused_one_needs_a_person() -> None:
    withdrawal = replace(DELIVERY, kind="withdraw")
    done = decide(withdrawal, outcome("accepted"), policy("sync"), at=AT, jitter=0)
    assert (done.state, tuple(done.reports)) == (DeliveryState.CONFIRMED, ())
    refused = decide(withdrawal, outcome("refused"), policy("sync"), at=AT, jitter=0)
    assert (refused.desk, tuple(refused.reports)) == (DeskReason.DEPARTMENT_ERROR, ())


def test_an_unknown_is_resent_only_where_they_dedupe() -> None:
    assert isinstance(resolve_unknown("dedupe", 5, last_sent_at=AT), Resend)
    assert resolve_unknown("probe", 5, last_sent_at=AT) == LookUp(not_before=AT + timedelta(seconds=5))
    assert isinstance(resolve_unknown("never", 5, last_sent_at=AT), AskPerson)


def test_a_probe_finds_it_or_not_or_cannot_tell() -> None:
    probed = replace(DELIVERY, state=DeliveryState.PROBING, probes=1)
    found = Found(outcome=outcome("duplicate", department_number="D-1"))
    assert decide_probe(probed, found, policy(), 3, at=AT, jitter=0).state is DeliveryState.PENDING_RESULT
    missing = NotFound(outcome=outcome("transient"))
    assert decide_probe(probed, missing, policy(), 3, at=AT, jitter=0).state is DeliveryState.QUEUED
    unclear = CantTell(outcome=outcome("unknown"))
    assert decide_probe(probed, unclear, policy(), 3, at=AT, jitter=0).state is DeliveryState.UNKNOWN
    last = decide_probe(replace(probed, probes=3), unclear, policy(), 3, at=AT, jitter=0)
    assert (last.state, last.desk) == (DeliveryState.DESK, DeskReason.UNKNOWN)


def test_a_department_that_cannot_be_reached_is_waited_for_not_handed_to_a_person() -> None:
    probed = replace(DELIVERY, state=DeliveryState.PROBING, probes=40)
    away = CantTell(outcome=outcome("transient"))
    assert decide_probe(probed, away, policy(), 3, at=AT, jitter=0).state is DeliveryState.UNKNOWN


BREAKER = Breaker(faults=3, open_seconds=30, most_open_seconds=100)


def after(state: BreakerState, *kinds: str, at: datetime = AT) -> BreakerState:
    for kind in kinds:
        state = breaker_after(state, outcome(kind), BREAKER, at=at)
    return state


def test_so_many_faults_in_a_row_open_the_breaker() -> None:
    assert after(BreakerState(), "transient", "unknown").stands(AT) == "closed"
    opened = after(BreakerState(), "transient", "unknown", "transient")
    assert (opened.stands(AT), opened.open_until) == ("open", AT + timedelta(seconds=30))
    assert opened.stands(AT + timedelta(seconds=30)) == "half_open"


@pytest.mark.parametrize("kind", ["accepted", "duplicate", "pending", "refused", "invalid", "throttled"])
def test_any_answer_that_shows_the_system_lives_closes_it(kind: str) -> None:
    opened = after(BreakerState(), "transient", "transient", "transient")
    assert after(opened, kind, at=AT + timedelta(seconds=31)) == BreakerState()


def test_a_failed_probe_opens_it_for_longer_up_to_the_most() -> None:
    state, at, lengths = after(BreakerState(), "transient", "transient", "transient"), AT, []
    for _ in range(3):
        assert state.open_until is not None
        at = state.open_until
        state = after(state, "transient", at=at)
        assert state.open_until is not None
        lengths.append((state.open_until - at).total_seconds())
    assert lengths == [60, 100, 100]


def test_refused_credentials_open_it_at_once() -> None:
    assert after(BreakerState(), "auth").stands(AT) == "open"


def test_a_late_fault_of_something_already_on_its_way_does_not_lengthen_an_open_breaker() -> None:
    opened = after(BreakerState(), "transient", "transient", "transient")
    assert after(opened, "transient").open_until == opened.open_until


def test_the_serial_is_twenty_digits_and_always_the_same() -> None:
    assert len(DELIVERY.serial) == 20
    assert DELIVERY.serial.isdigit()
    assert replace(DELIVERY, attempts=9).serial == DELIVERY.serial
