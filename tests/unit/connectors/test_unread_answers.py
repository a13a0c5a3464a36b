"""An answer as a person can look at it: whatever its bytes are, and with no personal datum however it is spelled."""

import json
from urllib.parse import quote

import pytest

from connectors.redaction import Redactor, together
from connectors.unread import MOST_BYTES, beginning

NAME, NUMBER = "贾宝玉", "990101190001011230"
REDACTOR = Redactor(((NUMBER, "9901**********1230"), (NAME, "贾**")))
SAID = f"<p>{NAME} {NUMBER} 已申报</p>"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (SAID.encode(), ""),
        (SAID.encode("gb18030"), ""),
        (SAID.encode("gb18030"), "text/html; charset=gbk"),
        (SAID.encode(), "text/html; charset=gb2312"),
        (SAID.encode("gb18030"), "text/html; charset=utf-8"),
        (SAID.encode("utf-16"), "application/json; charset=utf-8"),
        (SAID.encode(), "text/html; charset=ebcdic-cp-us-no-such"),
    ],
)
def test_an_answer_is_read_in_what_it_is_in_and_masked(content: bytes, content_type: str) -> None:
    shown = REDACTOR.verbatim(beginning(content, content_type=content_type, otherwise="utf-8"))
    assert NAME not in shown
    assert NUMBER not in shown
    assert "01011230" not in shown


def test_bytes_of_no_character_set_are_spelled_out() -> None:
    assert beginning(b"\xff\xfe\xff ok\x07\n", otherwise="utf-8") == "\\xff\\xfe\\xff ok\\x07\n"


def test_only_the_beginning_is_shown_and_no_character_in_half() -> None:
    shown = beginning(("医保" * 2_000).encode(), otherwise="utf-8")
    assert len(shown.encode()) <= MOST_BYTES
    assert set(shown) == {"医", "保"}


@pytest.mark.parametrize(
    "spelled",
    [
        json.dumps({"name": NAME}),
        json.dumps({"name": NAME}).replace("\\u8d3e", "\\u8D3E").replace("\\u5b9d", "\\u5B9D"),
        f"XM={quote(NAME)}&n=1",
        f"XM={quote(NAME.encode('gb18030')).lower()}",
        "".join(f"&#{ord(c)};" for c in NAME),
        "".join(f"&#x{ord(c):x};" for c in NAME),
        NAME.encode().decode("latin-1"),
        NAME.encode("gb18030").decode("latin-1"),
        NAME.encode("gb18030").decode("ascii", "backslashreplace"),
    ],
)
def test_a_name_is_masked_however_it_is_spelled(spelled: str) -> None:
    assert "贾**" in REDACTOR.verbatim(f"ORA-00001: {spelled} <")


def test_an_answer_about_many_cases_is_masked_for_each() -> None:
    both = together([REDACTOR, Redactor((("林黛玉", "林**"),))])
    assert both.verbatim("贾宝玉|林黛玉") == "贾**|林**"
