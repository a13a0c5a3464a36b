"""Every transport tells the nine outcomes apart, and whatever a department does is classed, never raised.

A transport joins with a bench (`tests.doubles.benches`) in `BENCHES`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from connectors.outcomes import OutcomeClass
from connectors.unread import MOST_BYTES
from demo.faults.answers import BrokenLine
from tests.doubles.benches import (
    NOWHERE,
    WSDL,
    a_page,
    changed_spec,
    page_bench,
    page_script,
    rest_bench,
    rest_script,
    soap_answer,
    soap_bench,
    soap_script,
    transport_for,
)

BENCHES: dict[str, Callable[[Path], AbstractAsyncContextManager[Any]]] = {
    "rest_json": rest_bench,
    "soap": soap_bench,
    "form_post": page_bench,
}
SCRIPTS = {"rest_json": rest_script, "soap": soap_script, "form_post": page_script}
SYSTEMS = {"rest_json": "mz-elder", "soap": "mz-assist", "form_post": "wj-reward"}
DELIVERED = {OutcomeClass.ACCEPTED, OutcomeClass.DUPLICATE}


@pytest.mark.parametrize("transport", BENCHES)
@pytest.mark.parametrize("kind", OutcomeClass)
async def test_each_of_the_nine_outcomes_is_told_apart(transport: str, kind: OutcomeClass, tmp_path: Path) -> None:
    async with BENCHES[transport](tmp_path) as bench:
        outcome = await bench.outcome(kind)
        assert outcome.kind is kind, outcome
        if kind in DELIVERED:
            assert outcome.department_number
        if kind is OutcomeClass.THROTTLED:
            assert outcome.retry_after_seconds == 3
        if kind in {OutcomeClass.REFUSED, OutcomeClass.INVALID}:
            assert outcome.message


@pytest.mark.parametrize("transport", SCRIPTS)
async def test_without_a_connection_nothing_was_sent(transport: str, tmp_path: Path) -> None:
    async with BENCHES[transport](tmp_path) as bench:
        system = changed_spec(SYSTEMS[transport], tmp_path)
        away = transport_for(system, tmp_path / "away", address=NOWHERE)
        try:
            outcome = await away.send(bench.errand)
        finally:
            await away.aclose()
    assert outcome.kind in {OutcomeClass.TRANSIENT, OutcomeClass.AUTH}
    assert outcome.error in {"connect", "wsdl_away", "awaits_person"}


async def endless(_request: Request) -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.02)


def broken(how: str) -> Response:
    """Return an answer that no rule can make sense of."""
    match how:
        case "timeout":
            return StreamingResponse(endless(Request({"type": "http"})), media_type="text/xml")
        case "too_large":
            return Response(b"<a>" + b"x" * 50_000, media_type="text/xml")
        case "charset":
            return Response("<a>医保</a>".encode("gbk"), headers={"content-type": "text/xml; charset=utf-8"})
        case _:
            return Response(status_code=307, headers={"location": "http://192.0.2.1/elsewhere"})


@pytest.mark.parametrize("transport", SCRIPTS)
@pytest.mark.parametrize("how", ["timeout", "too_large", "charset", "redirect"])
async def test_an_answer_that_cannot_be_read_is_unknown_bounded_and_named(
    transport: str, how: str, tmp_path: Path
) -> None:
    async with BENCHES[transport](tmp_path) as bench:
        bench.department.script = SCRIPTS[transport](broken(how))
        outcome = await bench.transport.send(bench.errand)
        assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, how)
        (kept,) = bench.unread
        assert (kept.where, kept.error, kept.delivery_id) == ("send", how, bench.errand.delivery_id)
        assert kept.text[:2] == {"timeout": "  ", "too_large": "<a", "charset": "<a", "redirect": ""}[how]
        assert len(kept.text) <= MOST_BYTES


@pytest.mark.parametrize("transport", BENCHES)
async def test_an_answer_no_rule_knows_is_kept_as_it_came(transport: str, tmp_path: Path) -> None:
    async with BENCHES[transport](tmp_path) as bench:
        await bench.outcome(OutcomeClass.UNKNOWN)
        (kept,) = bench.unread
        said = {"rest_json": "一切正常", "soap": "网关繁忙", "form_post": "新版页面已上线"}[transport]
        assert (kept.where, said in kept.text) == ("send", True)
        await bench.outcome(OutcomeClass.ACCEPTED)
        assert len(bench.unread) == 1, "what was understood is not kept"


@pytest.mark.parametrize("transport", BENCHES)
async def test_an_answer_that_breaks_off_leaves_its_beginning(transport: str, tmp_path: Path) -> None:
    async with BENCHES[transport](tmp_path) as bench:
        bench.department.script = SCRIPTS[transport](BrokenLine())
        outcome = await bench.transport.send(bench.errand)
        assert (outcome.kind, outcome.error, outcome.http_status) == (OutcomeClass.UNKNOWN, "connection_lost", 0)
        assert [each.text for each in bench.unread] == ['{"co']


@pytest.mark.parametrize(
    "content",
    [
        b"<a><b></a>",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b"<a>" * 300 + b"</a>" * 300,
        b'{"code": 0}',
        b"",
        b'<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body/></Envelope>',
    ],
    ids=["truncated", "dtd", "deep", "json", "empty", "no body"],
)
async def test_soap_that_is_not_soap_is_unknown(content: bytes, tmp_path: Path) -> None:
    async with soap_bench(tmp_path) as bench:
        bench.department.script = soap_script(Response(content, media_type="text/xml"))
        outcome = await bench.transport.send(bench.errand)
    assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, "not_xml")


async def test_an_error_inside_a_200_is_what_it_says(tmp_path: Path) -> None:
    async with soap_bench(tmp_path) as bench:
        bench.department.script = soap_script(soap_answer("1003"))
        outcome = await bench.transport.send(bench.errand)
    assert (outcome.kind, outcome.message, outcome.http_status) == (OutcomeClass.REFUSED, "回答1003", 200)


async def test_a_wsdl_that_changed_sends_nothing_and_tells_the_owner(tmp_path: Path) -> None:
    async with soap_bench(tmp_path) as bench:

        async def changed(request: Request, _content: bytes) -> Response:
            return Response(WSDL + b" ", media_type="text/xml") if request.method == "GET" else soap_answer("0000")

        bench.department.script = changed
        outcome = await bench.transport.send(bench.errand)
        assert (outcome.kind, outcome.error) == (OutcomeClass.AUTH, "wsdl_changed")
        assert "WSDL" in outcome.message
        assert bench.department.sent() == []
        bench.department.script = soap_script(soap_answer("0000", YWBH="SHJZ1"))
        assert (await bench.transport.send(bench.errand)).kind is OutcomeClass.ACCEPTED


async def test_a_session_that_ended_is_given_up_and_the_case_waits(tmp_path: Path) -> None:
    async with page_bench(tmp_path) as bench:
        bench.department.script = page_script(a_page("<h1>用户登录</h1>"))
        outcome = await bench.transport.send(bench.errand)
        assert (outcome.kind, outcome.error) == (OutcomeClass.AUTH, "awaits_person")
        bench.department.script = page_script(a_page('保存成功<span id="lblBH">DZ1</span>'))
        assert (await bench.transport.send(bench.errand)).kind is OutcomeClass.ACCEPTED
    logins = [each for each in bench.department.sent() if each.path.endswith("login.aspx")]
    assert len(logins) == 2


async def test_the_form_is_posted_as_the_department_reads_it(tmp_path: Path) -> None:
    async with page_bench(tmp_path) as bench:
        await bench.outcome(OutcomeClass.ACCEPTED)
        posted = bench.department.sent()[-1]
    assert posted.query == "lb=DZJL"
    assert posted.headers["cookie"] == "ASP.NET_SessionId=abc"
    fields = dict(pair.split(b"=", 1) for pair in posted.content.split(b"&"))
    assert fields[b"__VIEWSTATE"] == b"v1"
    assert fields[b"btnSave"] == b"%B1%A3%B4%E6"  # 保存 in GB 2312
