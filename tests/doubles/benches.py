"""A bench per transport: its declared connector before a department that is told what to say, for the contract suite.

`outcome(kind)` makes the department behave so that the transport should class it as `kind`, and returns what it did.
Rules for classes the department's own spec never uses are added in front of it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from config.clock import utc_now
from connectors.outcomes import Outcome, OutcomeClass
from connectors.secrets_dir import SecretsDirectory
from connectors.spec import load_system
from connectors.system import System
from connectors.transport_kinds import TRANSPORTS
from connectors.transport_ports import Errand, Surroundings, Transport
from connectors.unread import NoUnreadBook, Unread, UnreadBook
from demo.ground.secrets import make_secrets
from demo.ground.soap import SOAP_1_1, Service
from tests.doubles.departments import ROOT, OneWindow, application
from tests.doubles.notes import NotesInMemory, UnreadInMemory
from tests.doubles.scripted_department import Department, serving

NOWHERE = "http://127.0.0.1:9"


class Bench(Protocol):
    """One transport under test."""

    async def outcome(self, kind: OutcomeClass) -> Outcome: ...


def changed_spec(system_id: str, directory: Path, **changes: Any) -> System:
    """Return a declared system with some of its top-level keys replaced or merged; it needs no copy of a WSDL."""
    document = yaml.safe_load((ROOT / "config" / "systems" / f"{system_id}.yaml").read_text("utf-8"))
    for key, change in changes.items():
        if key == "rules":
            document["outcomes"] = [*change, *document["outcomes"]]
        else:
            document[key] = {**document[key], **change}
    if "soap" in document:
        document["soap"]["wsdl"].pop("file")
    file = directory / f"{system_id}.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    return load_system(file)


def transport_for(
    system: System, directory: Path, *, address: str, line: str = "", unread: UnreadBook | None = None
) -> Transport:
    make_secrets(directory / "secrets")
    secrets = SecretsDirectory(directory / "secrets")
    surroundings = Surroundings(
        address=address,
        line=line,
        secrets=secrets,
        clock=utc_now,
        notes=NotesInMemory(),
        unread=unread or NoUnreadBook(),
    )
    return TRANSPORTS[system.transport].make(system, surroundings)


SOAP_MATTER = ("04-temporary-assistance", "expenditure")
PAGE_MATTER = ("27-one-child-parent-reward", "retiree")
WSDL = (ROOT / "config" / "systems" / "wsdl" / "mz-assist.wsdl").read_bytes()
_SERVICE = Service(soap=SOAP_1_1, namespace="urn:jmgc:shjz", result="return")


def soap_answer(code: str, **more: str) -> Response:
    """Return what social assistance says with HTTP 200, whatever `code` means."""
    return _SERVICE.answer("submit", "RESULT", {"RETCODE": code, "RETMSG": f"回答{code}", **more})


SOAP_SAYS: Mapping[OutcomeClass, Response] = {
    OutcomeClass.ACCEPTED: soap_answer("0000", YWBH="SHJZ1"),
    OutcomeClass.DUPLICATE: soap_answer("1002", YWBH="SHJZ1"),
    OutcomeClass.PENDING: soap_answer("0001"),
    OutcomeClass.REFUSED: soap_answer("1003"),
    OutcomeClass.INVALID: soap_answer("2001"),
    OutcomeClass.AUTH: _SERVICE.fault("wsse:FailedAuthentication", "用户令牌校验失败"),
    OutcomeClass.THROTTLED: Response(status_code=429, headers={"retry-after": "3"}),
    OutcomeClass.TRANSIENT: soap_answer("9999"),
    OutcomeClass.UNKNOWN: Response("<html>网关繁忙</html>".encode("gb18030"), media_type="text/html; charset=gb18030"),
}


class SoapBench:
    """Social assistance over SOAP 1.1."""

    def __init__(self, transport: Transport, errand: Errand, department: Department) -> None:
        self.transport, self.errand, self.department = transport, errand, department
        self.unread: list[Unread] = []

    async def outcome(self, kind: OutcomeClass) -> Outcome:
        self.department.script = soap_script(SOAP_SAYS[kind])
        return await self.transport.send(self.errand)


def soap_script(answer: Response) -> Any:
    async def script(request: Request, _content: bytes) -> Response:
        return Response(WSDL, media_type="text/xml") if request.method == "GET" else answer

    return script


@asynccontextmanager
async def soap_bench(directory: Path) -> AsyncIterator[SoapBench]:
    rules = [{"when": "body.RETCODE == '0001'", "class": "pending"}]
    system = changed_spec(
        "mz-assist", directory, rules=rules, connection={"total_timeout_seconds": 4, "most_answer_bytes": 20_000}
    )
    async with serving(Department()) as department:
        book = UnreadInMemory()
        transport = transport_for(system, directory, address=department.base_url, unread=book)
        here = OneWindow(system=system, transport=transport)
        try:
            bench = SoapBench(transport, here.errand(application(*SOAP_MATTER)), department)
            bench.unread = book.kept
            yield bench
        finally:
            await transport.aclose()


def a_page(text: str, *, status: int = 200, **headers: str) -> Response:
    """Return a page of the reward system."""
    content = f"<html><head><title>新增申报</title></head><body>{text}</body></html>".encode("gb2312")
    kind = {"content-type": "text/html; charset=gb2312"}
    return Response(content, status_code=status, headers=kind | {k.replace("_", "-"): v for k, v in headers.items()})


PAGE_SAYS: Mapping[OutcomeClass, Response] = {
    OutcomeClass.ACCEPTED: a_page('<p>保存成功</p>编号 <span id="lblBH">DZ1</span>'),
    OutcomeClass.DUPLICATE: a_page('<p>该人员已申报</p>编号 <span id="lblBH">DZ1</span>'),
    OutcomeClass.PENDING: a_page("<p>已提交后台处理</p>"),
    OutcomeClass.REFUSED: a_page("<p>不符合申报条件</p>"),
    OutcomeClass.INVALID: a_page('<p id="lblMsg">身份证号不正确</p>'),
    OutcomeClass.AUTH: a_page("<p>禁止访问</p>", status=403),
    OutcomeClass.THROTTLED: a_page("<p>操作过快</p>", status=429, retry_after="3"),
    OutcomeClass.TRANSIENT: a_page("<p>系统维护，暂停服务</p>"),
    OutcomeClass.UNKNOWN: a_page("<p>新版页面已上线</p>"),
}


class PageBench:
    """The reward system's pages, its log-in without a picture."""

    def __init__(self, transport: Transport, errand: Errand, department: Department) -> None:
        self.transport, self.errand, self.department = transport, errand, department
        self.unread: list[Unread] = []

    async def outcome(self, kind: OutcomeClass) -> Outcome:
        self.department.script = page_script(PAGE_SAYS[kind])
        return await self.transport.send(self.errand)


def page_script(answer: Response) -> Any:
    """Let anybody in, show the form, and answer what is posted into it."""

    async def script(request: Request, _content: bytes) -> Response:
        path, posted = request.url.path, request.method == "POST"
        if path.endswith("/login.aspx"):
            return RedirectResponse("/jlfz/main.aspx", 302) if posted else a_page('<form><input name="txtUser"></form>')
        if path.endswith("/main.aspx"):
            return a_page("欢迎", set_cookie="ASP.NET_SessionId=abc; path=/; HttpOnly")
        return answer if posted else a_page('<form><input type="hidden" name="__VIEWSTATE" value="v1"></form>')

    return script


REST_MATTER = ("05-elder-respect-allowance", "standard")
REST_SAYS: Mapping[OutcomeClass, Response] = {
    OutcomeClass.ACCEPTED: JSONResponse({"code": 0, "msg": "ok", "data": {"caseId": "ZLJ-1", "status": "10"}}),
    OutcomeClass.DUPLICATE: JSONResponse({"data": {"caseId": "ZLJ-1"}}, status_code=208),
    OutcomeClass.PENDING: JSONResponse({}, status_code=202),
    OutcomeClass.REFUSED: JSONResponse({"msg": "不符合条件"}, status_code=418),
    OutcomeClass.INVALID: JSONResponse({"msg": "字段缺失"}, status_code=417),
    OutcomeClass.AUTH: JSONResponse({"code": 401}, status_code=401),
    OutcomeClass.THROTTLED: Response(status_code=429, headers={"retry-after": "3"}),
    OutcomeClass.TRANSIENT: JSONResponse({"code": 503}, status_code=503),
    OutcomeClass.UNKNOWN: JSONResponse({"code": "一切正常"}),
}


class RestBench(SoapBench):
    """The elders' system over JSON."""

    async def outcome(self, kind: OutcomeClass) -> Outcome:
        self.department.script = rest_script(REST_SAYS[kind])
        return await self.transport.send(self.errand)


def rest_script(answer: Response) -> Any:
    async def script(_request: Request, _content: bytes) -> Response:
        return answer

    return script


@asynccontextmanager
async def rest_bench(directory: Path) -> AsyncIterator[RestBench]:
    rules = [
        {"when": "status == 208", "class": "duplicate", "department_number": "body.data.caseId"},
        {"when": "status == 202", "class": "pending"},
        {"when": "status == 418", "class": "refused", "message": "body.msg"},
        {"when": "status == 417", "class": "invalid", "message": "body.msg"},
    ]
    system = changed_spec(
        "mz-elder", directory, rules=rules, connection={"total_timeout_seconds": 4, "most_answer_bytes": 20_000}
    )
    async with serving(Department()) as department:
        book = UnreadInMemory()
        transport = transport_for(system, directory, address=department.base_url, unread=book)
        here = OneWindow(system=system, transport=transport)
        try:
            bench = RestBench(transport, here.errand(application(*REST_MATTER)), department)
            bench.unread = book.kept
            yield bench
        finally:
            await transport.aclose()


@asynccontextmanager
async def page_bench(directory: Path) -> AsyncIterator[PageBench]:
    rules = [
        {"when": "body.text.contains('已提交后台处理')", "class": "pending"},
        {"when": "body.text.contains('不符合申报条件')", "class": "refused", "message": "body.text"},
    ]
    system = changed_spec(
        "wj-reward", directory, rules=rules, connection={"total_timeout_seconds": 4, "most_answer_bytes": 20_000}
    )
    async with serving(Department()) as department:
        book = UnreadInMemory()
        transport = transport_for(system, directory, address=department.base_url, unread=book)
        here = OneWindow(system=system, transport=transport)
        try:
            bench = PageBench(transport, here.errand(application(*PAGE_MATTER)), department)
            bench.unread = book.kept
            yield bench
        finally:
            await transport.aclose()


async def cut_after(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upto: bytes) -> None:
    """Take what comes until `upto` and hang up without a word."""
    await reader.readuntil(upto)
    writer.close()
    await writer.wait_closed()
