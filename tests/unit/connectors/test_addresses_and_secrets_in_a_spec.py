"""A spec leads nowhere but below its department's address, and holds the names of secrets, never secrets."""

from pathlib import Path

import pytest

from connectors.errors import MappingRefused, SpecRefused
from connectors.rendering import render
from connectors.spec import load_systems
from connectors.submission import values_for
from connectors.system import System
from tests.doubles.house import make_system
from tests.unit.connectors.test_attempts_under_a_lease import SUBMISSION
from tests.unit.connectors.test_delivery_engine import AT, DELIVERY

ROOT = Path(__file__).parents[3]
KEY = "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c"


def operation(**request: object) -> dict[str, object]:
    return {"ZLJ_APPLY": {"mode": "sync", "request": {"path": "/cases", "body": {"a": "case.number"}, **request}}}


@pytest.mark.parametrize(
    "path",
    [
        "//elsewhere.example/x",
        "https://elsewhere.example",
        "/../other",
        "/a/%2e%2e/b",
        "/a\\b",
        "/a#b",
        "/a\tb",
        "x",
        "/./a",
    ],
)
def test_a_path_that_leads_out_of_the_departments_own_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(SpecRefused, match="expected a path below"):
        make_system(tmp_path, {"operations": operation(path=path)})
    with pytest.raises(SpecRefused, match="expected a path below"):
        make_system(tmp_path, {"sso": {"type": "oidc", "path": path}})


@pytest.mark.parametrize("name", ["host", "Content-Length", "Transfer-Encoding", "x y", "x:y", "头"])
def test_headers_that_are_not_a_specs_to_set_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SpecRefused, match="expected the name of a header"):
        make_system(tmp_path, {"operations": operation(headers={name: "case.number"})})


@pytest.mark.parametrize(
    "changes",
    [
        {"connection": {"auth": {"kind": "static_token", "header": "x-token", "secret": KEY}}},
        {"connection": {"auth": {"kind": "static_token", "secret": "9f8a7b6c-5d4e-3f2a-1b0c-9d8e7f6a5b4c"}}},
        {"connection": {"headers": {"x-api-key": "'sk-live-91823'"}}},
        {"connection": {"headers": {"x-own": "'Bearer abcdefghijklmnop'"}}},
        {"connection": {"envelope": {"appSecret": "'abcdef123'", "data": {"$payload": True}}}},
        {"operations": operation(body={"password": {"$const": "hunter22"}})},
        {"fragments": {"agent": {"密码": "'123456'"}}},
    ],
)
def test_a_secret_in_clear_is_refused_and_not_repeated(changes: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(SpecRefused) as refused:
        make_system(tmp_path, changes)
    (problem,) = refused.value.problems
    assert "the NAME of a file" in problem.expected
    assert problem.line > 1
    assert not any(word in str(refused.value) for word in (KEY, "sk-live", "abcdef", "hunter", "123456"))


def test_nothing_of_what_is_declared_here_looks_like_a_secret() -> None:
    assert load_systems(ROOT / "config" / "systems")


def rendered(system: System, **content: object) -> object:
    request = system.operations["ZLJ_APPLY"].request
    assert request is not None
    values = values_for(SUBMISSION, DELIVERY, at=AT, nonce="n", callback_url="")
    return render(request, {**values, **content})


@pytest.mark.parametrize("value", ["欧阳静", "a\x00b", "a\tb", "\ud800"])
def test_what_no_header_can_hold_stops_the_message_before_it_leaves(value: str, tmp_path: Path) -> None:
    system = make_system(tmp_path, {"operations": operation(headers={"x-name": "form.applicant_name"})})
    with pytest.raises(MappingRefused, match="x-name"):
        rendered(system, form={"applicant_name": value})


@pytest.mark.parametrize("value", [".", "..", "\ud800"])
def test_a_departments_number_is_a_part_of_an_address_and_no_way_around(value: str, tmp_path: Path) -> None:
    system = make_system(tmp_path, {"operations": operation(path="/cases/{department.number}")})
    with pytest.raises(MappingRefused, match="path"):
        rendered(system, department={"number": value})
