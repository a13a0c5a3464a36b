"""The map (docs/architecture.md) names files that are there: a reader who follows a word arrives."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("composition", "config", "connectors", "demo", "idp", "matters", "portal")
_NAMED = re.compile(r"`([\w/{},*]+\.py)`")
_CHOICE = re.compile(r"\{([^{}]*)\}")


def _each(pattern: str) -> list[str]:
    """Return what a name with choices in braces stands for."""
    choice = _CHOICE.search(pattern)
    if choice is None:
        return [pattern]
    before, after = pattern[: choice.start()], pattern[choice.end() :]
    return [whole for word in choice[1].split(",") for whole in _each(before + word + after)]


def test_every_file_the_map_names_is_there() -> None:
    files = [file.relative_to(ROOT) for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    named = {
        each for text in _NAMED.findall((ROOT / "docs" / "architecture.md").read_text("utf-8")) for each in _each(text)
    }
    assert len(named) > 100
    missing = [each for each in named if not any(file.match(each) for file in files) and not list(ROOT.glob(each))]
    assert not sorted(missing)
