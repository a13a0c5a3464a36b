"""What waits for a person, what was not taken and goes again, and what a probe finds refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.engine import AUTH_HOLD, Found, decide, decide_probe, is_fault
from connectors.inbound import apply_event
from connectors.lane import NEVER_LEFT
from connectors.ledger import Delivery, DeliveryState, InboundEvent
from connectors.outcomes import AWAITS_PERSON, Outcome, OutcomeClass
from connectors.spec import load_system
from tests.unit.connectors.test_delivery_engine import AT, DELIVERY, policy

TAX = load_system(Path(__file__).parents[3] / "config" / "systems" / "tax-ssf.yaml").spec


def busy(status: str = "SYS-BUSY") -> InboundEvent:
    return InboundEvent(
        system="tax-ssf",
        event_id="m-1",
        source="results",
        our_number="c",
        department_number="",
        status=status,
        received_at=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
    )


def pending(**changed: object) -> Delivery:
    return replace(DELIVERY, state=DeliveryState.PENDING_RESULT, **changed)  # type: ignore[arg-type]


def test_what_waits_for_a_person_is_held_and_uses_no_attempt() -> None:
    outcome = Outcome(kind=OutcomeClass.AUTH, error=AWAITS_PERSON)
    result = decide(DELIVERY, outcome, policy(), at=AT, jitter=0.0)
    assert (result.state, result.hold_reason, result.counts) == (DeliveryState.HELD, "person", False)
    assert AWAITS_PERSON in NEVER_LEFT  # the breaker hears nothing of it


def test_refused_credentials_stay_another_matter() -> None:
    outcome = Outcome(kind=OutcomeClass.AUTH, error="log_in")
    result = decide(DELIVERY, outcome, policy(), at=AT, jitter=0.0)
    assert (result.hold_reason, result.next_attempt_at) == ("auth", AT + AUTH_HOLD)
    assert is_fault(outcome)


def test_what_was_not_taken_goes_again_later() -> None:
    applied = apply_event(pending(), busy(), TAX, at=AT)
    assert (applied.state, applied.reports, applied.desk) == (DeliveryState.WAIT, (), None)
    assert applied.next_attempt_at is not None
    assert applied.next_attempt_at > AT


@pytest.mark.parametrize(
    "delivery",
    [
        pending(their_status="PROCESSING"),
        replace(DELIVERY, state=DeliveryState.CONFIRMED),
        replace(DELIVERY, state=DeliveryState.WAIT),
    ],
)
def test_a_busy_that_comes_too_late_changes_nothing(delivery: Delivery) -> None:
    applied = apply_event(delivery, busy(), TAX, at=AT + timedelta(hours=1))
    assert (applied.state, applied.reports, applied.next_attempt_at) == (delivery.state, (), None)


def test_any_other_word_is_a_result() -> None:
    applied = apply_event(pending(), busy("SUCCESS"), TAX, at=AT)
    assert (applied.state, applied.reports) == (DeliveryState.CONFIRMED, ("completed_approved",))


def test_a_probe_that_finds_a_refusal_is_a_refusal() -> None:
    refused = Outcome(kind=OutcomeClass.REFUSED, message="该人员在其他单位正常参保")
    result = decide_probe(DELIVERY, Found(outcome=refused), policy("sync"), 5, at=AT, jitter=0.0)
    assert (result.state, result.reports) == (DeliveryState.REFUSED, ("completed_refused",))
