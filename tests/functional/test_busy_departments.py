"""A department that says it is too busy, in an answer that looks well: it waits, goes again, and arrives once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.ledger import DeliveryState
from connectors.outcomes import OutcomeClass
from tests.conftest import Backend
from tests.doubles.benches import changed_spec
from tests.doubles.departments import department as simulated
from tests.doubles.house import House, make_house
from tests.doubles.scripted_department import Department, serving
from tests.functional.test_delivery_journeys import until, working
from tests.servers.tax_broker import open_accounts
from tests.servers.valkey import Valkey

WAITS_SECONDS = 60.0
CERTIFICATE = "30-payment-certificate"


@pytest.fixture
async def department() -> AsyncIterator[Department]:
    async with serving(Department()) as department:
        yield department


async def test_busy_in_a_good_answer_waits_uses_no_attempt_and_arrives(
    backend: Backend, department: Department, tmp_path: Path
) -> None:
    asked: list[bytes] = []

    async def busy_twice(_request: Request, content: bytes) -> Response:
        asked.append(content)
        if len(asked) < 3:
            return JSONResponse({"code": "SYS-BUSY", "msg": "征期切换，请稍后再试", "wait": 0.2})
        return JSONResponse({"code": 0, "data": {"caseId": "D-1", "status": "10"}})

    department.script = busy_twice
    busy = {"when": "body.code == 'SYS-BUSY'", "class": "throttled", "message": "body.msg", "retry_after": "body.wait"}
    taken = {"when": "status == 200 && body.code == 0", "class": "accepted", "department_number": "body.data.caseId"}
    house = await make_house(
        backend.engine, backend.state, tmp_path, base_url=department.base_url, changes={"outcomes": [busy, taken]}
    )
    try:
        number = (await house.accept()).case.number
        async with working(house.connectors.worker()):
            await until(lambda: arrived(house, number), within=WAITS_SECONDS)
        (view,) = await house.connectors.deliveries.of_case(number)
    finally:
        await house.connectors.aclose()
    assert [attempt.outcome for attempt in view.attempts] == [
        OutcomeClass.THROTTLED, OutcomeClass.THROTTLED, OutcomeClass.ACCEPTED,
    ]  # fmt: skip
    assert view.attempts[0].message == "征期切换，请稍后再试"
    assert (view.delivery.attempts, view.delivery.department_number) == (1, "D-1")


async def test_an_office_that_answers_busy_on_the_topic_gets_it_again_and_once(
    backend: Backend, valkey: Valkey, tmp_path: Path
) -> None:
    line = open_accounts(valkey, tmp_path / "secrets")
    always = {"opens": "00:00", "closes": "24:00", "maintenance": []}
    system = changed_spec(
        "tax-ssf", tmp_path, availability=always, delivery={"retry": {"first_seconds": 0.2, "most_seconds": 1}}
    )
    with simulated("tax-ssf", tmp_path, line=line) as office:
        office.misbehave("maintenance")
        house = await make_house(backend.engine, backend.state, tmp_path, systems={"tax-ssf": system})
        endpoints = {"tax-ssf": office.base_url, "tax-ssf.queue": line}
        (tmp_path / "endpoints.yaml").write_text(yaml.safe_dump(endpoints), "utf-8")
        try:
            number = (await house.accept(CERTIFICATE)).case.number
            async with working(house.connectors.worker()):
                await until(lambda: arrived(house, number), within=WAITS_SECONDS)
            (view,) = await house.connectors.deliveries.of_case(number)
        finally:
            await house.connectors.aclose()
        sent = [attempt for attempt in view.attempts if attempt.kind == "send"]
        assert [attempt.outcome for attempt in sent] == [OutcomeClass.PENDING, OutcomeClass.PENDING]
        assert [each["times"] for each in office.received(number)] == [1]


async def arrived(house: House, number: str) -> bool:
    (view,) = await house.connectors.deliveries.of_case(number)
    delivery = view.delivery
    has_it = delivery.state is DeliveryState.PENDING_RESULT and (delivery.department_number or delivery.their_status)
    return bool(has_it) or delivery.state is DeliveryState.CONFIRMED
