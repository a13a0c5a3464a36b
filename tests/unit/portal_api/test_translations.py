"""Every text of the API, the citizen's page and the owner's pages has its English."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file

from portal import words

ROOT = Path(__file__).parents[3]
PYTHON = [
    *(ROOT / "portal" / "api").glob("*.py"),
    *(ROOT / "portal" / "pages" / f"{name}.py" for name in ("status", "systems", "systems_view", "problems")),
]
TEMPLATES = [
    path
    for name in ("status", "system", "problem_type")
    for path in (ROOT / "portal" / "templates").rglob(f"{name}*.html")
]


def texts() -> Iterator[str]:
    keywords = {"_": None, "marked": None}
    for path in PYTHON:
        for found in extract_from_file("python", path, keywords=keywords):
            yield str(found[1])
    for path in TEMPLATES:
        for found in extract_from_file("jinja2.ext:babel_extract", path, keywords=keywords):
            yield str(found[1])


def test_every_text_is_translated() -> None:
    english = words.catalogues()["en"]
    found = set(texts())
    assert len(found) > 250
    assert not [text for text in found if english.gettext(text) == text and not text.isascii()]


def test_a_translation_keeps_every_name_it_fills_in() -> None:
    english = words.catalogues()["en"]
    for text in texts():
        names = {part.split("}")[0] for part in text.split("{")[1:]} - {"choices"}
        assert all(f"{{{name}}}" in english.gettext(text) for name in names if name.isidentifier()), text
