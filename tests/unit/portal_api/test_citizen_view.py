"""What the applicant reads: done only where there is evidence, ahead where it is not reached, nothing of the form."""

from datetime import UTC, date, datetime, timedelta

import pytest

from connectors.ledger import DeliveryState
from matters.case import Case, CaseEvent, CaseStatus, Evidence, move
from matters.elements import Duration
from portal.api.citizen_view import DELIVERY_TEXT, NEXT_STEP, citizen_view
from portal.api.named import Named

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SYSTEMS = {"mz-elder": Named(zh="养老系统", en="Elder system")}


def drafted() -> Case:
    return Case(
        number="320105007-261120-MZ005-000001",
        query_code="7KQ2M9XD",
        matter_id="05-elder-respect-allowance",
        matter_name="尊老金发放",
        guide_version=1,
        situation="all",
        status=CaseStatus.DRAFT,
        form={"applicant_name": "测试甲乙"},
        applicant_name="测试甲乙",
        unit="u",
        region="320105007",
        responsible_region="320105007",
        taken_in_by="王晓芸",
        received_at=AT,
        promised=Duration(value=5, unit="working_day"),
    )


def gone(*way: tuple[CaseStatus, Evidence | None]) -> tuple[Case, list[CaseEvent]]:
    case, events = drafted(), []
    for n, (status, evidence) in enumerate(way):
        case, event = move(case, status, at=AT + timedelta(hours=n), by="somebody", evidence=evidence)
        events.append(event)
    return case, events


WINDOW = Evidence(source="window", who="王晓芸")
THEIRS = Evidence(source="mz-elder", who="养老服务与尊老金发放系统", number="ZLJ-1")
TAKEN = ((CaseStatus.RECEIVED, WINDOW), (CaseStatus.ACCEPTED, WINDOW))


def seen(*way: tuple[CaseStatus, Evidence | None]) -> object:
    case, events = gone(*way)
    return citizen_view(case, events, (), matter_name_en="Allowance", systems=SYSTEMS, due_on=date(2026, 11, 27))


def steps(*way: tuple[CaseStatus, Evidence | None]) -> list[tuple[str, str, bool]]:
    return [(step.text, step.state, step.is_ahead) for step in seen(*way).steps]  # type: ignore[attr-defined]


def test_what_is_not_reached_is_shown_as_ahead() -> None:
    assert steps(*TAKEN) == [
        ("已收件", "done", False),
        ("已受理", "current", False),
        ("已送部门", "waiting", True),
        ("办理中", "waiting", True),
        ("已办结", "waiting", True),
    ]


def test_a_step_without_evidence_is_never_told_as_done() -> None:
    told = steps(*TAKEN, (CaseStatus.SUBMITTED, None))
    assert told[1:3] == [("已受理", "current", False), ("部门尚未确认", "waiting", False)]


def test_the_department_is_named_with_its_number_and_the_clerk_is_not() -> None:
    view = seen(*TAKEN, (CaseStatus.SUBMITTED, THEIRS))
    assert [(step.who, step.by_window, step.number) for step in view.steps[:3]] == [  # type: ignore[attr-defined]
        (None, True, None),
        (None, True, None),
        (SYSTEMS["mz-elder"], False, "ZLJ-1"),
    ]
    assert "王晓芸" not in repr(view)
    assert "测试甲乙" not in repr(view)


@pytest.mark.parametrize("end", [CaseStatus.COMPLETED_APPROVED, CaseStatus.WITHDRAWN, CaseStatus.COMPLETED_REFUSED])
def test_a_case_that_is_over_has_nothing_ahead(end: CaseStatus) -> None:
    way = (*TAKEN, (CaseStatus.SUBMITTED, THEIRS), (CaseStatus.IN_REVIEW, THEIRS), (end, THEIRS))
    assert seen(*way).is_over  # type: ignore[attr-defined]
    assert not [step for step in steps(*way) if step[2] or step[1] != "done"]


def test_every_state_has_its_sentence() -> None:
    assert NEXT_STEP.keys() == set(CaseStatus)
    assert DELIVERY_TEXT.keys() == set(DeliveryState)


@pytest.mark.parametrize(
    ("end", "granted"),
    [
        (CaseStatus.COMPLETED_APPROVED, True),
        (CaseStatus.COMPLETED_REFUSED, False),
        (CaseStatus.RETURNED, False),
        (CaseStatus.WITHDRAWN, False),
    ],
)
def test_only_an_approved_case_is_shown_as_a_success(end: CaseStatus, granted: bool) -> None:
    view = seen(*TAKEN, (CaseStatus.SUBMITTED, THEIRS), (CaseStatus.IN_REVIEW, THEIRS), (end, THEIRS))
    assert view.is_over  # type: ignore[attr-defined]
    assert view.is_granted is granted  # type: ignore[attr-defined]
