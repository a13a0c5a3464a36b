"""What a department tells later, in examples: read as it will be in earnest, and flagged where nobody translated it."""

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.example_reports import missing_examples, run_reports
from connectors.spec import load_system
from connectors.spec_examples import ExampleReportSpec, ExampleSpec
from connectors.system import System

SYSTEMS = Path(__file__).parents[3] / "config" / "systems"
ELDER = load_system(SYSTEMS / "mz-elder.yaml")
CARD = load_system(SYSTEMS / "rs-card.yaml")
DECIDED = {"eventId": "E-1", "outCaseNo": "c", "caseId": "Z", "status": "30", "time": "2026-03-04 09:00:00"}


def differences(system: System, told: dict[str, object]) -> list[tuple[str, str, str]]:
    example = ExampleSpec(name="x", operation="ZLJ_APPLY", given={}, tells=(ExampleReportSpec.model_validate(told),))
    return [(each.place, each.expected, each.found) for each in run_reports(system, example)]


def test_a_report_that_means_what_was_agreed_holds() -> None:
    assert differences(ELDER, {"by": "callback", "body": DECIDED, "means": "completed_approved"}) == []


def test_another_meaning_is_told_with_both() -> None:
    found = differences(ELDER, {"by": "callback", "body": DECIDED, "means": "completed_refused"})
    assert found == [("tells.0.means", "completed_refused", "completed_approved")]


def test_a_status_nobody_translated_is_flagged_and_never_guessed() -> None:
    strange = {"by": "callback", "body": DECIDED | {"status": "99"}}
    assert differences(ELDER, strange) == []
    found = differences(ELDER, strange | {"means": "in_review"})
    assert found == [("tells.0.means", "in_review", "a status nobody translated")]


@pytest.mark.parametrize(
    "told",
    [
        {"by": "callback", "body": {"eventId": "E-1", "status": "30"}, "means": "completed_approved"},
        {"by": "callback", "body": "not an object", "means": "completed_approved"},
        {"by": "results", "body": DECIDED, "means": "completed_approved"},
        {"by": "poll", "status": 404, "body": {"code": 404}, "means": "completed_approved"},
    ],
    ids=["no number", "no object", "no such channel", "no answer to a poll"],
)
def test_what_cannot_be_read_is_no_report(told: dict[str, object]) -> None:
    ((place, expected, _found),) = differences(ELDER, told)
    assert (place, expected) == ("tells.0", f"a report by {told['by']}")


def test_a_line_of_a_receipt_means_what_it_really_says() -> None:
    line = {"code": "90", "message": "照片不合格", "case": "c", "number": "n", "event": "e", "card_no": "", "file": "f"}
    assert differences(CARD, {"by": "results", "body": line, "means": "supplement_required"}) == []
    assert differences(CARD, {"by": "results", "body": line | {"message": "退回"}, "means": "returned"}) == []


def test_an_operation_without_an_example_of_either_is_named() -> None:
    bare = replace(ELDER, spec=ELDER.spec.model_copy(update={"examples": ()}))
    assert {each.example for each in missing_examples(bare)} == set(ELDER.operations)
    only_taken = ELDER.spec.examples[0].model_copy(update={"answers": ELDER.spec.examples[0].answers[:1], "tells": ()})
    found = missing_examples(replace(ELDER, spec=ELDER.spec.model_copy(update={"examples": (only_taken,)})))
    assert [each.place for each in found if each.example == "ZLJ_APPLY"] == ["answers, tells"]
