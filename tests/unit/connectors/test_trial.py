"""What an answer of the test address says of the contract, and the case that is sent there."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from connectors.outcomes import Answer, Outcome, OutcomeClass
from connectors.spec import load_system
from connectors.trial import TrialState, fresh_values, judge, judge_outcome

ELDER = load_system(Path(__file__).parents[3] / "config" / "systems" / "mz-elder.yaml")
EXAMPLE = ELDER.spec.examples[0]
OPERATION = ELDER.operation(EXAMPLE.operation)
AT = datetime(2027, 1, 5, 17, 30, tzinfo=UTC)
AS_AGREED = {"code": 0, "msg": "好", "data": {"caseId": "ZLJ-9", "outCaseNo": "x", "status": "10"}}


def said(body: object, status: int = 200) -> Answer:
    return Answer(http_status=status, body=body, envelope=body)


def test_other_values_in_the_agreed_shape_hold() -> None:
    judged = judge(ELDER, OPERATION, EXAMPLE, said(AS_AGREED))
    assert (judged.state, judged.found, judged.differences) == (TrialState.HOLDS, "accepted", ())


@pytest.mark.parametrize(
    ("body", "place", "expected", "found"),
    [
        (AS_AGREED | {"traceId": "t"}, "body.traceId", "nothing", "a text"),
        ({"code": 0, "data": AS_AGREED["data"]}, "body.msg", "a text", "missing"),
        (AS_AGREED | {"msg": 1}, "body.msg", "a text", "a number"),
        ({"code": 0, "msg": "", "data": {"outCaseNo": "x", "status": "10"}}, "department_number", "a number", "none"),
        ({"code": 9, "msg": "改版"}, "class", "accepted", "unknown"),
    ],
)
def test_what_differs_is_named_by_its_place(body: object, place: str, expected: str, found: str) -> None:
    judged = judge(ELDER, OPERATION, EXAMPLE, said(body))
    assert judged.state is TrialState.DRIFT
    assert (place, expected, found) in {(each.place, each.expected, each.found) for each in judged.differences}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(error="timeout"),
        Answer(error="connect"),
        said({"code": 503, "msg": "维护"}, 503),
        said({"code": 401}, 401),
        said({}, 429),
    ],
    ids=["timeout", "connect", "maintenance", "not let in", "too fast"],
)
def test_who_does_not_answer_now_says_nothing_of_the_contract(answer: Answer) -> None:
    assert judge(ELDER, OPERATION, EXAMPLE, answer).state is TrialState.UNREACHED


def test_a_refusal_of_what_was_agreed_to_be_taken_differs() -> None:
    judged = judge(ELDER, OPERATION, EXAMPLE, said({"code": 422, "msg": "不符合发放条件"}, 422))
    assert [(each.place, each.found) for each in judged.differences] == [("class", "refused")]


def test_each_trial_sends_a_case_of_its_own_of_that_day() -> None:
    first, second = (fresh_values(EXAMPLE, OPERATION, at=AT, token=UUID(int=n)) for n in (1, 2))
    assert first["case"] == {
        "number": "320105007-270106-MZ005-900001",  # the day in Beijing
        "region": "320105007",
        "accepted_at": AT.isoformat(),
    }
    assert first["case"] != second["case"]
    assert first["delivery"] != second["delivery"]
    assert first["form"] == second["form"] == EXAMPLE.given["form"]


@pytest.mark.parametrize(
    ("given", "fresh"),
    [
        ("320105007-260303-MZ001-000001-H3", "320105007-270106-MZ001-900001-H3"),
        ("LD-260303-0123456789ab-1", "LD-270106-000000000000-1"),
        ("unlike any", "unlike any-00000000"),
    ],
)
def test_a_notice_of_a_trial_has_a_number_of_its_own_in_the_agreed_form(given: str, fresh: str) -> None:
    notice = {"number": given, "decided_at": "2026-03-03T10:00:00+08:00"}
    example = EXAMPLE.model_copy(update={"given": {"notice": notice, "item": {}}})
    values = fresh_values(example, OPERATION, at=AT, token=UUID(int=1))
    assert values["notice"] == {"number": fresh, "decided_at": AT.isoformat()}
    assert values["case"] == {"number": fresh}


def test_somebody_they_take_once_may_be_refused_in_the_agreed_shape_only() -> None:
    once = EXAMPLE.model_copy(update={"once": True})
    refused = judge(ELDER, OPERATION, once, said({"code": 422, "msg": "在办期间不能再次申请"}, 422))
    assert (refused.state, refused.found) == (TrialState.HOLDS, "refused")
    otherwise = judge(ELDER, OPERATION, once, said({"code": 422, "message": "在办"}, 422))
    assert otherwise.state is TrialState.DRIFT
    assert judge_outcome(once, Outcome(kind=OutcomeClass.REFUSED)).state is TrialState.HOLDS
    assert judge_outcome(EXAMPLE, Outcome(kind=OutcomeClass.REFUSED)).state is TrialState.DRIFT


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome(kind=OutcomeClass.ACCEPTED, department_number="D-1"), TrialState.HOLDS),
        (Outcome(kind=OutcomeClass.ACCEPTED), TrialState.DRIFT),  # without the number that was agreed
        (Outcome(kind=OutcomeClass.INVALID, error="shortened"), TrialState.DRIFT),
        (Outcome(kind=OutcomeClass.UNKNOWN, error="connection_lost"), TrialState.UNREACHED),
        (Outcome(kind=OutcomeClass.AUTH, error="denied"), TrialState.UNREACHED),
        (Outcome(kind=OutcomeClass.TRANSIENT, error="busy"), TrialState.UNREACHED),
    ],
    ids=["as agreed", "no number", "not kept as written", "line lost", "not let in", "busy"],
)
def test_a_row_a_file_or_a_message_is_judged_by_what_became_of_it(outcome: Outcome, state: TrialState) -> None:
    assert judge_outcome(EXAMPLE, outcome).state is state
