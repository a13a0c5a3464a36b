"""A starting spec is a real one: whoever fills its blanks has a spec that holds, in either language."""

from pathlib import Path

import pytest
import yaml

from config.language import load_catalogues
from connectors.blanks import filled
from connectors.errors import SpecRefused
from connectors.examples import run_examples
from connectors.readiness import without_example
from connectors.spec import parse_system
from connectors.spec_schema import place
from connectors.starting_spec import starting_spec
from connectors.starting_transports import TRANSPORTS
from connectors.starting_words import NewSystem
from connectors.system import System
from connectors.unknown_fields import unknown_fields
from connectors.yaml_source import parse
from tests.doubles.declared import declared_matters

ROOT = Path(__file__).parents[3]
MATTERS = {m.id: m for m in declared_matters()}
ENGLISH = load_catalogues([ROOT / "connectors" / "locale"])["en"].gettext
WITH_ROWS = "01-minimum-living-guarantee"


def made(transport: str, matter: str = "", *, english: bool = False) -> str:
    new = NewSystem(id="mz-new", name="新: 系统 #1", name_en="New", department="mz", transport=transport)
    return starting_spec(new, MATTERS.get(matter), say=ENGLISH if english else str)


def filling(blank: str) -> str:
    """Fill a blank as its words ask."""
    if "SHA" in blank:
        return "0" * 64
    if "凭据" in blank or "secret" in blank:
        return "trial.secret"
    return "30" if blank.startswith(("状态值", "status: ")) else "F30"


def compiled(text: str) -> System:
    return parse_system(text, name="mz-new.yaml", system="mz-new")


@pytest.mark.parametrize("english", [False, True], ids=["chinese", "english"])
@pytest.mark.parametrize("matter", ["", WITH_ROWS])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_with_its_blanks_filled_it_holds_and_so_do_its_examples(transport: str, matter: str, english: bool) -> None:
    text = filled(made(transport, matter, english=english), filling)
    system = compiled(text)
    assert system.transport == transport
    assert run_examples(system) == ()
    assert without_example(system) == ()
    assert unknown_fields(parse(text, "mz-new.yaml"), "mz-new", tuple(MATTERS.values())) == []


@pytest.mark.parametrize("matter", list(MATTERS))
def test_every_matter_gives_one_that_holds(matter: str) -> None:
    system = compiled(filled(made("rest_json", matter), filling))
    assert list(system.operations) == [MATTERS[matter].target.operation]
    assert run_examples(system) == ()


@pytest.mark.parametrize("transport", [each for each in TRANSPORTS if each != "manual"])
def test_while_a_blank_is_left_it_is_refused_at_its_line(transport: str) -> None:
    text = made(transport)
    with pytest.raises(SpecRefused) as refused:
        compiled(text)
    assert refused.value.problems
    for problem in refused.value.problems:
        assert problem.expected.startswith("a blank is left: ")
        assert "《？" in text.splitlines()[problem.line - 1]


def test_a_blank_in_a_comment_and_a_books_title_are_no_blanks() -> None:
    text = filled(made("rest_json"), filling) + "# 《？…》\nidempotency: 见《独生子女父母光荣证》\n"
    assert compiled(text).spec.idempotency == "见《独生子女父母光荣证》"


def test_every_comment_stands_at_a_place_the_language_has() -> None:
    from connectors.starting_spec import _COMMENTS

    for path in _COMMENTS:
        words = ["X" if word == "*" else word for word in path.split(".")]
        assert place(words) is not None, path


def test_a_value_with_a_few_choices_names_them_beside_it() -> None:
    line = next(line for line in made("rest_json").splitlines() if line.startswith("  resend_unknown:"))
    assert line.endswith("可选 dedupe probe never")


def test_what_somebody_typed_stays_what_it_is() -> None:
    for name in ("新: 系统 #1", "- 甲", "yes", "1.0", "'引号'", "a: b", "{x}", "*x", "~"):
        new = NewSystem(id="mz-new", name=name, name_en=name, department="mz", transport="manual")
        assert yaml.safe_load(starting_spec(new, None, say=str))["name"] == name
