"""One question about many cases: as many as the department tells of at once, each answer to its own case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.engine import NotFound
from connectors.errors import SpecRefused
from connectors.ground import Ground
from connectors.ledger import Awaited, Delivery, DeliveryState, InboundEvent, Submission
from connectors.outcomes import Answer, Outcome, OutcomeClass
from connectors.polling import Poller
from connectors.serving import Serving
from connectors.system import System
from connectors.transport_ports import Asked, Errand
from connectors.transports.answers import polled_many, question_about
from tests.doubles.house import make_system

AT = datetime(2026, 3, 3, 2, tzinfo=UTC)
POLL = {
    "request": {"path": "/cases", "body": {"numbers": {"$each": "asked", "$as": "row.number"}}},
    "found": "status == 200", "rows": "body.list", "our_number": "row.no", "status": "row.state",
    "department_number": "row.theirs", "facts": {"证书编号": "row.cert"}, "at_once": 200, "most_per_tick": 200,
}  # fmt: skip


@dataclass
class Ledger:
    due: list[Awaited]
    told: list[InboundEvent] = field(default_factory=list)
    doubted: list[str] = field(default_factory=list)

    async def due_polls(self, **_: Any) -> list[Awaited]:
        return self.due

    async def receive(self, event: InboundEvent, *, at: datetime) -> bool:
        self.told.append(event)
        return True

    async def doubt(self, delivery_id: str, *, at: datetime) -> bool:
        self.doubted.append(delivery_id)
        return True


@dataclass
class Department:
    """Says "20" of every case but those in `silent_of`; each question is kept."""

    silent_of: frozenset[str] = frozenset()
    questions: list[list[str]] = field(default_factory=list)

    async def poll_many(self, asked: Sequence[Asked]) -> Mapping[str, InboundEvent]:
        numbers = [each.number for each in asked]
        self.questions.append(numbers)
        return {number: event(number) for number in numbers if number not in self.silent_of}

    async def poll(self, _errand: Errand) -> None:
        raise AssertionError("asked one by one")

    async def probe(self, _errand: Errand) -> NotFound:
        return NotFound(outcome=Outcome(kind=OutcomeClass.TRANSIENT))


def event(number: str) -> InboundEvent:
    return InboundEvent(
        system="mz-elder", event_id="", source="poll", our_number="", department_number=f"D-{number[-3:]}", status="20",
        message="", occurred_at=None, received_at=AT, facts={},
    )  # fmt: skip


def number_of(position: int) -> str:
    return f"320105007-261123-MZ005-{position:06d}"


def awaited(position: int, *, region: str = "320105007", known_as: str = "", **delivery: Any) -> Awaited:
    number = number_of(position)
    given = {"department_number": "D", "their_status": "10", **delivery}
    found = Delivery(
        id=f"d{position}", submission_id="s", case_number=number, position=1, system="mz-elder", operation="ZLJ_APPLY",
        kind="submit", key="00000000-0000-0000-0000-000000000001", state=DeliveryState.PENDING_RESULT, created_at=AT,
        region=region, known_as=known_as, **given,
    )  # fmt: skip
    content = {"case": {"number": number}, "form": {}}
    return Awaited(
        delivery=found, submission=Submission(id="s", case_number=number, created_at=AT, content=content, sha256="")
    )


def poller(system: System, ledger: Ledger, department: Department, tried: Serving | None = None) -> Poller:
    ground = Ground(
        ledger=ledger, breakers=None, clock=lambda: AT, holiday_on=lambda day: None, offset=timedelta(), owner="w",  # type: ignore[arg-type]
        lease=timedelta(seconds=8), base_url="", jitter=lambda: 0.0, nonce=lambda: "n",
    )  # fmt: skip
    regions = ("320106",) if tried else ()
    serving = Serving(system=system, transport=department, tried=tried, regions=regions)  # type: ignore[arg-type]
    return Poller(serving=serving, ground=ground)


async def test_what_is_due_is_asked_for_as_many_at_once_as_the_department_tells_of(tmp_path: Path) -> None:
    ledger, department = Ledger([awaited(n) for n in range(450)]), Department()
    assert await poller(make_system(tmp_path, {"poll": POLL}), ledger, department).tick() == 450
    assert sorted(len(question) for question in department.questions) == [50, 200, 200]
    assert {told.our_number: told.department_number for told in ledger.told} == {
        number_of(n): f"D-{n:03d}" for n in range(450)
    }


async def test_a_case_the_answer_does_not_name_stays_as_it_was(tmp_path: Path) -> None:
    ledger, department = Ledger([awaited(1), awaited(2)]), Department(silent_of=frozenset({number_of(1)}))
    await poller(make_system(tmp_path, {"poll": POLL}), ledger, department).tick()
    assert [told.our_number for told in ledger.told] == [number_of(2)]
    assert ledger.doubted == []


async def test_a_case_the_department_never_said_it_has_is_looked_up_when_the_answer_does_not_name_it(
    tmp_path: Path,
) -> None:
    unheard = awaited(1, outcome="pending", department_number="", their_status="")
    ledger, department = Ledger([unheard, awaited(2)]), Department(silent_of=frozenset({number_of(1)}))
    await poller(make_system(tmp_path, {"poll": POLL}), ledger, department).tick()
    assert ledger.doubted == ["d1"]


async def test_an_unchanged_state_is_no_news_and_a_notice_is_asked_for_by_its_own_number(tmp_path: Path) -> None:
    ledger = Ledger([awaited(1, their_status="20"), awaited(2, known_as="HL-000000000017")])
    department = Department()
    await poller(make_system(tmp_path, {"poll": POLL}), ledger, department).tick()
    assert department.questions == [[number_of(1), "HL-000000000017"]]
    assert [told.our_number for told in ledger.told] == ["HL-000000000017"]


async def test_a_version_on_trial_asks_for_the_cases_of_its_region_by_itself(tmp_path: Path) -> None:
    system = make_system(tmp_path, {"poll": POLL})
    ledger, usual, on_trial = Ledger([awaited(1), awaited(2, region="320106003")]), Department(), Department()
    tried = Serving(system=system, transport=on_trial)  # type: ignore[arg-type]
    await poller(system, ledger, usual, tried).tick()
    assert (usual.questions, on_trial.questions) == ([[number_of(1)]], [[number_of(2)]])


def test_each_row_is_read_for_its_own_case_and_rows_without_our_number_are_left(tmp_path: Path) -> None:
    system = make_system(tmp_path, {"poll": POLL})
    rows = [{"no": "A", "state": "20", "theirs": 7}, {"no": "B", "state": "30", "cert": "C-1"}, {"state": "30"}, "?"]
    told = polled_many(system, Answer(http_status=200, body={"list": rows}), at=AT)
    assert told is not None
    assert {number: (each.status, each.department_number, dict(each.facts)) for number, each in told.items()} == {
        "A": ("20", "7", {}),
        "B": ("30", "", {"证书编号": "C-1"}),
    }


@pytest.mark.parametrize("body", [{}, {"list": None}, {"list": "no"}, [], None])
def test_an_answer_without_rows_tells_of_nobody(tmp_path: Path, body: object) -> None:
    system = make_system(tmp_path, {"poll": POLL})
    assert polled_many(system, Answer(http_status=200, body=body), at=AT) in ({}, None)


def test_what_is_no_answer_to_the_question_is_told_apart_from_one_that_tells_nothing(tmp_path: Path) -> None:
    system = make_system(tmp_path, {"poll": POLL})
    assert polled_many(system, Answer(http_status=500, body={"list": []}), at=AT) is None
    assert polled_many(system, Answer(http_status=200, body={"list": []}), at=AT) == {}


def test_the_question_reads_both_numbers_of_every_case() -> None:
    assert question_about([Asked(number="A", department_number="D")], at=AT, nonce="n") == {
        "asked": [{"number": "A", "department_number": "D"}],
        "now": AT,
        "nonce": "n",
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"our_number": None}, "expected rows and our_number together"),
        ({"rows": None, "our_number": None, "status": "body.state"}, "expected rows: only a question about many"),
        ({"status": "rows.state"}, "unknown path"),
        ({"at_once": 201}, "200"),
        ({"request": {"path": "/cases", "body": {"no": "case.number"}}}, "unknown path 'case.number'"),
        ({"request": {"path": "/c", "body": {"$each": "asked", "$as": "form.applicant_name"}}}, "unknown path 'form"),
    ],
)
def test_a_question_about_many_that_can_not_be_asked_is_refused(
    changes: dict[str, object], expected: str, tmp_path: Path
) -> None:
    poll = {key: value for key, value in {**POLL, **changes}.items() if value is not None}
    with pytest.raises(SpecRefused, match=expected):
        make_system(tmp_path, {"poll": poll})
