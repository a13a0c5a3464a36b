"""Everything the portal says in Chinese has its English."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract

from portal import words

PORTAL = Path(words.__file__).parent
KEYWORDS = {"_": None, "gettext": None, "marked": None}
SOURCES = sorted(p for p in PORTAL.rglob("*") if p.suffix in {".py", ".html"})
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PLACEHOLDER = re.compile(r"%\((\w+)\)s|\{(\w+)\}")


def msgids(path: Path) -> set[str]:
    method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
    options = {"encoding": "utf-8"} if path.suffix == ".py" else {"trim_blocks": "1", "lstrip_blocks": "1"}
    with path.open("rb") as file:
        found = extract(method, file, keywords=KEYWORDS, options=options)
        return {message if isinstance(message, str) else message[0] for _line, message, _comments, _context in found}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PORTAL).as_posix())
def test_every_sentence_of_a_file_has_its_english(path: Path) -> None:
    english = words.catalogues()["en"]
    missing = {message for message in msgids(path) if CHINESE.search(message) and english.gettext(message) == message}
    assert not missing


def test_placeholders_are_the_same_in_both_languages() -> None:
    english = words.catalogues()["en"]
    for path in SOURCES:
        for message in filter(None, msgids(path)):
            asked = {name for pair in PLACEHOLDER.findall(message) for name in pair if name}
            given = {name for pair in PLACEHOLDER.findall(english.gettext(message)) for name in pair if name}
            # English may name the English twin of a value.
            assert {name.removesuffix("_en") for name in given} <= asked, message


def test_templates_hold_no_chinese_outside_translation() -> None:
    bare = re.compile(r">[^<{]*[\u4e00-\u9fff]{2,}[^<{]*<")
    for path in PORTAL.rglob("*.html"):
        assert not bare.search(path.read_text("utf-8")), path
