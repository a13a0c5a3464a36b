"""The small pieces of SOAP and of pages: documents written and read, digests, forms filled, secrets sealed, rows told."""

import base64
import hashlib

import pytest

from connectors.errors import MappingRefused
from connectors.expression import parse
from connectors.paths import ANSWER_ROOTS, ANSWER_ROW_ROOTS
from connectors.row_results import RowResults
from connectors.sealing import seal, unseal
from connectors.spec_form_post import FormPostSpec, ListPageSpec, PageLogInSpec
from connectors.transports.exchange import Raw
from connectors.transports.pages.filling import filled
from connectors.transports.pages.reading import read_page
from connectors.transports.soap_envelope import password_digest
from connectors.transports.xml_reading import XmlRefused, as_value, decoded, parsed
from connectors.transports.xml_writing import document

LOG_IN = PageLogInSpec(
    path="/login",
    username="u",
    password="x.password",
    username_field="u",
    password_field="p",
    succeeded="true",
    needed="false",
)
PAGES = FormPostSpec(
    log_in=LOG_IN,
    fields={"number": "no"},
    button={"go": "保存"},
    list_page=ListPageSpec(path="/list", table="t", columns={"number": "编号", "status": "状态"}, next_link="next"),
)


def test_objects_lists_and_attributes_become_elements_and_come_back() -> None:
    written = document(
        "BIZ", {"A": "一", "rows": {"row": [{"@n": 1, "x": "a&b"}, {"@n": 2, "x": ""}]}, "E": None}, charset="GB18030"
    )
    assert written == (
        '<?xml version="1.0" encoding="GB18030"?><BIZ><A>一</A><rows><row n="1"><x>a&amp;b</x></row>'
        '<row n="2"><x></x></row></rows><E></E></BIZ>'
    )
    read = as_value(parsed(written))
    assert read == {"A": "一", "rows": {"row": [{"n": "1", "x": "a&b"}, {"n": "2", "x": ""}]}, "E": ""}


def test_a_text_can_never_end_the_section_it_stands_in() -> None:
    assert "]]>" not in document("BIZ", {"A": "]]>", "@b": "]]>"}, charset="UTF-8")


def test_a_list_of_one_is_a_list_where_the_spec_says_so() -> None:
    one = parsed("<r><rows><row n='1'/></rows></r>")
    assert as_value(one) == {"rows": {"row": {"n": "1"}}}
    assert as_value(one, lists=("rows.row",)) == {"rows": {"row": [{"n": "1"}]}}


@pytest.mark.parametrize("payload", [{"A": "\x00"}, {"1a": "x"}, {"a b": "x"}, {"A": [[1]]}])
def test_what_xml_cannot_say_is_refused_before_anything_is_sent(payload: dict[str, object]) -> None:
    with pytest.raises(MappingRefused):
        document("BIZ", payload, charset="UTF-8")


def test_a_character_the_department_lacks_is_refused() -> None:
    with pytest.raises(MappingRefused, match="gb2312"):
        document("BIZ", {"A": "𬍛"}, charset="gb2312")


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("医".encode("gb18030"), "text/xml; charset=GBK", "医"),
        ('<?xml version="1.0" encoding="GB18030"?><a>𬍛</a>'.encode("gb18030"), "text/xml", "𬍛"),
        ("医".encode(), "text/html", "医"),
    ],
)
def test_the_character_set_is_the_headers_then_the_declarations(content: bytes, content_type: str, text: str) -> None:
    assert text in decoded(content, content_type, otherwise="utf-8")


@pytest.mark.parametrize("content_type", ["text/xml; charset=utf-8", "text/xml; charset=ebcdic-cp-us"])
def test_another_character_set_is_not_guessed(content_type: str) -> None:
    with pytest.raises(XmlRefused, match="charset"):
        decoded("医保".encode("gbk"), content_type, otherwise="utf-8")


def test_the_password_digest_is_the_profiles() -> None:
    nonce, created = b"n" * 16, "2026-11-23T01:00:00Z"
    expected = base64.b64encode(hashlib.sha1(nonce + created.encode() + b"secret", usedforsecurity=False).digest())
    assert password_digest(nonce, created, b"secret") == expected.decode()


def test_a_form_keeps_hidden_fields_and_repeats_lists() -> None:
    form = filled({"n": "〔E101〕", "c": ["一", "二"]}, {"__VIEWSTATE": "v+/="}, PAGES)
    assert form == b"__VIEWSTATE=v%2B%2F%3D&n=%A1%B2E101%A1%B3&c=%D2%BB&c=%B6%FE&go=%B1%A3%B4%E6"


def test_a_character_without_a_way_to_write_it_stops_the_form() -> None:
    with pytest.raises(MappingRefused, match="n"):
        filled({"n": "𬍛"}, {}, PAGES)


def page(html: str) -> Raw:
    return Raw(http_status=200, headers={"content-type": "text/html; charset=gb2312"}, content=html.encode("gb2312"))


def test_a_page_is_its_text_its_fields_and_the_rows_of_its_list() -> None:
    html = (
        "<script>保存成功</script><p>请  登录</p><span id='no'> A 1 </span><input type=hidden name=v value=1>"
        "<input name=txtYZM><table id='t'><tr><th>编号<th>状态</tr><tr><td>A1<td>待审</tr><tr><td>broken</tr></table>"
        "<a id='next' href='/list?page=2'>下一页</a>"
    )
    read = read_page(page(html), PAGES)
    body = read.answer.body
    assert isinstance(body, dict)
    assert "保存成功" not in body["text"]
    assert "请 登录" in body["text"]
    assert body["fields"] == {"number": "A 1"}
    assert [{k: v for k, v in row.items() if k != "digest"} for row in body["rows"]] == [
        {"number": "A1", "status": "待审"}
    ]
    assert (read.hidden, read.next_path) == ({"v": "1"}, "/list?page=2")
    assert "txtYZM" in read.inputs


@pytest.mark.parametrize("href", ["//evil.example/x", "http://evil.example/x", "javascript:alert(1)"])
def test_a_page_leads_to_no_other_site(href: str) -> None:
    assert read_page(page(f"<a id='next' href='{href}'>x</a>"), PAGES).next_path == ""


def test_what_is_sealed_opens_with_the_same_secret_and_purpose_only() -> None:
    sealed = seal(b"secret", "session:a", "cookie")
    assert "cookie" not in sealed
    assert unseal(b"secret", "session:a", sealed) == "cookie"
    assert unseal(b"other", "session:a", sealed) == ""
    assert unseal(b"secret", "session:b", sealed) == ""
    assert unseal(b"secret", "session:a", "not base64!") == ""


def test_rows_that_were_not_taken_are_told_by_name() -> None:
    rows = RowResults(
        each=parse("body.rows", roots=ANSWER_ROOTS, tables={}),
        name=parse("row.n | prefix('第') | suffix('行')", roots=ANSWER_ROW_ROOTS, tables={}),
        code=parse("row.code", roots=ANSWER_ROW_ROOTS, tables={}),
        good=frozenset({"0"}),
        text=parse("row.msg", roots=ANSWER_ROW_ROOTS, tables={}),
    )
    answer = {"body": {"rows": [{"n": "1", "code": "0"}, {"n": "2", "code": "1", "msg": "重复参保"}]}}
    assert rows.of(answer) == {"第2行": "重复参保"}
    assert rows.of({"body": {"rows": "none"}}) == {}
