"""A day's list over `rest_json`: read page by page, whole or not at all."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.reconciliation import Listed
from connectors.secrets_dir import SecretsInMemory
from connectors.transports.rest_json import RestJsonTransport
from tests.doubles.house import make_system
from tests.doubles.scripted_department import Department, serving

RECONCILE = {
    "request": {"path": "/cases", "query": {"date": "day | date('yyyy-MM-dd')", "page": "page"}},
    "found": "status == 200",
    "rows": "body.rows",
    "our_number": "row.no",
    "department_number": "row.id",
    "status": "row.st",
    "page_size": 2,
    "most_pages": 3,
}


@pytest.fixture
async def department() -> AsyncIterator[Department]:
    async with serving(Department()) as department:
        yield department


async def listed(department: Department, tmp_path: Path, *pages: object) -> Sequence[Listed] | None:
    async def script(request: Request, content: bytes) -> Response:
        answer = pages[min(int(request.query_params["page"]), len(pages)) - 1]
        return answer if isinstance(answer, Response) else JSONResponse({"rows": answer})

    department.script = script
    system = make_system(tmp_path, {"reconcile": RECONCILE})
    transport = RestJsonTransport(
        system, base_url=department.base_url, secrets=SecretsInMemory({}), clock=lambda: datetime.now(UTC)
    )
    try:
        return await transport.list_day(date(2026, 3, 4))
    finally:
        await transport.aclose()


def row(number: str) -> dict[str, str]:
    return {"no": number, "id": f"D-{number}", "st": "20"}


async def test_pages_are_asked_for_until_one_is_short(department: Department, tmp_path: Path) -> None:
    found = await listed(department, tmp_path, [row("1"), row("2")], [row("3")])
    assert found == [Listed(our_number=n, department_number=f"D-{n}", status="20") for n in "123"]
    assert [each.query for each in department.received] == ["date=2026-03-04&page=1", "date=2026-03-04&page=2"]


async def test_rows_without_a_number_of_ours_are_not_ours_but_fill_a_page(
    department: Department, tmp_path: Path
) -> None:
    found = await listed(department, tmp_path, [{"id": "D-1", "st": "20"}, row("1")], [row("2")])
    assert [each.our_number for each in found or ()] == ["1", "2"]


@pytest.mark.parametrize("broken", [JSONResponse({}, status_code=503), JSONResponse({"rows": "none"}), Response(b"{")])
async def test_a_page_that_is_no_list_makes_the_whole_none(
    department: Department, tmp_path: Path, broken: Response
) -> None:
    assert await listed(department, tmp_path, [row("1"), row("2")], broken) is None


async def test_a_list_longer_than_agreed_is_none_for_half_a_list_looks_like_lost_cases(
    department: Department, tmp_path: Path
) -> None:
    assert await listed(department, tmp_path, [row("1"), row("2")]) is None
    assert len(department.received) == 3
