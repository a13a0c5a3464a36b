"""Every mistake in a spec is told in the owner's language, with its mend."""

from pathlib import Path

import pytest
import yaml

from connectors.errors import SpecProblem, SpecRefused
from connectors.mending import Advice, advise
from connectors.spec import parse_system
from connectors.unknown_fields import unknown_fields
from connectors.yaml_source import parse
from tests.doubles.declared import declared_matters, declared_systems
from tests.doubles.house import SPEC

ROOT = Path(__file__).parents[3]
MATTERS = declared_matters()


def problems(text: str) -> tuple[SpecProblem, ...]:
    with pytest.raises(SpecRefused) as refused:
        parse_system(text, name="mz-elder")
    return tuple(refused.value.problems)


def advice(old: str, new: str) -> list[Advice]:
    assert old in SPEC
    text = SPEC.replace(old, new, 1)
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        document = None
    return [advise(problem, document) for problem in problems(text)]


@pytest.mark.parametrize(
    ("old", "new", "near"),
    [
        ("department: mz", "departement: mz", "department"),
        ("concurrency: 4", "concurency: 4", "concurrency"),
        ("class: accepted", "class: acepted", "accepted"),
        ('"30": completed_approved', '"30": complete_approved', "completed_approved"),
        ("form.applicant_name", "form.applicant_name | uper", "upper"),
        ("outCaseNo: case.number, name", "outCaseNo: case.numbr, name", "number"),
        ("outCaseNo: case.number, name", "outCaseNo: cas.number, name", "case"),
        ("kind: none", "kind: non", "none"),
        ("status == 409", "statu == 409", "status"),
    ],
)
def test_the_nearest_of_what_may_stand_there_is_named(old: str, new: str, near: str) -> None:
    assert near in [each.params.get("near") for each in advice(old, new)]


def test_a_word_near_nothing_gets_all_that_may_stand_there() -> None:
    [one] = advice("resend_unknown: probe", "resend_unknown: 随便")
    assert one.params["names"] == "dedupe, probe, never"


BROKEN = [
    ("department: mz", "department: ["),
    ("department: mz", "department: mz\ndepartment: rs"),
    ("department: mz", "department: 5"),
    ("concurrency: 4", "concurrency: many"),
    ("concurrency: 4", "concurrency: 0"),
    ("concurrency: 4", "concurrency: 999"),
    ("id: mz-elder", "id: 民政"),
    ("secret: elder.token", "secret: 'My secret!'"),
    ("status == 409", "status =="),
    ("transport: rest_json", "transport: soap"),
    ("transport: rest_json", "transport: manual"),
    ("path: /cases\n      headers", "path: cases\n      headers"),
    ("form.applicant_name", "form.applicant_name | upper(1, 2)"),
    ("form.applicant_name", "form.applicant_name upper"),
    ("form.applicant_name", "form.applicant_name | codes(nowhere)"),
    ("form.applicant_name", "{$each: form.x, $while: y}"),
    ("form.applicant_name", "{$use: nobody}"),
    ("form.applicant_name", "{$first: form.x}"),
    ("form.applicant_name", "{$payload: true}"),
    ("form.applicant_name", "{$other: true}"),
    ("form.applicant_name", "固定值"),
    ("form.applicant_name", "form.applicant_name | slice(1"),
    ("form.applicant_name", "form.applicant_name | slice(1 2)"),
    ("form.applicant_name", "2026-01-01"),
    ("form.applicant_name", "2026-99-99"),
    ("event_id: body.eventId", "event: body.eventId"),
    ("our_number: body.outCaseNo\n  department_number: body.caseId\n", ""),
    ("callback:", "exchange_table:"),
    ("mode: async", "mode: async\n    manual: true"),
    ("sso: {type: oidc, path: /login}", "sso: oidc"),
    ("quirks", "quirks") if "quirks" in SPEC else ("department: mz", "department: mz\nquirks: 一"),
    ("callback:", "examples: [{name: a, operation: NOWHERE, given: {}}]\ncallback:"),
    ("  auth: {kind: none}", "  auth: {secret: x}"),
]


@pytest.mark.parametrize(("old", "new"), BROKEN, ids=[f"{n}: {new[:30]!r}" for n, (_, new) in enumerate(BROKEN)])
def test_each_is_told_in_chinese(old: str, new: str) -> None:
    for told in advice(old, new):
        assert any("\u4e00" <= c <= "\u9fff" for c in told.expected), told
        assert any("\u4e00" <= c <= "\u9fff" for c in told.mend) or told.params.get("near") or not told.mend, told


def test_a_field_no_guide_has_is_told_with_the_field_that_was_meant() -> None:
    text = SPEC.replace("name: form.applicant_name, idNumber", "name: form.aplicant_name, idNumber", 1)
    [problem] = unknown_fields(parse(text, "mz-elder"), "mz-elder", MATTERS)
    assert problem.path == "operations.ZLJ_APPLY.request.body.name"
    assert "aplicant_name" in text.splitlines()[problem.line - 1]
    assert advise(problem).params["near"] == "applicant_name"


def test_an_operation_no_guide_names_is_held_against_all_of_them_or_left_alone() -> None:
    text = SPEC.replace("ZLJ_APPLY:", "NOT_YET:").replace(
        "name: form.applicant_name, idNumber", "name: form.nothing, idNumber"
    )
    [problem] = unknown_fields(parse(text, "mz-elder"), "mz-elder", MATTERS)
    assert problem.path == "operations.NOT_YET.request.body.name"
    assert unknown_fields(parse(text, "mz-elder"), "mz-elder", MATTERS, named_only=True) == []


def test_a_mistype_in_a_part_that_several_operations_use_is_found_from_a_shell_too() -> None:
    text = (
        (ROOT / "config/systems/mz-elder.yaml")
        .read_text("utf-8")
        .replace("form.applicant_phone", "form.aplicant_phone")
    )
    [problem] = unknown_fields(parse(text, "mz-elder"), "mz-elder", MATTERS, named_only=True)
    assert problem.path == "fragments.person.phone"


def test_no_shipped_spec_reads_a_field_no_guide_has() -> None:
    for id_ in declared_systems():
        source = parse((ROOT / "config/systems" / f"{id_}.yaml").read_text("utf-8"), id_)
        assert unknown_fields(source, id_, MATTERS) == []


@pytest.mark.parametrize("written", ["'form.nothing'", "{$const: form.nothing}", "body.form.nothing | keep"])
def test_what_only_looks_like_a_field_is_none(written: str) -> None:
    text = SPEC.replace("name: form.applicant_name, idNumber", f'name: "{written}", idNumber', 1)
    if written.startswith("{"):
        text = SPEC.replace("name: form.applicant_name, idNumber", f"name: {written}, idNumber", 1)
    assert unknown_fields(parse(text, "mz-elder"), "mz-elder", MATTERS) == []


def test_a_sentence_nobody_knows_stays_as_it_is() -> None:
    told = advise(SpecProblem(file="f", line=1, path="x", expected="something new"))
    assert (told.expected, told.mend) == ("something new", "")
