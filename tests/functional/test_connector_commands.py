"""`onewindow connector …` as an owner types it: coverage, examples, comparison, dry run, reconciliations."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from connectors import replay_commands  # noqa: F401 - adds `replay`
from connectors.commands import connector_cli
from connectors.reconciliation import Comparison, Difference, Repair
from tests.doubles.house import CLERK, ELDER, MONDAY, application, make_house
from tests.doubles.stopped import UNREADABLE, stopped

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "config/systems/mz-elder.yaml"


def typed(*words: object) -> tuple[int, str]:
    """Type a command that needs no installation; return its exit code and what it said."""
    done = CliRunner().invoke(connector_cli, [str(word) for word in words])
    return done.exit_code, done.output


def typed_there(installation: Path, *words: object) -> tuple[int, str]:
    """Type a command that reads the settings of an installation: in a process of its own, for it sets up logs."""
    done = subprocess.run(
        [sys.executable, ROOT / "onewindow.py", "connector", *(str(word) for word in words)],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "ONEWINDOW_SECRET_KEY": "kJ8sd92mZqpW03nvXcY71LrTbHfGe5Ua-Io",
            "ONEWINDOW_DATABASE_URL": f"sqlite+aiosqlite:///{installation / 'onewindow.db'}",
            "ONEWINDOW_VAR_DIR": str(installation),
            "ONEWINDOW_LOG_LEVEL": "warning",
        },
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    directory = tmp_path / "systems"
    directory.mkdir()
    (directory / SPEC.name).write_text(SPEC.read_text("utf-8"), "utf-8")
    return directory


def changed(specs: Path, old: str, new: str) -> Path:
    file = specs / SPEC.name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    return file


def test_coverage_holds_for_every_system_declared_here() -> None:
    code, told = typed("coverage")
    assert code == 0
    assert "mz-elder ZLJ_APPLY ← 05-elder-respect-allowance: 通过 holds" in told


def test_coverage_is_refused_when_a_mandatory_field_has_no_source(specs: Path) -> None:
    changed(specs, "hukouRegion: form.applicant_hukou_region", "hukouRegion: form.applicant_village")
    code, told = typed("coverage", "mz-elder", "--directory", specs)
    assert code == 1
    assert "缺 never\thukouRegion\tform.applicant_village" in told


def test_an_unknown_system_is_answered_with_those_there_are(specs: Path) -> None:
    code, told = typed("coverage", "mz-older", "--directory", specs)
    assert code == 1
    assert "mz-elder" in told


def test_the_examples_hold_and_a_changed_mapping_breaks_them(specs: Path) -> None:
    assert typed("test", "mz-elder", "--directory", specs)[0] == 0
    changed(specs, "date('yyyy-MM')", "date('yyyyMM')")
    code, told = typed("test", "mz-elder", "--directory", specs)
    assert code == 1
    assert "sends.startMonth" in told


def test_the_difference_of_two_versions_begins_with_the_data_that_leaves(specs: Path) -> None:
    after = changed(specs, "phone: form.applicant_phone", "phone: form.agent_phone")
    code, told = typed("diff", SPEC, after)
    assert code == 0
    assert told.splitlines()[0] == "changed\tZLJ_APPLY\tphone\tform.applicant_phone → form.agent_phone"
    assert "changed\tfragments.person.phone" in told


def test_a_spec_that_does_not_hold_is_refused_with_file_and_line(specs: Path) -> None:
    broken = changed(specs, "transport: rest_json", "transport: telepathy")
    code, told = typed("diff", SPEC, broken)
    assert code == 1
    assert "mz-elder.yaml:" in told


def test_the_schema_is_a_json_schema_of_the_whole_file() -> None:
    code, told = typed("schema")
    assert code == 0
    assert {"operations", "callback", "reconcile", "examples"} <= set(json.loads(told)["properties"])


@pytest.fixture
def case(tmp_path: Path) -> str:
    """An installation in `tmp_path` with one case and one reconciled day; gives the case's number."""
    return asyncio.run(_fill(create_engine(f"sqlite+aiosqlite:///{tmp_path / 'onewindow.db'}"), tmp_path))


async def _fill(engine: AsyncEngine, tmp_path: Path) -> str:
    house = await make_house(engine, MemoryStateStore(), tmp_path)
    number = (await house.accept(at=MONDAY)).case.number
    difference = Difference(our_number=number, repair=Repair.LOOK_UP, ours="10", theirs="")
    day = date(2026, 11, 22)
    await house.connectors.reconciliations.take("mz-elder", day, owner="w", at=MONDAY, until=MONDAY)
    await house.connectors.reconciliations.finish(
        Comparison(
            system="mz-elder", day=day, compared_at=MONDAY, ours=1, theirs=0, ours_sha256="a", theirs_sha256="b",
            differences=(difference,),
        ),
        at=MONDAY,
    )  # fmt: skip
    await house.connectors.aclose()
    await engine.dispose()
    return number


def test_a_dry_run_shows_the_message_of_a_kept_case_masked(tmp_path: Path, case: str) -> None:
    code, told = typed_there(tmp_path, "dry-run", "mz-elder", "--case", case)
    assert code == 0
    shown = json.loads(told)
    assert shown["body"]["outCaseNo"] == case
    assert "*" in shown["body"]["idNumber"]
    assert "*" in shown["body"]["applicantName"]
    assert shown["body"]["bank"]["accountNo"].startswith("****")


def test_a_dry_run_of_no_case_says_so(tmp_path: Path, case: str) -> None:
    code, told = typed_there(tmp_path, "dry-run", "mz-elder", "--case", f"{case}0")
    assert code == 1
    assert "没有这个办件" in told


def test_reconciled_days_are_listed_with_what_is_left_to_do(tmp_path: Path, case: str) -> None:
    code, told = typed_there(tmp_path, "reconciliations", "mz-elder")
    assert code == 0
    assert "2026-11-22\t我方 ours 1\t部门 theirs 0\t不一致 different" in told
    assert f"look_up\t{case}\t10 → -" in told


async def test_replay_shows_asks_for_a_reason_and_appends(embedded: AsyncEngine, tmp_path: Path) -> None:
    house = await make_house(embedded, MemoryStateStore(), tmp_path)
    lease = await stopped(house.connectors, application(ELDER), UNREADABLE, by=CLERK, key="k", at=MONDAY)
    number = lease.delivery.case_number

    def replay(*more: str) -> tuple[int, str]:
        return typed_there(tmp_path, "replay", "mz-elder", "--state", "invalid", *more)

    code, said = await asyncio.to_thread(replay, "--dry")
    assert code == 0
    assert number in said
    assert "new_key" in said
    code, said = await asyncio.to_thread(replay)
    assert code == 2
    code, said = await asyncio.to_thread(replay, "--reason", "部门已放宽长度", "--yes")
    assert (code, "sent anew: 1" in said) == (0, True), said
    views = await house.connectors.deliveries.of_case(number)
    assert [view.delivery.state.value for view in views] == ["replayed", "queued"]
    await house.connectors.aclose()


@pytest.mark.parametrize("wrong", [("--state", "confirmed"), ("--since", "yesterday")])
def test_replay_tells_what_it_cannot_read(wrong: tuple[str, str]) -> None:
    code, _ = typed("replay", "mz-elder", "--dry", *wrong)
    assert code == 2
