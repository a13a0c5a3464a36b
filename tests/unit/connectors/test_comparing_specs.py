"""Two versions of a spec: what changes in the data that leaves, and every changed place."""

from pathlib import Path
from typing import Any

import yaml

from connectors.comparing import compare_documents, compare_flows
from connectors.spec import load_system
from connectors.system import System

ROOT = Path(__file__).parents[3]
SPEC: dict[str, Any] = yaml.safe_load((ROOT / "config/systems/mz-elder.yaml").read_text(encoding="utf-8"))


def loaded(tmp_path: Path, change: Any) -> System:
    document = yaml.safe_load(yaml.safe_dump(SPEC, allow_unicode=True))
    document.pop("examples")
    change(document)
    file = tmp_path / "mz-elder.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return load_system(file)


def test_a_changed_source_a_new_field_and_a_dropped_one_are_told(tmp_path: Path) -> None:
    before = loaded(tmp_path, lambda _: None)

    def change(document: Any) -> None:
        person = document["fragments"]["person"]
        person["phone"] = "form.agent_phone"
        person["email"] = "'none'"
        del person["gender"]
        for operation in document["operations"].values():
            if "gender" in operation["request"]["required"]:
                operation["request"]["required"].remove("gender")

    flows = [f for f in compare_flows(before, loaded(tmp_path, change)) if f.operation == "ZLJ_APPLY"]
    assert [(f.change, f.target, f.before, f.after) for f in flows] == [
        ("removed", "gender", ("form.applicant_gender",), ()),
        ("changed", "phone", ("form.applicant_phone",), ("form.agent_phone",)),
        ("added", "email", (), ("(constant)",)),
    ]


def test_equal_specs_differ_nowhere(tmp_path: Path) -> None:
    same = loaded(tmp_path, lambda _: None)
    assert compare_flows(same, same) == ()
    assert compare_documents(SPEC, SPEC) == ()


def test_every_changed_place_is_named_with_both_values() -> None:
    before = {"a": 1, "b": {"c": [1, 2], "d": 1}}
    after = {"a": 1, "b": {"c": [1, 3], "e": 1}}
    assert [(p.path, p.change, p.before, p.after) for p in compare_documents(before, after)] == [
        ("b.c.1", "changed", 2, 3),
        ("b.d", "removed", 1, None),
        ("b.e", "added", None, 1),
    ]
