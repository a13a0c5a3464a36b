"""Shifts, backoff and what a try comes to; pure."""

from datetime import UTC, datetime, time, timedelta

import pytest

from idp.protocol.logout import BACKOFF, DeliveryState, ends_offline_access, settle
from idp.protocol.session import Ending, window_name
from idp.protocol.shift import next_shift_end, parse_shift_ends

NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # nine in the morning in Shanghai
ENDS = (time(12, 0), time(17, 30))


@pytest.mark.parametrize(
    ("after", "hours"), [(timedelta(), 3), (timedelta(hours=3), 8.5), (timedelta(hours=8, minutes=30), 27)]
)
def test_a_shift_ends_at_the_next_of_its_times_in_shanghai(after: timedelta, hours: float) -> None:
    assert next_shift_end(NINE + after, ENDS) == NINE + timedelta(hours=hours)


def test_without_shifts_nothing_ends() -> None:
    assert next_shift_end(NINE, parse_shift_ends("")) is None


def test_shift_ends_are_read_in_order_and_once() -> None:
    assert parse_shift_ends(" 17:30,12:00 ,12:00") == ENDS


@pytest.mark.parametrize("text", ["24:00", "9:00", "noon", "12:00;17:30", "12:60"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time of day"):
        parse_shift_ends(text)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, DeliveryState.ENDED), (204, DeliveryState.ENDED), (202, DeliveryState.REFUSED), (301, DeliveryState.REFUSED),
        (400, DeliveryState.REFUSED), (501, DeliveryState.QUEUED), (503, DeliveryState.QUEUED), (429, DeliveryState.QUEUED),
        (408, DeliveryState.QUEUED), (None, DeliveryState.QUEUED),
    ],
)  # fmt: skip
def test_an_answer_settles_a_delivery(status: int | None, state: DeliveryState) -> None:
    assert settle(status, 1, at=NINE).state is state


def test_every_try_waits_longer_than_the_one_before() -> None:
    waits = [settle(None, tries, at=NINE).next_try_at for tries in range(1, len(BACKOFF) + 1)]
    assert waits == sorted(w for w in waits if w)
    assert settle(None, len(BACKOFF) + 1, at=NINE).state is DeliveryState.GIVEN_UP


@pytest.mark.parametrize(
    ("reason", "window", "ends"),
    [
        (Ending.SIGNED_OUT, "", False), (Ending.SIGNED_OUT, "3", True), (Ending.SHIFT_END, "", False),
        (Ending.SHIFT_END, "3", True), (Ending.HANDED_OVER, "", True), (Ending.ACCOUNT_STOPPED, "", True),
        (Ending.LOCKED, "3", False), (Ending.EXPIRED, "3", False),
    ],
)  # fmt: skip
def test_offline_access_ends_where_somebody_else_stands_next(reason: Ending, window: str, ends: bool) -> None:
    assert ends_offline_access(reason, window) is ends


@pytest.mark.parametrize(
    ("text", "kept"),
    [(" 3 号 ", "3 号"), ("a\x00b\n", "ab"), ("\u202e12\u200b", "12"), ("x" * 40, "x" * 32), ("", ""), ("\ud800", "")],
)
def test_a_windows_name_is_one_short_visible_line(text: str, kept: str) -> None:
    assert window_name(text) == kept
