"""Outcome rules: order decides, nothing is guessed, a broken connection stays unknown whatever a spec says."""

import pytest

from connectors.expression import parse
from connectors.extracting import extract
from connectors.outcomes import Answer, OutcomeClass, OutcomeRule, StatusWord, classify
from connectors.paths import ANSWER_ROOTS
from connectors.predicates import PredicateRefused, parse_predicate

STATUSES: dict[str, StatusWord] = {"10": "accepted", "30": "completed_approved"}


def rule(when: str, kind: str, *, case: StatusWord | None = None, **extracts: str) -> OutcomeRule:
    compiled = {name: parse(text, roots=ANSWER_ROOTS, tables={}) for name, text in extracts.items()}
    return OutcomeRule(
        when=parse_predicate(when),
        kind=OutcomeClass(kind),
        department_number=compiled.get("department_number"),
        message=compiled.get("message"),
        retry_after=compiled.get("retry_after"),
        status=compiled.get("status"),
        case=case,
    )


RULES = [
    rule("status == 200 && body.code == 0", "accepted", department_number="body.data.id", status="body.data.status"),
    rule("status == 200 && body.code == -1", "refused", message="body.msg", case="returned"),
    rule("status == 200 && string(body.code) == 'E9002'", "throttled", retry_after="headers.retry-after"),
    rule("status == 503", "transient"),
    rule("error == 'timeout'", "transient"),
    rule("error == 'not_json' && status == 502", "transient"),
]


def outcome_of(answer: Answer) -> OutcomeClass:
    return classify(RULES, STATUSES, answer).kind


def test_the_first_rule_that_holds_decides_and_extracts() -> None:
    body = {"code": 0, "data": {"id": 900123, "status": "10"}}
    outcome = classify(RULES, STATUSES, Answer(http_status=200, body=body))
    assert (outcome.kind, outcome.department_number, outcome.status) == (OutcomeClass.ACCEPTED, "900123", "accepted")


def test_the_departments_reason_is_kept_word_for_word() -> None:
    outcome = classify(RULES, STATUSES, Answer(http_status=200, body={"code": -1, "msg": "该人员已在其他地区参保"}))
    assert (outcome.kind, outcome.message, outcome.status) == (
        OutcomeClass.REFUSED,
        "该人员已在其他地区参保",
        "returned",
    )


def test_characters_no_database_keeps_are_marked_in_a_departments_words() -> None:
    message = parse("body.msg", roots=ANSWER_ROOTS, tables={})
    assert extract(message, {"body": {"msg": "材料\0不齐\ud800"}}) == "材料\ufffd不齐\ufffd"


def test_a_status_the_map_lacks_is_flagged_and_not_guessed() -> None:
    body = {"code": 0, "data": {"id": "1", "status": "77"}}
    outcome = classify(RULES, STATUSES, Answer(http_status=200, body=body))
    assert (outcome.status, outcome.unmapped_status) == (None, "77")


def test_how_long_to_wait_is_taken_from_the_answer() -> None:
    answer = Answer(http_status=200, headers={"retry-after": "7"}, body={"code": "E9002"})
    assert classify(RULES, STATUSES, answer).retry_after_seconds == 7.0


@pytest.mark.parametrize("error", ["timeout", "connection_lost", "too_large"])
def test_once_bytes_have_left_a_broken_exchange_is_unknown_whatever_a_rule_says(error: str) -> None:
    assert outcome_of(Answer(error=error)) is OutcomeClass.UNKNOWN


def test_without_a_connection_nothing_was_sent_and_it_is_transient() -> None:
    assert outcome_of(Answer(error="connect")) is OutcomeClass.TRANSIENT


def test_an_answer_no_rule_matches_is_unknown() -> None:
    assert outcome_of(Answer(http_status=200, body={"something": "else"})) is OutcomeClass.UNKNOWN
    assert outcome_of(Answer(http_status=200, body=None)) is OutcomeClass.UNKNOWN
    assert outcome_of(Answer(http_status=200, body=["not", "an", "object"])) is OutcomeClass.UNKNOWN
    assert outcome_of(Answer(http_status=500, body={"code": 0})) is OutcomeClass.UNKNOWN


def test_an_unreadable_answer_can_be_classed_by_its_status() -> None:
    assert outcome_of(Answer(http_status=502, error="not_json")) is OutcomeClass.TRANSIENT


@pytest.mark.parametrize(
    ("when", "expected"), [("status ==", "not a CEL expression"), ("colour == 1", "unknown variable")]
)
def test_a_predicate_that_is_wrong_is_refused_when_loaded(when: str, expected: str) -> None:
    with pytest.raises(PredicateRefused, match=expected):
        parse_predicate(when)


def test_a_predicate_may_name_things_of_its_own() -> None:
    assert parse_predicate("body.rows.all(r, r.code == 0)").holds({"body": {"rows": [{"code": 0}]}})


def test_an_answer_is_handed_to_cel_once_for_all_the_rules_that_read_it() -> None:
    body = {"code": 1}
    variables = Answer(http_status=200, body=body).variables()
    assert parse_predicate("body.code == 1").holds(variables)
    body["code"] = 2  # what was handed over already is not looked at again
    assert parse_predicate("status == 200 && body.code == 1").holds(variables)
    assert not parse_predicate("body.code == 2").holds(variables)
