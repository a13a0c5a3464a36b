"""A spec somebody types is read with bounds: what would end the process or never end is refused in a moment."""

import pytest

from connectors.errors import SpecRefused
from connectors.yaml_source import parse

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
        ("a: &a [*a]\n", "recursion"),
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
