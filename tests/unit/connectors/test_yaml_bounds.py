"""A spec somebody types is read with bounds: what would end the process or never end is refused in a moment."""

import pytest
import yaml

from connectors.errors import SpecRefused
from connectors.mapping import Compiler, MappingProblem
from connectors.paths import REQUEST_ROOTS
from connectors.predicates import PredicateRefused, parse_predicate
from connectors.spec import parse_system
from connectors.yaml_source import parse
from tests.doubles.house import SPEC

LAUGHS = "\n".join(f"a{n}: &a{n} [{', '.join(f'*a{n - 1}' for _ in range(9)) if n else 'x'}]" for n in range(12))

# The anchors stand within the key: written out it is as endless as the lines above.
KEY = "? [&k0 [x], " + ", ".join(f"&k{n} [{', '.join([f'*k{n - 1}'] * 9)}]" for n in range(1, 6)) + "]\n: 1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[" * 200_000, "fewer levels"),
        ("- " * 200_000 + "a", "fewer levels"),
        ("{a: " * 100_000, "fewer levels"),
        (LAUGHS, "a document a person can read"),
        ("a: &a [*a]\n", "an alias (*) that holds itself"),
        ("id: a\nid: b\n", "stands here twice"),
        (KEY, "a word as key"),
        ('id: !!int ""\n', "YAML"),
        ("id: !!bool maybe\n", "YAML"),
        ("id: !!timestamp someday\n", "YAML"),
        ("id: [a\n", "YAML"),
    ],
    ids=[
        "brackets",
        "dashes",
        "braces",
        "laughs",
        "a loop",
        "twice",
        "a key",
        "no number",
        "no boolean",
        "no moment",
        "unfinished",
    ],
)
def test_what_can_not_be_a_spec_is_refused_with_its_line(text: str, expected: str) -> None:
    with pytest.raises(SpecRefused) as refused:
        parse(text, "mz-elder@2")
    (problem,) = refused.value.problems
    assert problem.file == "mz-elder@2"
    assert problem.line >= 1
    assert expected in problem.expected
    assert len(problem.expected) <= 200


def test_anchors_a_person_writes_are_read() -> None:
    source = parse("one: &one {a: 1}\ntwo:\n  <<: *one\n  b: 2\n", "mz-elder@2")
    assert source.document == {"one": {"a": 1}, "two": {"a": 1, "b": 2}}


def test_fragments_that_use_fragments_twice_over_are_refused() -> None:
    fragments: dict[str, object] = {"f0": {"x": "case.number"}}
    for n in range(1, 40):
        fragments[f"f{n}"] = {"a": {"$use": [f"f{n - 1}"]}, "b": {"$use": [f"f{n - 1}"]}}
    document = yaml.safe_load(SPEC)
    document["fragments"] = fragments
    document["operations"]["ZLJ_APPLY"]["request"]["body"] = {"$use": ["f39"]}
    with pytest.raises(SpecRefused) as refused:
        parse_system(yaml.safe_dump(document), name="mz-elder@2")
    assert any("a document a person can read" in problem.expected for problem in refused.value.problems)


def test_a_fragment_is_called_by_its_name() -> None:
    with pytest.raises(MappingProblem, match="unknown fragment"):
        Compiler(roots=REQUEST_ROOTS, tables={}, fragments={"f0": {}}).compile({"$use": [["f0"]]})


@pytest.mark.parametrize(
    "when",
    [
        "[1, 2].all(a, [1, 2].exists(b, [1, 2].all(c, true)))",
        "[1].map(a, a).filter(b, true). // and\n exists // on\n (c, true)",
        f"status == {'0' * 1000}1",
    ],
)
def test_a_predicate_that_could_go_on_and_on_is_refused(when: str) -> None:
    with pytest.raises(PredicateRefused, match=r"expected (?:fewer lists|a shorter expression)"):
        parse_predicate(when)


@pytest.mark.parametrize(
    "when",
    [
        "body.r.all(a, body.r.all(b, b == 0))",
        "body.r.all(a, size(body.r) > 0)",
        "body.r.exists(a, a in body . r)",
        "body.r.map(a, a).all(b, b < 5)",
        "body.r.filter(a, a > 0) == []",
        "body.r.all(a, a == r')' && size(body.r) > 0)",
        "body.r.all(a, a == ')' && size(body.r) > 0)",
        "body.r.all(a, true // )\n && size(body.r) > 0)",
        "headers.x == 'a' && body.r.all(a, headers.x == a)",
    ],
)
def test_a_predicate_that_takes_the_square_of_a_list_is_refused(when: str) -> None:
    """Eight hundred rows held a worker for two and a half minutes, and all systems with it."""
    with pytest.raises(PredicateRefused, match="expected"):
        parse_predicate(when)


@pytest.mark.parametrize(
    "when", ["body.r.all(r, r.code == '0') && size(body.r) > 0", "body.r.exists(r, r.rows.all(x, x.body == 1))"]
)
def test_what_looks_at_each_row_once_stands(when: str) -> None:
    assert parse_predicate(when).reads == {"body"}


def test_a_predicate_is_given_only_what_it_reads() -> None:
    assert parse_predicate("status == 429 || error == 'timeout'").reads == {"status", "error"}
