"""Nine outcomes over seven transports: each that can happen has a test, and the page says which can't and why."""

import importlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from connectors.inbound import apply_event
from connectors.ledger import DeliveryState, DeskReason, InboundEvent
from connectors.outcomes import OutcomeClass
from connectors.spec import load_system
from connectors.spec_models import TransportKind
from matters.case import CaseStatus
from matters.storage.cases import SqlCaseStore
from tests.doubles.house import CLERK, DISABLED, House, make_house
from tests.unit.connectors.test_delivery_engine import DELIVERY

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
HTTP = "tests.contracts.test_transport_outcomes"
TABLES = "tests.contracts.test_transport_outcomes_tables_and_files"
QUEUE = "tests.contracts.test_transport_message_queue"
HERE = "tests.contracts.test_nine_outcomes"
EACH = f"{HTTP}:test_each_of_the_nine_outcomes_is_told_apart"
LATER = f"{HERE}:test_what_a_broker_can_not_tell_its_answer_does"
PERSON = f"{HERE}:test_a_person_notes_what_became_of_it"
Cell = Literal["yes", "later", "person", "–"]

TESTS: Mapping[str, Mapping[str, str]] = {
    "rest_json": dict.fromkeys(OutcomeClass, EACH),
    "soap": dict.fromkeys(OutcomeClass, EACH),
    "form_post": dict.fromkeys(OutcomeClass, EACH),
    "exchange_table": {
        "accepted": f"{TABLES}:test_a_row_is_written_once_and_counts_as_accepted_then_as_a_duplicate",
        "duplicate": f"{TABLES}:test_a_row_is_written_once_and_counts_as_accepted_then_as_a_duplicate",
        "pending": f"{TABLES}:test_what_a_spec_calls_pending_is_pending",
        "refused": f"{TABLES}:test_a_withdrawal_holds_while_the_row_waits_and_is_refused_once_it_is_taken",
        "invalid": f"{TABLES}:test_a_column_the_table_cuts_or_refuses_is_found_and_nothing_is_left_there",
        "auth": f"{TABLES}:test_a_database_that_does_not_know_us_is_an_auth_fault",
        "throttled": f"{TABLES}:test_too_many_connections_are_throttled",
        "transient": f"{TABLES}:test_a_locked_table_and_a_server_that_is_away_are_transient",
        "unknown": f"{TABLES}:test_a_connection_cut_at_the_commit_is_unknown_and_the_probe_finds_out",
    },
    "file_batch": {
        "accepted": f"{TABLES}:test_deliveries_sent_together_share_a_file_and_each_hears_its_place",
        "duplicate": f"{TABLES}:test_deliveries_sent_together_share_a_file_and_each_hears_its_place",
        "pending": f"{TABLES}:test_a_file_that_is_placed_may_be_pending",
        "refused": f"{HERE}:test_a_receipt_line_may_refuse",
        "invalid": f"{TABLES}:test_other_content_of_a_delivery_already_in_a_file_goes_to_a_person",
        "auth": f"{TABLES}:test_a_server_that_does_not_know_our_key_is_an_auth_fault",
        "transient": f"{TABLES}:test_no_server_is_transient_and_the_number_is_kept",
        "unknown": f"{TABLES}:test_a_connection_lost_at_the_marker_is_unknown_and_the_probe_looks_at_the_file",
    },
    "message_queue": {
        "accepted": LATER,
        "duplicate": LATER,
        "pending": f"{QUEUE}:test_what_the_broker_has_is_pending",
        "refused": LATER,
        "invalid": LATER,
        "auth": f"{QUEUE}:test_a_wrong_password_is_an_auth_fault",
        "throttled": "tests.functional.test_busy_departments:test_an_office_that_answers_busy_on_the_topic_gets_it_again_and_once",
        "transient": f"{QUEUE}:test_a_broker_that_is_away_is_transient",
        "unknown": f"{QUEUE}:test_a_line_lost_after_the_message_is_unknown",
    },
    "manual": dict.fromkeys(("accepted", "pending", "refused", "invalid"), PERSON),
}
_LATER = {("file_batch", "refused"), *(("message_queue", k) for k in ("accepted", "duplicate", "refused", "invalid", "throttled"))}  # fmt: skip


def cell(transport: str, kind: str) -> Cell:
    if kind not in TESTS[transport]:
        return "–"
    return "person" if transport == "manual" else "later" if (transport, kind) in _LATER else "yes"


def test_every_transport_has_its_outcomes_and_each_a_test() -> None:
    assert set(TESTS) == set(TransportKind.__args__)
    for transport, tests in TESTS.items():
        assert set(tests) <= set(OutcomeClass), transport
        for place in tests.values():
            module, _, name = place.partition(":")
            assert callable(getattr(importlib.import_module(module), name)), place


def test_the_page_says_which_transport_can_tell_which() -> None:
    page = (ROOT / "docs" / "connectors.md").read_text("utf-8").split("### Which transport can tell which")[1]
    lines = [
        re.split(r"\s*\|\s*", line.strip().strip("|").strip()) for line in page.splitlines() if line.startswith("| ")
    ]
    head, rows = lines[0], lines[2 : 2 + len(OutcomeClass)]
    assert {row[0].strip("` ") for row in rows} == set(OutcomeClass)
    for row in rows:
        kind = row[0].strip("` ")
        assert row[1:] == [cell(transport, kind) for transport in head[1:]], kind


def report(system: str, status: str) -> InboundEvent:
    return InboundEvent(
        system=system, event_id="m-1", source="results", our_number="c", department_number="", status=status,
        received_at=AT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "state", "desk"),
    [
        ("SUCCESS", DeliveryState.CONFIRMED, None),
        ("PROCESSING", DeliveryState.PENDING_RESULT, None),
        ("FAIL", DeliveryState.CONFIRMED, None),
        ("PAID", DeliveryState.PENDING_RESULT, DeskReason.DEPARTMENT_ERROR),
        ("BWCW", DeliveryState.PENDING_RESULT, DeskReason.DEPARTMENT_ERROR),
        ("SYS-BUSY", DeliveryState.WAIT, None),
    ],
)
def test_what_a_broker_can_not_tell_its_answer_does(status: str, state: DeliveryState, desk: DeskReason | None) -> None:
    spec = load_system(ROOT / "config" / "systems" / "tax-ssf.yaml").spec
    applied = apply_event(replace(DELIVERY, state=DeliveryState.PENDING_RESULT), report("tax-ssf", status), spec, at=AT)
    assert (applied.state, applied.desk) == (state, desk)
    assert ("completed_refused" in applied.reports) is (status == "FAIL")


def test_a_receipt_line_may_refuse() -> None:
    spec = load_system(ROOT / "config" / "systems" / "rs-card.yaml").spec
    applied = apply_event(replace(DELIVERY, state=DeliveryState.PENDING_RESULT), report("rs-card", "90"), spec, at=AT)
    assert "returned" in applied.reports


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'onewindow.db'}")
    house = await make_house(engine, MemoryStateStore(), tmp_path)
    yield house
    await house.connectors.aclose()
    await engine.dispose()


@pytest.mark.parametrize("kind", TESTS["manual"])
async def test_a_person_notes_what_became_of_it(house: House, kind: str) -> None:
    number = (await house.accept(DISABLED)).case.number
    desk, at = house.connectors.desk, datetime.now(UTC)
    (handed,) = await desk.tasks(CLERK)
    match kind:
        case "accepted":
            await desk.record_result(handed.task.id, "approved", actor=CLERK, at=at, department_number="D-1")
        case "pending":
            await desk.complete(handed.task.id, department_number="D-1", actor=CLERK, at=at)
        case "refused":
            await desk.record_result(handed.task.id, "refused", actor=CLERK, at=at, note="不符合条件")
        case _:
            await desk.return_to_applicant(handed.task.id, actor=CLERK, at=at, reason="缺少残疾人证")
    case = await SqlCaseStore(house.engine).by_number(number)
    assert case is not None
    assert case.status is {
        "accepted": CaseStatus.COMPLETED_APPROVED, "pending": CaseStatus.SUBMITTED,
        "refused": CaseStatus.COMPLETED_REFUSED, "invalid": CaseStatus.RETURNED,
    }[kind]  # fmt: skip
    assert bool(await desk.tasks(CLERK)) is (kind == "pending")
