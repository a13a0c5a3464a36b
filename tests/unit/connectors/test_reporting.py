"""From a department's words to an event: ids too long to keep still differ, and a poll names whom it was asked about."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from connectors.ledger import Awaited, Delivery, DeliveryState, InboundEvent
from connectors.polling import _event
from connectors.reporting import LONGEST_ID, kept_id

AT = datetime(2026, 11, 22, tzinfo=UTC)


def test_an_id_that_can_be_kept_stays_and_longer_ones_that_begin_alike_differ() -> None:
    assert kept_id("E-1") == "E-1"
    assert kept_id("x" * LONGEST_ID) == "x" * LONGEST_ID
    first, second = kept_id("x" * 150 + "1"), kept_id("x" * 150 + "2")
    assert first != second
    assert {len(first), len(second)} == {LONGEST_ID}


def test_what_a_poll_tells_goes_to_the_notice_that_was_asked_about() -> None:
    delivery = Delivery(
        id="d", submission_id="s", case_number="LD-1", position=2, system="mz-elder", operation="LD_END",
        kind="event", key="k", state=DeliveryState.PENDING_RESULT, created_at=AT, known_as="LD-1-2",
    )  # fmt: skip
    told = InboundEvent(
        system="mz-elder", event_id="", source="poll", our_number="", department_number="", status="30", received_at=AT
    )
    submission = cast(Any, SimpleNamespace())
    assert _event(told, Awaited(delivery=delivery, submission=submission)).our_number == "LD-1-2"
    first = replace(delivery, position=1, known_as="")
    assert _event(told, Awaited(delivery=first, submission=submission)).our_number == "LD-1"
