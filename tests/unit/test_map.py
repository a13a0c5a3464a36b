"""The map (docs/architecture.md) names files that are there: a reader who follows a word arrives."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "docs" / "architecture.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([\w/{},*]+\.py)`", MAP)))
_CHOICE = re.compile(r"\{([^{}]*)\}")


def _each(pattern: str) -> list[str]:
    """Return what a name with choices in braces stands for."""
    choice = _CHOICE.search(pattern)
    if choice is None:
        return [pattern]
    return [
        whole
        for word in choice[1].split(",")
        for whole in _each(pattern[: choice.start()] + word + pattern[choice.end() :])
    ]


@pytest.mark.parametrize("named", NAMED)
def test_every_file_the_map_names_is_there(named: str) -> None:
    packages = ("composition", "config", "connectors", "demo", "idp", "matters", "portal", "tests")
    for pattern in _each(named):
        found = list(ROOT.glob(pattern)) + [
            file for package in packages for file in (ROOT / package).glob(f"**/{pattern}")
        ]
        assert found, pattern
