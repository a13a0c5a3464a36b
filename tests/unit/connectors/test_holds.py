"""What people see of a delivery while its system is held."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.holds import Hold, as_shown, open_end
from connectors.ledger import Delivery, DeliveryState

AT = datetime(2026, 11, 23, 2, 3, 27, 500, tzinfo=UTC)
OPENS = AT + timedelta(hours=6)
WAITING = Delivery(
    id="d", submission_id="s", case_number="c", position=1, system="mz-elder", operation="ZLJ_APPLY", kind="submit",
    key="0a0a0a0a-0000-4000-8000-000000000000", state=DeliveryState.QUEUED, created_at=AT, next_attempt_at=AT,
)  # fmt: skip
CLOSED = Hold(operations=(), until=OPENS, reason="closed")


@pytest.mark.parametrize("state", ["queued", "wait", "held"])
def test_what_waits_is_held_until_the_promised_moment(state: str) -> None:
    shown = as_shown(replace(WAITING, state=DeliveryState(state)), {"mz-elder": [CLOSED]})
    assert (shown.state, shown.hold_reason, shown.next_attempt_at) == (DeliveryState.HELD, "closed", OPENS)


@pytest.mark.parametrize("state", ["sending", "probing", "desk", "invalid", "pending_result", "confirmed", "cancelled"])
def test_what_does_not_wait_to_be_sent_is_as_it_is(state: str) -> None:
    delivery = replace(WAITING, state=DeliveryState(state))
    assert as_shown(delivery, {"mz-elder": [CLOSED]}) == delivery


def test_a_hold_of_another_system_or_operation_changes_nothing() -> None:
    other = replace(CLOSED, operations=("YLFW_BT",))
    assert as_shown(WAITING, {"mz-assist": [CLOSED], "mz-elder": [other]}) == WAITING


def test_of_several_holds_the_longest_is_promised() -> None:
    breaker = Hold(operations=(), until=AT + timedelta(seconds=30), reason="breaker")
    assert as_shown(WAITING, {"mz-elder": [breaker, CLOSED]}).next_attempt_at == OPENS


def test_who_waits_longer_by_itself_keeps_its_own_moment() -> None:
    later = replace(WAITING, state=DeliveryState.WAIT, next_attempt_at=OPENS + timedelta(seconds=1))
    assert as_shown(later, {"mz-elder": [CLOSED]}) == later


def test_a_hold_without_an_end_promises_the_same_moment_for_minutes() -> None:
    ends = {open_end(AT + timedelta(seconds=n), timedelta(minutes=30)) for n in range(60)}
    assert ends == {datetime(2026, 11, 23, 2, 30, tzinfo=UTC)}
    assert open_end(AT + timedelta(minutes=2), timedelta(minutes=30)) == datetime(2026, 11, 23, 2, 35, tzinfo=UTC)
