"""Cases: one table of transitions, events that say what happened, pauses of the clock."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matters.case import CLOSED, OPEN, TRANSITIONS, Case, CaseStatus, Evidence, Pause, may_move, move, remark, report
from matters.elements import Duration
from matters.errors import IllegalTransition

AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
S = CaseStatus
WINDOW = Evidence(source="window", who="王晓芸")
DEPARTMENT = Evidence(source="mz-assist", who="mz-assist", number="SHJZ1")


def new_case(status: CaseStatus = S.DRAFT, accepted_at: datetime | None = None) -> Case:
    return Case(
        number="320105007-261122-MZ004-000001", query_code="7KQ2M9XD", matter_id="04-temporary-assistance",
        matter_name="临时救助", guide_version=1, situation="emergency", status=status, form={"applicant_name": "贾宝玉"},
        applicant_name="贾宝玉", unit="u", region="320105007", responsible_region="320105007", taken_in_by="c",
        received_at=AT, accepted_at=accepted_at, promised=Duration(value=10, unit="working_day"),
    )  # fmt: skip


def walk(case: Case, *steps: CaseStatus) -> Case:
    for step in steps:
        case, _ = move(case, step, at=AT, by="x", evidence=WINDOW)
    return case


def test_every_state_stands_in_the_table_and_is_open_or_closed_or_a_draft() -> None:
    assert set(TRANSITIONS) == set(CaseStatus)
    assert OPEN | CLOSED | {S.DRAFT} == set(CaseStatus)
    assert not OPEN & CLOSED


@pytest.mark.parametrize(
    "way",
    [
        (S.RECEIVED, S.ACCEPTED, S.SUBMITTED, S.IN_REVIEW, S.COMPLETED_APPROVED, S.DELIVERED, S.EVALUATED),
        (S.RECEIVED, S.SUBMITTED, S.ACCEPTED, S.IN_REVIEW, S.PUBLICITY, S.COMPLETED_REFUSED),
        (S.RECEIVED, S.ACCEPTED, S.SUBMITTED, S.COMPLETED_APPROVED, S.EVALUATED),
        (S.RECEIVED, S.SUPPLEMENT_REQUIRED, S.SUPPLEMENTED, S.ACCEPTED, S.SUBMITTED),
        (S.RECEIVED, S.SUPPLEMENT_REQUIRED, S.TERMINATED_NO_SUPPLEMENT),
        (S.RECEIVED, S.ACCEPTED, S.SUBMITTED, S.IN_REVIEW, S.SUPPLEMENT_REQUIRED, S.SUPPLEMENTED, S.IN_REVIEW),
        (S.RECEIVED, S.PRE_REVIEW, S.NOT_ACCEPTED),
        (S.RECEIVED, S.ACCEPTED, S.SUBMITTED, S.IN_REVIEW, S.SUSPENDED, S.IN_REVIEW, S.TRANSFERRED),
    ],
)
def test_the_ways_of_the_domain_can_be_gone(way: tuple[CaseStatus, ...]) -> None:
    case = walk(new_case(), *way)
    assert case.status is way[-1]
    assert case.revision == len(way)


@pytest.mark.parametrize(
    ("status", "to"),
    [
        (S.DRAFT, S.ACCEPTED),
        (S.COMPLETED_APPROVED, S.IN_REVIEW),
        (S.WITHDRAWN, S.RECEIVED),
        (S.RETURNED, S.SUBMITTED),
        (S.IN_REVIEW, S.RECEIVED),
        (S.IN_REVIEW, S.IN_REVIEW),
        (S.EVALUATED, S.DELIVERED),
        (S.NOT_ACCEPTED, S.ACCEPTED),
        (S.COMPLETED_REFUSED, S.WITHDRAWN),
    ],
)
def test_other_ways_are_refused(status: CaseStatus, to: CaseStatus) -> None:
    with pytest.raises(IllegalTransition):
        move(new_case(status), to, at=AT, by="x")


@pytest.mark.parametrize("status", sorted(OPEN))
def test_every_open_case_can_be_withdrawn(status: CaseStatus) -> None:
    assert move(new_case(status), S.WITHDRAWN, at=AT, by="x")[0].status is S.WITHDRAWN


@given(st.lists(st.sampled_from(list(CaseStatus)), max_size=30))
def test_events_tell_the_whole_way_and_a_closed_case_never_opens(wanted: list[CaseStatus]) -> None:
    case, events, was_closed = new_case(), [], False
    for to in wanted:
        if may_move(case.status, to):
            case, event = move(case, to, at=AT, by="x")
            events.append(event)
            assert not (was_closed and to in OPEN)
            was_closed = was_closed or to in CLOSED
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert all(later.previous is earlier.status for earlier, later in itertools.pairwise(events))
    assert case.status is (events[-1].status if events else S.DRAFT)
    assert sum(pause.until is None for pause in case.pauses) <= 1


def test_acceptance_and_closing_are_timed_once() -> None:
    case = walk(new_case(), S.RECEIVED)
    accepted, _ = move(case, S.ACCEPTED, at=AT + timedelta(hours=1), by="x")
    closed, _ = move(walk(accepted, S.SUBMITTED), S.COMPLETED_APPROVED, at=AT + timedelta(days=3), by="x")
    delivered, _ = move(closed, S.DELIVERED, at=AT + timedelta(days=9), by="x")
    assert delivered.accepted_at == AT + timedelta(hours=1)
    assert delivered.closed_at == AT + timedelta(days=3)


def test_a_special_procedure_pauses_the_clock_from_its_day_until_it_ends() -> None:
    case = walk(new_case(), S.RECEIVED, S.ACCEPTED, S.SUBMITTED, S.IN_REVIEW)
    suspended, _ = move(case, S.SUSPENDED, at=datetime(2026, 11, 24, 17, 0, tzinfo=UTC), by="x")
    # 17:00 UTC is one in the morning of the next day in Shanghai.
    assert suspended.pauses == (Pause(since=date(2026, 11, 25), until=None, reason="特别程序"),)
    again, _ = move(suspended, S.IN_REVIEW, at=datetime(2026, 11, 30, 1, 0, tzinfo=UTC), by="x")
    assert again.pauses == (Pause(since=date(2026, 11, 25), until=date(2026, 11, 30), reason="特别程序"),)


def test_a_counted_procedure_and_a_supplement_before_acceptance_pause_nothing() -> None:
    case = walk(new_case(), S.RECEIVED, S.ACCEPTED, S.SUBMITTED, S.IN_REVIEW)
    assert move(case, S.SUSPENDED, at=AT, by="x", counted=True)[0].pauses == ()
    assert walk(new_case(), S.RECEIVED, S.SUPPLEMENT_REQUIRED).pauses == ()


def test_after_a_supplement_the_clock_waits_until_somebody_has_looked() -> None:
    case = walk(new_case(), S.RECEIVED, S.ACCEPTED, S.SUBMITTED, S.IN_REVIEW, S.SUPPLEMENT_REQUIRED, S.SUPPLEMENTED)
    assert case.pauses[0].until is None
    assert walk(case, S.IN_REVIEW).pauses[0].until == date(2026, 11, 22)


def test_a_report_moves_forward_or_is_only_remarked() -> None:
    case = walk(new_case(), S.RECEIVED, S.ACCEPTED, S.SUBMITTED)
    handled, event = report(case, S.ACCEPTED, at=AT, by="mz-assist", evidence=DEPARTMENT)
    assert (handled.status, event.evidence) == (S.IN_REVIEW, DEPARTMENT)
    done, _ = report(handled, S.COMPLETED_APPROVED, at=AT, by="mz-assist", evidence=DEPARTMENT)
    late, note = report(done, S.IN_REVIEW, at=AT, by="mz-assist", evidence=DEPARTMENT)
    assert (late.status, note.status, note.previous) == (S.COMPLETED_APPROVED,) * 3
    assert note.note == "reported:in_review"
    assert late.revision == done.revision + 1


def test_a_department_that_decides_on_acceptance_accepts() -> None:
    case = walk(new_case(), S.RECEIVED, S.SUBMITTED)
    accepted, _ = report(case, S.ACCEPTED, at=AT, by="mz-assist", evidence=DEPARTMENT)
    assert (accepted.status, accepted.accepted_at) == (S.ACCEPTED, AT)


@pytest.mark.parametrize("decision", [S.COMPLETED_APPROVED, S.COMPLETED_REFUSED, S.NOT_ACCEPTED])
def test_a_decision_ends_a_case_whose_supplement_went_to_the_department_itself(decision: CaseStatus) -> None:
    waiting = walk(new_case(), S.RECEIVED, S.ACCEPTED, S.SUBMITTED, S.SUPPLEMENT_REQUIRED)
    decided, event = report(waiting, decision, at=AT, by="mz-assist", evidence=DEPARTMENT)
    assert decided.status is decision
    assert not decided.is_open
    assert event.previous is S.SUPPLEMENT_REQUIRED
    assert all(pause.until is not None for pause in decided.pauses)


def test_a_late_review_does_not_hide_that_a_supplement_is_wanted() -> None:
    waiting = walk(new_case(), S.RECEIVED, S.ACCEPTED, S.SUBMITTED, S.SUPPLEMENT_REQUIRED)
    still, _ = report(waiting, S.IN_REVIEW, at=AT, by="mz-assist", evidence=DEPARTMENT)
    assert still.status is S.SUPPLEMENT_REQUIRED


def test_a_remark_moves_nothing() -> None:
    case = walk(new_case(), S.RECEIVED)
    noted, event = remark(case, at=AT, by="x", note="电话告知")
    assert (noted.status, noted.revision, event.note) == (S.RECEIVED, 2, "电话告知")


def test_a_case_never_shows_its_person_when_printed() -> None:
    text = repr(new_case())
    assert "贾宝玉" not in text
    assert "7KQ2M9XD" not in text
