"""The scriptless browser of the functional tests, against pages made for it."""

import httpx2
import pytest

from tests.servers.visitor import NoSuchForm, Visitor, words

PAGE = """<!doctype html><html><body>
<a href="/matters">事项</a><script>var hidden = "不可见";</script>
<form method="post" action="/drafts/1" id="intake">
<input type="hidden" name="csrf" value="t&amp;1"><input name="applicant_name" value="王"><input type="file" name="scan">
<input type="checkbox" name="need" value="a" checked><input type="checkbox" name="need" value="b">
<input type="radio" name="sex" value="1"><input type="radio" name="sex" value="2" checked>
<select name="kin"><option value="01">本人</option><option value="02" selected>配偶</option></select>
<select name="first"><option value="x">x</option><option value="y">y</option></select>
<textarea name="reason">困难&lt;低保</textarea><input name="off" value="1" disabled>
<button name="step" value="next">下一步</button></form>
<input name="outside" value="2" form="intake">
</body></html>"""


def _answer(request: httpx2.Request) -> httpx2.Response:
    if request.method == "POST":
        seen = f"{request.headers['origin']} {request.headers['referer']} {request.content.decode()}"
        return httpx2.Response(200, text=seen)
    return httpx2.Response(200, html=PAGE)


@pytest.fixture
def visitor() -> Visitor:
    return Visitor(httpx2.Client(transport=httpx2.MockTransport(_answer)))


def test_a_form_is_read_with_what_it_would_send(visitor: Visitor) -> None:
    page = visitor.get("http://a.test/x")
    form = page.form(having="applicant_name", action="/drafts/")
    assert (form.action, form.method) == ("http://a.test/drafts/1", "post")
    assert form.values == {
        "csrf": ["t&1"], "applicant_name": ["王"], "need": ["a"], "sex": ["2"], "kin": ["02"], "first": ["x"],
        "reason": ["困难<低保"], "outside": ["2"],
    }  # fmt: skip
    assert form.options["kin"] == ["01", "02"]
    assert page.links == ("http://a.test/matters",)
    assert "事项" in list(words(page))
    assert "不可见" not in " ".join(words(page))


def test_what_is_typed_replaces_what_was_there(visitor: Visitor) -> None:
    page = visitor.get("http://a.test/x")
    answer = visitor.submit(page, page.form(having="kin"), {"kin": "01", "need": ["a", "b"]}, button="next")
    origin, referer, body = answer.text.split(" ")
    assert (origin, referer) == ("http://a.test", "http://a.test/x")
    assert {"kin=01", "need=a", "need=b", "sex=2", "step=next"} <= set(body.split("&"))
    assert "kin=02" not in body


def test_a_missing_form_names_those_that_are_there(visitor: Visitor) -> None:
    with pytest.raises(NoSuchForm, match=r"drafts/1"):
        visitor.get("http://a.test/x").form(having="password")
