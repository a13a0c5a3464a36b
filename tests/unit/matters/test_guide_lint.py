"""Guide lint: the shipped guides have no error, and each fault that is planted is named."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from matters.codes import CodeTables
from matters.data_items import DataItems
from matters.guide import Matter, parse_matter
from matters.guide_lint import lint
from matters.lint_form import is_pattern_safe

SYSTEMS = Path(__file__).parents[3] / "config" / "systems"
SYSTEM_IDS = {
    "mz-assist", "mz-elder", "mz-benefit", "rs-resident-pension", "rs-employee-insurance", "rs-employment", "rs-card",
    "yb-core", "wj-birth", "wj-reward", "tax-ssf", "scjg-food", "gjj-core", "mz-monitor",
}  # fmt: skip

Plant = Callable[[dict[str, Any]], object]


@pytest.fixture
def found(matter: Callable[[str], Matter], items: DataItems, codes: CodeTables) -> Callable[..., set[tuple[str, str]]]:
    """Return (severity, code) of what lint says about matter 04 with a fault planted."""

    def run(plant: Plant, number: str = "04") -> set[tuple[str, str]]:
        document = copy.deepcopy(matter(number).document())
        plant(document)
        findings = lint(parse_matter(document, "test"), items=items, codes=codes, systems=SYSTEM_IDS)
        for finding in findings:
            assert "{" not in finding.message.format_map(finding.params)
        return {(finding.severity, finding.code) for finding in findings}

    return run


def test_no_shipped_guide_has_an_error(all_matters: tuple[Matter, ...], items: DataItems, codes: CodeTables) -> None:
    for each in all_matters:
        assert [f for f in lint(each, items=items, codes=codes, systems=SYSTEM_IDS) if f.severity == "error"] == []


def guide(document: dict[str, Any]) -> Any:
    return document["guide"]


def field(document: dict[str, Any], key: str) -> Any:
    return next(f for s in document["form"]["sections"] for f in s["fields"] if f["key"] == key)


FAULTS: dict[str, tuple[Plant, str]] = {
    "an element without content": (lambda d: guide(d).update(faq=[]), "element_empty"),
    "a condition left blank": (
        lambda d: guide(d)["acceptance_criteria"]["conditions"].__setitem__(0, ""),
        "value_empty",
    ),
    "a vague material": (lambda d: guide(d)["materials"][0].update(name="其他材料"), "material_vague"),
    "a vague proof": (lambda d: guide(d)["materials"][0].update(name="相关证明"), "material_vague"),
    "the phrase the reform struck out": (
        lambda d: guide(d)["materials"][0].update(name="无法通过政府部门间信息共享获取的支出型家庭收入和重大支出"),
        "material_vague",
    ),
    "what the law may ask for": (
        lambda d: guide(d)["materials"][0].update(name="法律法规规定的其他材料"),
        "material_vague",
    ),
    "a promise longer than the law": (
        lambda d: guide(d)["time_limits"]["statutory"].update(value=5, unit="working_day"),
        "promise_too_long",
    ),
    "a situation's promise longer than the law": (
        lambda d: (
            guide(d)["time_limits"]["statutory"].update(value=10, unit="working_day"),
            guide(d)["situations"][1].update(promised_override={"value": 11, "unit": "working_day"}),
        ),
        "promise_too_long",
    ),
    "an instant matter of ten days": (
        lambda d: guide(d)["basic_info"].update(handling_type={"code": "1", "label": "即办件"}),
        "instant_too_long",
    ),
    "steps that take longer": (lambda d: guide(d)["process"]["steps"][1]["duration"].update(value=9), "steps_too_long"),
    "steps out of order": (lambda d: guide(d)["process"]["steps"][0].update(seq=9), "step_numbers"),
    "a material twice": (lambda d: guide(d)["materials"][0].update(id="id_card"), "id_repeated"),
    "a material of no situation": (lambda d: guide(d)["materials"][0].update(situations=["x"]), "situation_unknown"),
    "a material without copies": (lambda d: guide(d)["materials"][0].update(original_copies=0), "no_copies"),
    "tolerance of an unknown material": (
        lambda d: guide(d)["acceptance_criteria"]["tolerance"].update(materials=["x"]),
        "material_unknown",
    ),
    "tolerance without a deadline": (
        lambda d: guide(d)["acceptance_criteria"]["tolerance"].update(deadline=None),
        "tolerance_incomplete",
    ),
    "a fee without items": (lambda d: guide(d)["fees"].update(charged=True), "fees_differ"),
    "a code of another label": (
        lambda d: guide(d)["basic_info"].update(matter_type={"code": "05", "label": "行政许可"}),
        "code_unknown",
    ),
    "an unknown material code": (lambda d: guide(d)["materials"][0]["need"].update(code="7"), "code_unknown"),
    "an unknown returned item": (lambda d: guide(d)["result"]["data_reflux"].update(fields=["x.y"]), "item_unknown"),
    "an unknown system": (lambda d: d["target"].update(system="nowhere"), "system_unknown"),
    "another department's system": (lambda d: d["target"].update(department="yb"), "department_differs"),
    "a result that cannot come": (lambda d: d["target"].update(result_via="sync"), "result_via_differs"),
    "a field twice": (lambda d: field(d, "bank_name").update(key="applicant_name"), "key_repeated"),
    "a field called situation": (lambda d: field(d, "bank_name").update(key="situation"), "key_reserved"),
    "a choice without options": (lambda d: field(d, "difficulty_cause").update(options=[]), "no_options"),
    "an option twice": (
        lambda d: field(d, "difficulty_cause")["options"].append(field(d, "difficulty_cause")["options"][0]),
        "option_repeated",
    ),
    "an option outside the list": (
        lambda d: field(d, "applicant_gender")["options"].append(
            {"code": "9", "label": "未说明", "label_en": "Not stated"}
        ),
        "option_outside",
    ),
    "a source that does not exist": (lambda d: field(d, "bank_name").update(source="bank.x"), "item_unknown"),
    "a source of another type": (lambda d: field(d, "bank_name").update(source="bank.account_no"), "item_type"),
    "a field that has a shared item and does not say so": (
        lambda d: field(d, "bank_name").update(source=None),
        "item_exists",
    ),
    "a condition on no field": (
        lambda d: field(d, "agent_name").update(visible_when={"field": "x", "in": [True]}),
        "field_unknown",
    ),
    "a condition on no value": (
        lambda d: field(d, "urgent").update(visible_when={"field": "situation", "in": ["x"]}),
        "value_unknown",
    ),
    "conditions in a circle": (
        lambda d: field(d, "by_agent").update(visible_when={"field": "by_agent", "in": [True]}),
        "circle",
    ),
    "a limit by no field": (
        lambda d: field(d, "reimbursed_total")["constraints"].update(lte_field="x"),
        "field_unknown",
    ),
    "unique by no column": (
        lambda d: field(d, "household_members")["constraints"].update(unique_by="x"),
        "column_unknown",
    ),
    "a list without columns": (lambda d: field(d, "household_members").update(columns=[]), "no_columns"),
    "an expression of no language": (
        lambda d: field(d, "household_size")["constraints"].update(derived="a*b"),
        "derived_invalid",
    ),
    "an expression over no column": (
        lambda d: field(d, "household_size")["constraints"].update(derived="sum(household_members.x)"),
        "derived_invalid",
    ),
    "a pattern that takes for ever": (
        lambda d: field(d, "bank_name")["constraints"].update(pattern="(a+)+$"),
        "pattern_unsafe",
    ),
    "a pattern that is none": (lambda d: field(d, "bank_name")["constraints"].update(pattern="("), "pattern_unsafe"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named(found: Callable[..., set[tuple[str, str]]], fault: str) -> None:
    plant, code = FAULTS[fault]
    assert ("error", code) in found(plant)


def test_what_an_editor_should_look_at_only_warns(found: Callable[..., set[tuple[str, str]]]) -> None:
    assert ("warning", "tolerance_differs") in found(lambda _: None, "02")
    assert ("warning", "item_exists") in found(lambda _: None, "26")


def test_patterns_of_the_shipped_guides_are_safe() -> None:
    assert is_pattern_safe("^[0-9]{17}[0-9X][1-7][1-4](B[0-9])?$")
    for unsafe in ("(a+)+", "(a*)*b", "(a{2,})+", "["):
        assert not is_pattern_safe(unsafe)


def test_the_systems_named_here_are_those_declared() -> None:
    declared = {yaml.safe_load(path.read_text("utf-8"))["id"] for path in SYSTEMS.glob("*.yaml")}
    assert not declared or declared <= SYSTEM_IDS
