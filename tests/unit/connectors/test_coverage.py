"""Coverage: which mandatory field of a department is fed by which field of the guide, computed from the spec alone."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.coverage import Fed, cover, coverage
from connectors.spec import load_system
from connectors.system import System
from matters.guide import Matter
from tests.doubles.declared import declared_matters, declared_systems

ROOT = Path(__file__).parents[3]
SYSTEMS = declared_systems()
MATTERS = {m.id: m for m in declared_matters()}
ALLOWANCE = MATTERS["05-elder-respect-allowance"]


def system(tmp_path: Path, **body: object) -> System:
    document: Any = yaml.safe_load((ROOT / "config/systems/mz-elder.yaml").read_text(encoding="utf-8"))
    document.pop("examples")
    document["operations"]["ZLJ_APPLY"]["request"].update(body=body, required=list(body))
    file = tmp_path / "mz-elder.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return load_system(file)


def fed(tmp_path: Path, written: object) -> Fed:
    made = system(tmp_path, field=written)
    (line,) = cover(made, made.operations["ZLJ_APPLY"], ALLOWANCE).lines
    return line.fed


@pytest.mark.parametrize("id_", list(SYSTEMS))
def test_every_mandatory_field_of_every_system_has_a_source_in_every_guide(id_: str) -> None:
    for found in coverage(SYSTEMS[id_], MATTERS.values()):
        assert found.holds, [line for line in found.lines if line.fed is Fed.NEVER]


def test_a_required_field_of_the_form_always_feeds(tmp_path: Path) -> None:
    assert fed(tmp_path, "form.applicant_name") is Fed.ALWAYS


def test_a_field_the_guide_does_not_have_never_feeds(tmp_path: Path) -> None:
    assert fed(tmp_path, "form.colour_of_hair") is Fed.NEVER


def test_a_field_the_clerk_may_leave_empty_may_feed(tmp_path: Path) -> None:
    assert fed(tmp_path, "form.emergency_contact_phone") is Fed.MAYBE


def test_a_default_makes_it_sure(tmp_path: Path) -> None:
    assert fed(tmp_path, "form.emergency_contact_phone | default('0')") is Fed.ALWAYS


def test_one_sure_source_of_several_is_enough(tmp_path: Path) -> None:
    first = {"$first": ["form.emergency_contact_name", "form.applicant_name"]}
    assert fed(tmp_path, first) is Fed.ALWAYS


def test_what_stands_behind_a_condition_is_not_sure(tmp_path: Path) -> None:
    assert fed(tmp_path, {"$if": "form.agent_name", "$then": "form.applicant_name"}) is Fed.MAYBE


def test_a_constant_always_feeds_and_facts_of_the_case_do(tmp_path: Path) -> None:
    assert fed(tmp_path, "'ZLJ'") is Fed.ALWAYS
    assert fed(tmp_path, "case.number") is Fed.ALWAYS


def test_an_object_is_fed_when_something_inside_is(tmp_path: Path) -> None:
    assert fed(tmp_path, {"name": "form.applicant_name"}) is Fed.ALWAYS
    assert fed(tmp_path, {"name": "form.no_such_field"}) is Fed.NEVER


def test_fields_that_are_asked_for_and_sent_nowhere_are_named(tmp_path: Path) -> None:
    made = system(tmp_path, name="form.applicant_name")
    found = cover(made, made.operations["ZLJ_APPLY"], ALLOWANCE)
    assert "applicant_name" not in found.unsent
    assert "bank_account_no" in found.unsent


def test_matters_of_other_systems_and_those_a_person_delivers_are_left_out() -> None:
    of: dict[str, Matter] = {
        found.matter: MATTERS[found.matter] for found in coverage(SYSTEMS["mz-elder"], MATTERS.values())
    }
    assert set(of) == {"05-elder-respect-allowance", "07-elderly-care-subsidy"}
