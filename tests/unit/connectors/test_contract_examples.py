"""Contract examples: the message and the meaning of answers held against what was agreed; drift of a live answer."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.errors import SpecRefused
from connectors.examples import drift, run_examples
from connectors.spec import load_system
from tests.doubles.declared import declared_systems

ROOT = Path(__file__).parents[3]
SPEC: dict[str, Any] = yaml.safe_load((ROOT / "config/systems/mz-elder.yaml").read_text(encoding="utf-8"))


def found(tmp_path: Path, change: Any) -> list[str]:
    document = yaml.safe_load(yaml.safe_dump(SPEC, allow_unicode=True))
    change(document["examples"][0])
    file = tmp_path / "mz-elder.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return [str(mismatch) for mismatch in run_examples(load_system(file))]


def test_the_examples_of_every_system_hold() -> None:
    assert [m for system in declared_systems().values() for m in run_examples(system)] == []


def test_a_field_that_is_sent_otherwise_is_named_without_its_value(tmp_path: Path) -> None:
    lines = found(tmp_path, lambda example: example["sends"].update(startMonth="2026-05"))
    assert lines == ["尊老金申请: sends.startMonth: expected '2026-05', found a text"]


def test_a_mandatory_field_without_a_value_is_named(tmp_path: Path) -> None:
    (line,) = found(tmp_path, lambda example: example["given"]["form"].pop("bank_account_no"))
    assert line.startswith("尊老金申请: sends.bank.accountNo: expected a value")


def test_an_answer_that_means_something_else_is_named(tmp_path: Path) -> None:
    lines = found(tmp_path, lambda example: example["answers"][1].update({"class": "accepted"}))
    assert lines == ["尊老金申请: answers.1.class: expected accepted, found refused"]


def test_the_number_the_department_gave_has_to_be_found(tmp_path: Path) -> None:
    lines = found(tmp_path, lambda example: example["answers"][0]["body"]["data"].pop("caseId"))
    assert lines == ["尊老金申请: answers.0.department_number: expected ZLJ-20260303-0001, found none"]


def test_an_example_of_an_operation_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SpecRefused, match=r"examples.0.operation: there is no operation 'ZLJ'"):
        found(tmp_path, lambda example: example.update(operation="ZLJ"))


def test_drift_names_what_is_missing_new_or_of_another_type() -> None:
    agreed = {"code": 0, "data": {"caseId": "a", "rows": [{"n": 1}]}}
    answered = {"code": "0", "data": {"rows": [{"n": 2, "orgCode": "x"}]}, "trace": "t"}
    assert [str(m) for m in drift("e", agreed, answered)] == [
        "e: body.code: expected a number, found a text",
        "e: body.data.caseId: expected a text, found missing",
        "e: body.data.rows[].orgCode: expected nothing, found a text",
        "e: body.trace: expected nothing, found a text",
    ]


def test_other_values_in_the_same_shape_are_no_drift() -> None:
    assert list(drift("e", {"code": 0, "id": "a"}, {"code": 9, "id": "b"})) == []
