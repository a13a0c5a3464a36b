"""The nine outcomes over `rest_json`, against a department on a real socket, and all the ways an answer can be bad."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from connectors.engine import CantTell, Found, NotFound
from connectors.errors import MappingRefused
from connectors.outcomes import Outcome, OutcomeClass
from connectors.secrets_dir import SecretsInMemory
from connectors.transport_ports import Errand
from connectors.transports.rest_json import RestJsonTransport
from tests.doubles.house import make_system
from tests.doubles.scripted_department import Department, serving

VALUES: Mapping[str, object] = {
    "form": {"applicant_name": "测试甲", "applicant_id_number": "990101190001011230"},
    "case": {"number": "320105007-261123-MZ005-000001"},
    "delivery": {"key": "9598afd3-0d29-4c05-9302-ddfe9ad6af15", "serial": "1"},
    "department": {"number": ""},
    "operation": "ZLJ_APPLY",
    "now": datetime(2026, 11, 23, tzinfo=UTC),
    "nonce": "n",
}
OAUTH = {
    "connection": {
        "auth": {
            "kind": "oauth2_client_credentials",
            "token_path": "/token",
            "client_id": "c",
            "client_secret": "oauth",
        }
    }
}


@pytest.fixture
async def department() -> AsyncIterator[Department]:
    async with serving(Department()) as department:
        yield department


async def ask(
    department: Department,
    tmp_path: Path,
    *,
    how: str = "send",
    changes: Mapping[str, Any] | None = None,
    values: Mapping[str, object] = VALUES,
    base_url: str = "",
    times: int = 1,
) -> Any:
    system = make_system(tmp_path, changes)
    transport = RestJsonTransport(
        system,
        base_url=base_url or department.base_url,
        secrets=SecretsInMemory({"oauth": b"s3"}),
        clock=lambda: datetime.now(UTC),
    )
    errand = Errand(system=system, operation=system.operations["ZLJ_APPLY"], values=values, delivery_id="d")
    try:
        for _ in range(times):
            answer = await getattr(transport, how)(errand)
        return answer
    finally:
        await transport.aclose()


def says(status: int, body: object = None, **headers: str) -> Any:
    async def script(request: Request, content: bytes) -> Response:
        return JSONResponse(body, status_code=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return script


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"code": 0, "data": {"caseId": "D-9", "status": "10"}}, "accepted"),
        (409, {"data": {"caseId": "D-9"}}, "duplicate"),
        (202, {}, "pending"),
        (422, {"msg": "不符合条件"}, "refused"),
        (400, {"msg": "字段缺失"}, "invalid"),
        (401, {}, "auth"),
        (429, {}, "throttled"),
        (503, {}, "transient"),
        (500, {}, "unknown"),
    ],
)
async def test_each_of_the_nine_outcomes_is_told_apart(
    department: Department, tmp_path: Path, status: int, body: object, kind: str
) -> None:
    department.script = says(status, body)
    outcome: Outcome = await ask(department, tmp_path)
    assert outcome.kind.value == kind
    assert len(department.received) == 1
    if kind in ("accepted", "duplicate"):
        assert outcome.department_number == "D-9"


async def test_what_arrives_is_what_the_spec_says(department: Department, tmp_path: Path) -> None:
    await ask(department, tmp_path)
    (arrived,) = department.received
    assert (arrived.method, arrived.path) == ("POST", "/cases")
    assert arrived.headers["idempotency-key"] == "9598afd3-0d29-4c05-9302-ddfe9ad6af15"
    assert arrived.json == {
        "outCaseNo": "320105007-261123-MZ005-000001",
        "name": "测试甲",
        "idNumber": "990101190001011230",
        "serial": "1",
    }


async def test_nothing_is_sent_when_a_field_the_department_needs_is_missing(
    department: Department, tmp_path: Path
) -> None:
    with pytest.raises(MappingRefused, match="idNumber"):
        await ask(department, tmp_path, values={**VALUES, "form": {}})
    assert department.received == []


async def test_without_a_connection_it_is_transient(department: Department, tmp_path: Path) -> None:
    outcome = await ask(department, tmp_path, base_url="http://127.0.0.1:9")
    assert (outcome.kind, outcome.error) == (OutcomeClass.TRANSIENT, "connect")


async def test_no_answer_in_time_is_unknown(department: Department, tmp_path: Path) -> None:
    async def slow(request: Request, content: bytes) -> Response:
        await asyncio.sleep(1)
        return JSONResponse({})

    department.script = slow
    outcome = await ask(department, tmp_path)
    assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, "timeout")


async def test_an_answer_that_never_ends_is_cut_off_in_time(department: Department, tmp_path: Path) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    async def endless(request: Request, content: bytes) -> Response:
        return StreamingResponse(drip())

    department.script = endless
    outcome = await ask(department, tmp_path)
    assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, "timeout")


@pytest.mark.parametrize(
    ("content", "headers", "error"),
    [
        (b"x" * 50_000, {}, "too_large"),
        (gzip.compress(b" " * 5_000_000), {"content-encoding": "gzip"}, "too_large"),
        (b"<html>upgrading</html>", {}, "not_json"),
        ("医保业务异常".encode("gbk"), {}, "charset"),
        (b"[" * 15_000, {}, "not_json"),
        (b'{"code": 0', {}, "not_json"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_unknown_and_named(
    department: Department, tmp_path: Path, content: bytes, headers: dict[str, str], error: str
) -> None:
    async def script(request: Request, _: bytes) -> Response:
        return Response(content, headers=headers)

    department.script = script
    outcome = await ask(department, tmp_path)
    assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, error)


async def test_a_redirect_is_not_followed(department: Department, tmp_path: Path) -> None:
    department.script = says(307, {}, location="/elsewhere")
    outcome = await ask(department, tmp_path)
    assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, "redirect")
    assert len(department.received) == 1


async def test_a_connection_cut_after_the_request_is_unknown(tmp_path: Path) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        outcome = await ask(Department(), tmp_path, base_url=f"http://127.0.0.1:{port}")
    assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, "connection_lost")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"data": {"caseId": "D-1", "status": "20"}}, Found),
        (404, {}, NotFound),
        (200, {"data": {}}, CantTell),
        (500, {}, CantTell),
    ],
)
async def test_a_probe_finds_it_or_not_or_cannot_tell(
    department: Department, tmp_path: Path, status: int, body: object, expected: type
) -> None:
    department.script = says(status, body)
    assert isinstance(await ask(department, tmp_path, how="probe"), expected)
    assert department.received[0].query == "outCaseNo=320105007-261123-MZ005-000001"


def token_service(*, good: str = "t2") -> Any:
    """Give t1, then t2; the resource believes `good` only."""
    given: list[str] = []

    async def script(request: Request, content: bytes) -> Response:
        if request.url.path == "/token":
            assert request.headers["authorization"].startswith("Basic ")
            given.append(f"t{len(given) + 1}")
            return JSONResponse({"access_token": given[-1], "expires_in": 7200})
        if request.headers.get("authorization") != f"Bearer {good}":
            return JSONResponse({}, status_code=401)
        return JSONResponse({"code": 0, "data": {"caseId": "D-1"}})

    return script


async def test_a_token_is_kept_and_fetched_again_once_when_refused(department: Department, tmp_path: Path) -> None:
    department.script = token_service()
    outcome = await ask(department, tmp_path, changes=OAUTH, times=3)
    assert outcome.kind is OutcomeClass.ACCEPTED
    assert [each.path for each in department.received] == ["/token", "/cases", "/token", "/cases", "/cases", "/cases"]


async def test_credentials_that_get_no_token_are_an_auth_fault_and_nothing_is_sent(
    department: Department, tmp_path: Path
) -> None:
    department.script = says(400, {"error": "invalid_client"})
    outcome = await ask(department, tmp_path, changes=OAUTH)
    assert outcome.kind is OutcomeClass.AUTH
    assert [each.path for each in department.received] == ["/token"]


async def test_a_token_service_that_is_away_is_transient(department: Department, tmp_path: Path) -> None:
    department.script = says(503, {})
    outcome = await ask(department, tmp_path, changes=OAUTH)
    assert outcome.kind is OutcomeClass.TRANSIENT
