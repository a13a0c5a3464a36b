"""A spec is held against its copy of the WSDL when it is loaded: a changed contract is refused with place and mend."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.errors import SpecRefused
from connectors.spec import load_system
from connectors.wsdl import calls_of

SYSTEMS = Path(__file__).parents[3] / "config" / "systems"


def loaded(tmp_path: Path, change: Any = None, *, wsdl: bytes | None = None, system: str = "mz-assist") -> list[str]:
    """Load a changed copy of a declared system and return its problems."""
    document = yaml.safe_load((SYSTEMS / f"{system}.yaml").read_text("utf-8"))
    if change is not None:
        change(document)
    (tmp_path / "wsdl").mkdir(exist_ok=True)
    shutil.copy(SYSTEMS / "wsdl" / f"{system}.wsdl", tmp_path / "wsdl")
    if wsdl is not None:
        (tmp_path / "wsdl" / f"{system}.wsdl").write_bytes(wsdl)
    file = tmp_path / f"{system}.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    try:
        load_system(file)
    except SpecRefused as refused:
        return [str(problem) for problem in refused.problems]
    return []


def test_the_declared_ones_hold(tmp_path: Path) -> None:
    assert loaded(tmp_path) == []
    assert loaded(tmp_path, system="rs-employee-insurance") == []


def test_a_wsdl_that_changed_is_refused_with_the_hash_to_pin(tmp_path: Path) -> None:
    changed = (SYSTEMS / "wsdl" / "mz-assist.wsdl").read_bytes() + b"\n"
    (problem,) = loaded(tmp_path, wsdl=changed)
    assert "soap.wsdl.sha256" in problem
    assert hashlib.sha256(changed).hexdigest() in problem


@pytest.mark.parametrize("content", [b"", b"<a/>", b"not xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_what_is_no_wsdl_is_refused(tmp_path: Path, content: bytes) -> None:
    (problem,) = loaded(tmp_path, wsdl=content)
    assert "not a WSDL" in problem


def test_a_copy_that_is_missing_is_named(tmp_path: Path) -> None:
    def other(document: dict[str, Any]) -> None:
        document["soap"]["wsdl"]["file"] = "nothing.wsdl"

    (problem,) = loaded(tmp_path, other)
    assert "there is no wsdl/nothing.wsdl" in problem


def test_a_call_and_an_argument_the_contract_lacks_are_named(tmp_path: Path) -> None:
    def wrong(document: dict[str, Any]) -> None:
        document["probe"]["request"]["call"] = "askStatus"
        document["connection"]["envelope"]["appKey"] = "'x'"

    problems = loaded(tmp_path, wrong)
    assert any("no call 'askStatus'" in problem and "submit, queryStatus" in problem for problem in problems)
    assert any("submit has no argument 'appKey'" in problem and "appCode, bizXml" in problem for problem in problems)


def test_the_predicates_of_a_log_in_are_checked_too(tmp_path: Path) -> None:
    def wrong(document: dict[str, Any]) -> None:
        document["soap"]["log_in"] |= {"expired": "answer.code == 1", "session": "nothing.here"}

    problems = loaded(tmp_path, wrong, system="rs-employee-insurance")
    assert any("soap.log_in.expired" in problem for problem in problems)
    assert any("soap.log_in.session" in problem for problem in problems)


def test_calls_are_read_with_their_arguments_in_order() -> None:
    calls = calls_of((SYSTEMS / "wsdl" / "rs-employee-insurance.wsdl").read_bytes())
    assert calls == {"login": ["userName", "password"], "doBusiness": ["xml"], "queryBatch": ["xml"]}


@pytest.mark.parametrize("section", ["soap", "message_queue", "form_post", "exchange_table", "file_batch"])
def test_a_section_stands_with_its_own_transport_and_is_needed_there(tmp_path: Path, section: str) -> None:
    def missing(document: dict[str, Any]) -> None:
        document["transport"] = section
        document.pop("soap")

    assert any(f"transport {section}: expected a section" in problem for problem in loaded(tmp_path, missing))


def test_a_section_of_another_transport_is_refused(tmp_path: Path) -> None:
    def both(document: dict[str, Any]) -> None:
        document["transport"] = "rest_json"

    assert any("this section stands with transport: soap only" in problem for problem in loaded(tmp_path, both))
