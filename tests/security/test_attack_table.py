"""docs/security.md says what is true: every attack has a row, every row tests that exist or a reason."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| (S\d\d) \| [^|]+ \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")
ROWS = dict(_ROW.findall((ROOT / "docs" / "security.md").read_text()))


@cache
def _tests_in(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_no_attack_is_left_out() -> None:
    assert list(ROWS) == [f"S{number:02}" for number in range(1, 57)]


@pytest.mark.parametrize("number", ROWS)
def test_every_attack_is_tried_or_does_not_apply(number: str) -> None:
    named = _TEST.findall(ROWS[number])
    assert bool(named) != ROWS[number].startswith("does not apply: ")
    for file, name in named:
        assert (ROOT / file).is_file(), file
        assert name in _tests_in(ROOT / file), f"{file} has no {name}"
