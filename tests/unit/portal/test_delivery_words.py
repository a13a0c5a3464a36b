"""What clerk and applicant are told of a delivery that waits: the reason it has, and no other."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from connectors.ledger import Delivery, DeliveryState, HoldReason
from portal.api.citizen_view import citizen_view
from portal.delivery_words import delivery_line
from tests.unit.connectors.test_delivery_engine import DELIVERY
from tests.unit.portal_api.test_citizen_view import SYSTEMS, TAKEN, gone

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SHUT = frozenset({"closed"})
"""Only of these is it true that the department opens again."""


def held(reason: HoldReason) -> Delivery:
    return replace(DELIVERY, state=DeliveryState.HELD, hold_reason=reason, system="mz-elder")


@pytest.mark.parametrize("reason", get_args(HoldReason))
def test_a_clerk_reads_why_it_waits_and_what_ends_the_waiting(reason: HoldReason) -> None:
    line = delivery_line(held(reason), "养老系统", at=AT)
    assert ("开放后" in line.text) is (reason in SHUT)
    assert "自动" in line.text
    assert line.word


def test_a_department_that_cannot_be_reached_is_not_called_closed() -> None:
    case, events = gone(*TAKEN)
    told = {
        reason: citizen_view(
            case, events, [held(reason)], matter_name_en="", systems=SYSTEMS, due_on=None
        ).deliveries[0].text
        for reason in get_args(HoldReason)
    }  # fmt: skip
    assert "连接不上" in told["breaker"]
    assert "开放后" in told["closed"]
    assert {told[reason] for reason in ("auth", "budget", "throttled", "person")} == {
        "等待送往部门，会自动送出，不会丢失"
    }
