"""What `onewindow demo` sets up before anything listens."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.clock import SHANGHAI
from config.settings import Settings
from demo.ground.entry import load_entries
from demo.launch import demo_environment, hours_offset
from demo.pages.department import HOURS

AT = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "at",
    [
        AT,
        datetime(2026, 12, 31, 3, tzinfo=UTC),
        datetime(2027, 1, 1, 0, tzinfo=UTC),
        datetime(2026, 2, 18, 5, tzinfo=UTC),  # in the Spring Festival
        datetime(2028, 7, 1, 5, tzinfo=UTC),  # a year nobody announced yet
    ],
)
def test_the_departments_day_begins_at_ten_when_all_of_them_are_open(at: datetime) -> None:
    begins = (at + hours_offset(at)).astimezone(SHANGHAI)
    assert (begins.hour, begins.minute) == (10, 0)
    assert begins <= at + timedelta(days=1)
    assert all(hours.open_at(begins) for hours in HOURS.values())


def test_real_hours_can_be_asked_for(tmp_path: Path) -> None:
    asked = {"ONEWINDOW_VAR_DIR": str(tmp_path), "ONEWINDOW_DEMO_HOURS": "real"}
    assert demo_environment(8000, asked, at=AT)["ONEWINDOW_DEPARTMENT_CLOCK_OFFSET_SECONDS"] == "0.0"


def test_the_environment_makes_settings_on_loopback_with_an_address_for_every_system(tmp_path: Path) -> None:
    environment = demo_environment(9000, {"ONEWINDOW_VAR_DIR": str(tmp_path)}, at=AT)
    settings = Settings.from_env(environment)
    assert settings.demo
    assert settings.host == "127.0.0.1"
    assert settings.base_url == "http://127.0.0.1:9000"
    addresses = (tmp_path / "endpoints.yaml").read_text()
    for index, entry in enumerate(load_entries()):
        assert f"{entry.id}: http://127.0.0.1:{9100 + index}" in addresses


def test_addresses_a_person_added_stay_and_those_of_the_simulated_systems_are_written_anew(tmp_path: Path) -> None:
    (tmp_path / "endpoints.yaml").write_text(
        "mz-bus-card: https://cards.example\nmz-elder: http://127.0.0.1:1\ntax-ssf.queue: redis://127.0.0.1:1\n"
    )
    demo_environment(9000, {"ONEWINDOW_VAR_DIR": str(tmp_path)}, at=AT)
    addresses = (tmp_path / "endpoints.yaml").read_text()
    assert "mz-bus-card: https://cards.example\n" in addresses
    assert "http://127.0.0.1:1\n" not in addresses
    assert "redis://127.0.0.1:1\n" not in addresses


def test_a_second_start_keeps_the_secret_of_the_first(tmp_path: Path) -> None:
    first, second = (demo_environment(9000, {"ONEWINDOW_VAR_DIR": str(tmp_path)}, at=AT) for _ in range(2))
    assert first["ONEWINDOW_SECRET_KEY"] == second["ONEWINDOW_SECRET_KEY"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_what_the_caller_sets_stays(tmp_path: Path) -> None:
    asked = {"ONEWINDOW_VAR_DIR": str(tmp_path), "ONEWINDOW_LOG_LEVEL": "info", "OTHER": "x"}
    environment = demo_environment(9000, asked, at=AT)
    assert environment["ONEWINDOW_LOG_LEVEL"] == "info"
    assert "OTHER" not in environment
