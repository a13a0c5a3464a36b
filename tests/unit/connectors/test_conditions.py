"""Which conditions an incident is opened for, and which stage of an expiry takes another's place."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.alarms import Alarm
from connectors.certificates import Sighting
from connectors.conditions import WATCHED, Seen, conditions, name_and_stage, superseded
from connectors.engine import BreakerState
from connectors.expiry import Expiry
from connectors.health import Stands, SystemStanding
from connectors.holds import Hold
from connectors.incidents import KINDS, IncidentKey
from connectors.ledger import DeskReason
from connectors.limits import Limits
from connectors.system_health import SystemHealth
from tests.doubles.house import make_system

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def standing(tmp_path: Path) -> SystemStanding:
    return SystemStanding(
        system=make_system(tmp_path),
        stands="open",
        opens_at=None,
        waiting=3,
        in_hand=0,
        awaiting_result=0,
        on_desk=0,
        health=SystemHealth(system="mz-elder"),
    )


def found(
    standing: SystemStanding, *, stands: Stands = "open", seen: dict[str, Any] | None = None, **health: Any
) -> dict[str, int]:
    now = replace(standing, stands=stands, health=replace(standing.health, **health))
    told = conditions(Seen(standing=now, **(seen or {})), at=AT, offset=timedelta(0), holiday_on=lambda day: "")
    return {f"{each.key.kind} {each.key.subject}".strip(): each.count for each in told}


def test_a_healthy_system_has_none(standing: SystemStanding) -> None:
    assert found(standing, oldest_waiting_at=AT - HOUR / 2) == {}


def test_what_an_incident_is_opened_for(standing: SystemStanding) -> None:
    assert found(standing, breaker=BreakerState(faults=5, open_until=AT + HOUR)) == {"breaker_open": 1}
    assert found(standing, breaker=BreakerState(faults=5, open_until=AT - HOUR)) == {"breaker_open": 1}  # half open
    assert found(standing, limits=Limits(count=4, soonest_on=date(2026, 11, 24), clears_at=AT)) == {"limit_at_risk": 4}
    assert found(standing, desk={DeskReason.UNKNOWN: 2, DeskReason.MANUAL: 9}) == {"unknown_on_desk": 2}
    assert found(standing, overdue=5) == {"desk_overdue": 5}
    assert found(standing, alarms=(Alarm(kind="not_taken", since=AT, count=7),)) == {"not_taken": 7}
    assert found(standing, seen={"to_ask": 6}) == {"reconciliation": 6}


def test_an_hour_of_opening_time_is_too_long_whatever_was_planned_is_not(standing: SystemStanding) -> None:
    since = AT - 2 * HOUR
    assert found(standing, oldest_waiting_at=since) == {"waiting_too_long": 3}
    assert found(standing, oldest_waiting_at=since, stands="maintenance") == {}
    for reason in ("maintenance", "budget"):
        assert (
            found(standing, oldest_waiting_at=since, holds=(Hold(operations=(), until=AT + HOUR, reason=reason),)) == {}
        )  # type: ignore[arg-type]


def test_closed_hours_are_no_wait(standing: SystemStanding, tmp_path: Path) -> None:
    hours = {"availability": {"opens": "09:30", "closes": "17:30"}}  # 10:00 there: half an hour open
    night = replace(standing, system=make_system(tmp_path, hours))
    assert found(night, oldest_waiting_at=AT - 12 * HOUR) == {}


def test_secrets_and_certificates_are_told_by_stage(standing: SystemStanding) -> None:
    secrets = [Expiry(name="a.key", ends_at=AT + 5 * DAY), Expiry(name="b.key", ends_at=AT + 90 * DAY)]
    sighting = Sighting(seen_at=AT, not_after=AT - DAY)
    assert found(standing, seen={"secrets": secrets}, certificate=sighting) == {
        "secret_expiry a.key@7": 5,
        "certificate_expiry https@1": 0,
    }


def test_a_graver_stage_takes_the_place_of_a_milder_one_of_the_same_secret() -> None:
    def key(subject: str) -> IncidentKey:
        return IncidentKey(system="mz-elder", kind="secret_expiry", subject=subject)

    assert superseded(key("a.key@30"), [key("a.key@7")])
    assert not superseded(key("a.key@7"), [key("a.key@30")])
    assert not superseded(key("a.key@30"), [key("b.key@7")])
    assert not superseded(key("a.key@30"), [])
    assert not superseded(IncidentKey(system="mz-elder", kind="breaker_open"), [key("a.key@7")])
    assert (name_and_stage("a.key@7"), name_and_stage("")) == (("a.key", 7), ("", None))


def test_every_kind_is_watched_or_left_to_who_finds_out() -> None:
    assert set(KINDS) - WATCHED == {"contract_drift"}
