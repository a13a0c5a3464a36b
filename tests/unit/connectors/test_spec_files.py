"""Spec files: the thirteen systems load, whatever is unknown is refused with file, line and path, the page holds."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.errors import SpecRefused
from connectors.filters import FILTERS
from connectors.spec import data_flow, load_system
from tests.doubles.declared import declared_matters, declared_systems
from tests.doubles.house import SPEC

ROOT = Path(__file__).parents[3]
SYSTEMS = declared_systems()
MATTERS = declared_matters()


def test_the_thirteen_systems_are_declared_and_every_matter_has_its_operation() -> None:
    # Beside the thirteen stands one that takes in no matter: it only receives what flows back.
    assert len(set(SYSTEMS) - {"mz-monitor"}) == 13
    assert "mz-monitor" not in {matter.target.system for matter in MATTERS}
    for matter in MATTERS:
        operation = SYSTEMS[matter.target.system].operation(matter.target.operation)
        assert operation.name in SYSTEMS[matter.target.system].operations
        assert operation.manual or operation.mode == matter.target.mode


@pytest.mark.parametrize("matter", MATTERS, ids=lambda m: m.id)
def test_every_form_path_of_a_spec_is_a_field_of_the_guide(matter: Any) -> None:
    system = SYSTEMS[matter.target.system]
    known = {field.key: {column.key for column in field.columns or ()} for field in matter.form.all_fields()}
    operation = system.operation(matter.target.operation)
    sources = {source for flow in data_flow(operation) for source in flow.sources if source.startswith("form.")}
    shared = {field.key for other in MATTERS if other.target.system == system.id for field in other.form.all_fields()}
    for source in sources:
        words = source.split(".")
        # A fragment may serve several matters; what none of this system's forms has is a typing mistake.
        assert words[1] in known or words[1] in shared, source
        if len(words) > 2 and words[1] in known:
            assert words[2] in known[words[1]], source


def refused(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "mz-elder.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SpecRefused) as error:
        load_system(file)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("department: mz", "departement: mz", "departement: there is no such key here"),
        ("form.applicant_name", "form.applicant_name | shout", "unknown filter 'shout'"),
        ("outCaseNo: case.number, name", "outCaseNo: case.colour, name", "case has"),
        ("status == 503", "state == 503", "unknown variable 'state'"),
        ("status == 409", "status ==", "not a CEL expression"),
        ("id: mz-elder", "id: mz-other", "the id is the file's name"),
        ('"30": completed_approved', '"30": done', "statuses.30"),
        ("kind: static_token, header", "kind: none, header", "callback.auth"),
        ("secret: elder.token", "secret: 'My secret!'", "the NAME of a file"),
        ("department: mz", "department: mz\ndepartment: rs", "stands here twice"),
        ("department: mz", "department: [", "YAML"),
        ("sso: {type: oidc, path: /login}", "sso: {type: oidc, path: '@elsewhere.example/login'}", "expected a path below"),
        ("mode: async\n    request:\n      path: /cases\n      headers", "mode: async\n    manual: true\n    request:\n      path: /cases\n      headers", "expected a request, or manual"),
        ("availability: {holidays: open}", "availability: {holidays: open, maintenance: [{every: day, begins: '01:00', ends: '02:00', operations: [NOWHERE]}]}", "unknown operation 'NOWHERE'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_file_line_and_place(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in SPEC
    problems = refused(tmp_path, SPEC.replace(old, new, 1))
    assert any(expected in problem for problem in problems), problems
    assert all(re.match(r"mz-elder\.yaml:\d+: ", problem) for problem in problems)


def test_every_problem_of_a_file_is_told_at_once_at_its_line(tmp_path: Path) -> None:
    text = SPEC.replace("name: form.applicant_name, idNumber", "name: form.x | nofilter, idNumber").replace(
        "status == 401", "nope == 1"
    )
    problems = refused(tmp_path, text)
    assert len(problems) == 2
    lines = text.splitlines()
    assert any("nope" in lines[int(problem.split(":")[1]) - 1] for problem in problems)


def test_a_probe_or_a_result_that_is_promised_must_be_there(tmp_path: Path) -> None:
    document = yaml.safe_load(SPEC)
    del document["probe"], document["callback"]
    problems = refused(tmp_path, yaml.safe_dump(document, allow_unicode=True))
    assert any("expected a probe section" in problem for problem in problems)
    assert any("needs a poll, a callback or a results section" in problem for problem in problems)


def test_a_secret_never_stands_in_a_spec() -> None:
    for file in (ROOT / "config/systems").glob("*.yaml"):
        without_pins = re.sub(r"sha256: [0-9a-f]{64}", "", file.read_text("utf-8"))
        assert not re.search(r"BEGIN (EC )?PRIVATE|[0-9a-f]{32}", without_pins), file.name


def test_the_data_flow_of_an_operation_names_sources_and_targets() -> None:
    flows = {flow.target: flow for flow in data_flow(SYSTEMS["mz-elder"].operations["ZLJ_APPLY"])}
    assert any("form.applicant_id_number" in flow.sources for flow in flows.values())
    assert any("form.bank_account_no" in flow.sources for flow in flows.values())


def test_the_pages_filters_are_the_languages_filters() -> None:
    page = (ROOT / "docs/connectors.md").read_text("utf-8")
    section = page.split("### Filters")[1].split("That is all there are")[0]
    named = set(re.findall(r"`([a-z_0-9]+)", section))
    assert set(FILTERS) <= named | {"epoch", "epoch_ms"}


def test_our_credentials_go_to_no_other_host_than_the_systems(tmp_path: Path) -> None:
    elsewhere = (
        "connection:\n  auth: {kind: oauth2_client_credentials, token_path: 'https://elsewhere.example/token',"
        " client_id: onewindow, client_secret: elder.token}"
    )
    document = {**yaml.safe_load(SPEC), **yaml.safe_load(elsewhere)}
    problems = refused(tmp_path, yaml.safe_dump(document, allow_unicode=True))
    assert any("token_path" in problem and "expected a path below" in problem for problem in problems)
