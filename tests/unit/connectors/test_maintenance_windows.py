"""Maintenance windows of one occasion: what is refused, and what the gate promises while one lasts."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.clock import SHANGHAI
from connectors.engine import BreakerState
from connectors.gate import closed, gate
from connectors.holds import Hold
from connectors.maintenance import FARTHEST, LONGEST, Announced, Window, check, ends_at
from tests.doubles.house import make_system


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


NOW = at("2026-11-23 10:00")
HOUR = timedelta(hours=1)
NONE = timedelta()


def window(begins: str, ends: str, system: str = "mz-elder") -> Window:
    return Window(
        id="w", system=system, begins_at=at(begins), ends_at=at(ends), reason="升级", set_by="owner-1", set_at=NOW
    )


def held(tmp_path: Path, *windows: Window, when: datetime = NOW, offset: timedelta = NONE, **spec: Any) -> list[Hold]:
    system = make_system(tmp_path, spec)
    return list(closed(system, at=when, offset=offset, holiday_on=lambda day: "", windows=windows))


@pytest.mark.parametrize(
    ("begins", "ends", "reason", "wrong"),
    [
        (NOW, NOW + HOUR, "升级", None),
        (NOW - HOUR, NOW + HOUR, "升级", None),
        (NOW, NOW + LONGEST, "升级", None),
        (NOW + HOUR, NOW + HOUR, "升级", "not_after"),
        (NOW + HOUR, NOW, "升级", "not_after"),
        (NOW - 2 * HOUR, NOW, "升级", "over"),
        (NOW, NOW + LONGEST + HOUR, "升级", "too_long"),
        (NOW + FARTHEST + HOUR, NOW + FARTHEST + 2 * HOUR, "升级", "too_far"),
        (NOW, NOW + HOUR, "  ", "reason"),
        (NOW, NOW + HOUR, "长" * 201, "reason"),
    ],
)
def test_a_window_that_does_not_hold_is_told_why(
    begins: datetime, ends: datetime, reason: str, wrong: str | None
) -> None:
    assert check(begins, ends, reason, at=NOW) == wrong


def test_outside_a_window_nothing_is_held(tmp_path: Path) -> None:
    later = window("2026-11-23 12:00", "2026-11-23 13:00")
    assert held(tmp_path, later) == []
    assert held(tmp_path, later, when=at("2026-11-23 13:00")) == []


def test_a_window_holds_everything_until_it_ends(tmp_path: Path) -> None:
    (hold,) = held(tmp_path, window("2026-11-23 09:00", "2026-11-23 12:30"))
    assert (hold.operations, hold.until, hold.reason) == ((), at("2026-11-23 12:30"), "maintenance")


def test_a_window_that_ends_in_closed_hours_promises_the_opening(tmp_path: Path) -> None:
    hours = {"opens": "08:30", "closes": "17:30"}
    (hold,) = held(tmp_path, window("2026-11-23 09:00", "2026-11-23 20:00"), availability=hours)
    assert (hold.until, hold.reason) == (at("2026-11-24 08:30"), "maintenance")


def test_closed_hours_before_a_window_promise_its_end(tmp_path: Path) -> None:
    hours = {"opens": "08:30", "closes": "17:30"}
    nine = window("2026-11-23 08:00", "2026-11-23 09:15")
    (hold,) = held(tmp_path, nine, when=at("2026-11-23 07:00"), availability=hours)
    assert (hold.until, hold.reason) == (at("2026-11-23 09:15"), "closed")


def test_windows_without_a_gap_are_one(tmp_path: Path) -> None:
    two = (window("2026-11-23 11:00", "2026-11-23 12:00"), window("2026-11-23 09:00", "2026-11-23 11:00"))
    (hold,) = held(tmp_path, *two)
    assert hold.until == at("2026-11-23 12:00")
    assert ends_at(two, at("2026-11-23 08:00")) == at("2026-11-23 08:00")


def test_windows_are_in_our_time_also_where_departments_run_ahead(tmp_path: Path) -> None:
    hours = {"opens": "08:30", "closes": "17:30"}
    (hold,) = held(
        tmp_path, window("2026-11-23 09:00", "2026-11-23 12:00"), offset=timedelta(hours=4), availability=hours
    )
    assert hold.until == at("2026-11-23 12:00")  # 16:00 there, and open
    (hold,) = held(
        tmp_path, window("2026-11-23 09:00", "2026-11-23 14:00"), offset=timedelta(hours=4), availability=hours
    )
    assert hold.until == at("2026-11-24 04:30")  # closed there from 17:30, open again at 08:30


def test_in_a_window_the_gate_is_shut_and_the_breaker_is_not_asked(tmp_path: Path) -> None:
    shut = gate(
        make_system(tmp_path),
        BreakerState(),
        at=NOW,
        offset=NONE,
        holiday_on=lambda day: "",
        windows=[window("2026-11-23 09:00", "2026-11-23 12:30")],
    )
    assert (shut.is_shut, shut.is_probe) == (True, False)


def test_a_process_goes_by_the_windows_it_last_read() -> None:
    announced = Announced()
    assert announced.of("mz-elder") == ()
    announced.see([window("2026-11-23 09:00", "2026-11-23 12:30"), window("2026-11-24 09:00", "2026-11-24 10:00")])
    assert [each.begins_at.day for each in announced.of("mz-elder")] == [23, 24]
    assert announced.of("rs-card") == ()
    announced.see([])
    assert announced.of("mz-elder") == ()
