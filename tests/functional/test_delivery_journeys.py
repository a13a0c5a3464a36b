"""Deliveries from intake to the citizen's state, with a real worker and a department on a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.clock import SHANGHAI
from connectors.ledger import Delivery, DeliveryState, DeskReason
from connectors.worker import DeliveryWorker
from matters.case import CaseStatus
from matters.storage.cases import SqlCaseStore
from tests.conftest import Backend
from tests.doubles.house import CLERK, House, make_house
from tests.doubles.scripted_department import Department, serving

TOKEN = "department-token"


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def working(worker: DeliveryWorker) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def department() -> AsyncIterator[Department]:
    async with serving(Department()) as department:
        yield department


@pytest.fixture
async def house(backend: Backend, department: Department, tmp_path: Path) -> AsyncIterator[House]:
    house = await make_house(backend.engine, backend.state, tmp_path, base_url=department.base_url)
    yield house
    await house.connectors.aclose()


@asynccontextmanager
async def own_house(
    backend: Backend, department: Department, tmp_path: Path, changes: Mapping[str, object]
) -> AsyncIterator[House]:
    """A house whose spec differs; closed whatever the test comes to."""
    house = await make_house(backend.engine, backend.state, tmp_path, base_url=department.base_url, changes=changes)
    try:
        yield house
    finally:
        await house.connectors.aclose()


async def delivery_of(house: House, number: str, position: int = 1) -> Delivery:
    views = await house.connectors.deliveries.of_case(number)
    return next(view.delivery for view in views if view.delivery.position == position)


async def until(seen: Callable[[], Awaitable[bool]], *, within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not await seen():  # noqa: ASYNC110  # what is awaited happens in the database
            await asyncio.sleep(0.02)


async def until_state(house: House, number: str, *states: DeliveryState, within: float = 10.0) -> Delivery:
    async def reached() -> bool:
        return (await delivery_of(house, number)).state in states

    await until(reached, within=within)
    return await delivery_of(house, number)


async def status_of(house: House, number: str) -> CaseStatus:
    case = await SqlCaseStore(house.engine).by_number(number)
    assert case is not None
    return case.status


async def call_back(house: House, number: str, event_id: str, status: str, token: str = TOKEN) -> int:
    at = now()
    document = {
        "eventId": event_id,
        "outCaseNo": number,
        "caseId": "D-1",
        "status": status,
        "time": f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
    }
    answer = await house.connectors.callbacks.receive(
        "mz-elder", headers={"X-Token": token}, body=json.dumps(document).encode(), at=at
    )
    return answer.status


async def test_a_case_reaches_its_department_once_and_its_result_comes_back(
    house: House, department: Department
) -> None:
    async with working(house.connectors.worker()):
        number = (await house.accept()).case.number
        delivery = await until_state(house, number, DeliveryState.PENDING_RESULT)
        assert (delivery.department_number, delivery.attempts) == ("D-1", 1)
        assert await status_of(house, number) is CaseStatus.IN_REVIEW
        assert await call_back(house, number, "e1", "30") == 200
        assert await call_back(house, number, "e1", "30") == 200
    assert (await delivery_of(house, number)).state is DeliveryState.CONFIRMED
    assert await status_of(house, number) is CaseStatus.COMPLETED_APPROVED
    assert len(department.sent()) == 1


async def begin_and_die(house: House) -> None:
    """Write the intent to send and do no more. One moment for both, so that a slow machine can't end the lease between."""
    ledger, at = house.connectors.ledger, now()
    (lease,) = await ledger.claim(system="mz-elder", owner="killed", at=at, lease=timedelta(seconds=0.5), most=1)
    await ledger.begin(lease, kind="send", at=at)


async def test_a_worker_killed_after_sending_is_survived_without_a_second_sending(
    house: House, department: Department
) -> None:
    """As after kill -9: intent kept, bytes gone, no outcome. The department did get it, and the probe finds it."""
    number = (await house.accept()).case.number
    await begin_and_die(house)
    async with working(house.connectors.worker()):
        delivery = await until_state(house, number, DeliveryState.PENDING_RESULT)
    assert delivery.department_number == "D-1"
    assert department.sent() == []
    assert [each.method for each in department.received] == ["GET"]


async def test_a_worker_killed_before_sending_is_survived_and_it_is_sent_once(
    house: House, department: Department
) -> None:
    async def has_nothing_until_sent(request: Request, content: bytes) -> Response:
        if request.method == "GET":
            return JSONResponse({}, status_code=404)
        return JSONResponse({"code": 0, "data": {"caseId": "D-2", "status": "10"}})

    department.script = has_nothing_until_sent
    number = (await house.accept()).case.number
    await begin_and_die(house)
    async with working(house.connectors.worker()):
        delivery = await until_state(house, number, DeliveryState.PENDING_RESULT)
    assert delivery.department_number == "D-2"
    assert [each.method for each in department.received] == ["GET", "POST"]


async def test_a_timeout_after_the_department_stored_it_is_found_out_and_not_sent_again(
    house: House, department: Department
) -> None:
    stored: list[bytes] = []

    async def stores_then_sleeps(request: Request, content: bytes) -> Response:
        if request.method == "GET":
            return JSONResponse({"code": 0, "data": {"caseId": "D-3"}} if stored else {}, 200 if stored else 404)
        stored.append(content)
        await asyncio.sleep(1.0)
        return JSONResponse({})

    department.script = stores_then_sleeps
    async with working(house.connectors.worker()):
        number = (await house.accept()).case.number
        delivery = await until_state(house, number, DeliveryState.PENDING_RESULT)
    assert delivery.department_number == "D-3"
    assert len(department.sent()) == 1


async def test_a_department_that_is_down_is_retried_and_the_window_never_waits(
    house: House, department: Department
) -> None:
    answers = [503, 503, 503]

    async def comes_back(request: Request, content: bytes) -> Response:
        if answers:
            return JSONResponse({}, status_code=answers.pop())
        return JSONResponse({"code": 0, "data": {"caseId": "D-4", "status": "30"}})

    department.script = comes_back
    async with working(house.connectors.worker()):
        number = (await house.accept()).case.number
        delivery = await until_state(house, number, DeliveryState.CONFIRMED)
    assert delivery.attempts == 4
    assert await status_of(house, number) is CaseStatus.COMPLETED_APPROVED


async def test_a_refusal_is_never_retried_and_its_reason_is_kept_word_for_word(
    house: House, department: Department
) -> None:
    async def refuses(request: Request, content: bytes) -> Response:
        return JSONResponse({"msg": "年龄不符合发放条件"}, status_code=422)

    department.script = refuses
    async with working(house.connectors.worker()):
        number = (await house.accept()).case.number
        delivery = await until_state(house, number, DeliveryState.REFUSED)
        await asyncio.sleep(0.5)
    assert delivery.message == "年龄不符合发放条件"
    assert len(department.sent()) == 1
    assert await status_of(house, number) is CaseStatus.COMPLETED_REFUSED
    last = (await SqlCaseStore(house.engine).events(number))[-1]
    assert last.evidence is not None
    assert last.evidence.note == "年龄不符合发放条件"


async def test_what_the_department_cannot_read_goes_to_the_desk_and_can_be_sent_again(
    house: House, department: Department
) -> None:
    mended = asyncio.Event()

    async def reads_later(request: Request, content: bytes) -> Response:
        if not mended.is_set():
            return JSONResponse({"msg": "区划代码无效"}, status_code=400)
        return JSONResponse({"code": 0, "data": {"caseId": "D-5"}})

    department.script = reads_later
    async with working(house.connectors.worker()):
        number = (await house.accept()).case.number
        await until_state(house, number, DeliveryState.INVALID)
        (view,) = await house.connectors.desk.tasks(CLERK)
        assert (view.task.reason, view.task.note) == (DeskReason.INVALID, "区划代码无效")
        mended.set()
        await house.connectors.desk.send_again(view.task.id, actor=CLERK, at=now())
        await until_state(house, number, DeliveryState.PENDING_RESULT)
    assert not await house.connectors.desk.tasks(CLERK)


async def test_a_callback_before_the_answer_is_kept_and_counts(house: House, department: Department) -> None:
    number = ""

    async def calls_first(request: Request, content: bytes) -> Response:
        assert await call_back(house, json.loads(content)["outCaseNo"], "early", "30") == 200
        return JSONResponse({"code": 0, "data": {"caseId": "D-1", "status": "10"}})

    department.script = calls_first
    async with working(house.connectors.worker()):
        number = (await house.accept()).case.number
        await until_state(house, number, DeliveryState.CONFIRMED)
    assert await status_of(house, number) is CaseStatus.COMPLETED_APPROVED


async def test_a_callback_without_proof_changes_nothing(house: House) -> None:
    number = (await house.accept()).case.number
    assert await call_back(house, number, "e1", "30", token="guessed") == 401
    assert await status_of(house, number) is CaseStatus.ACCEPTED
    answer = await house.connectors.callbacks.receive("nobody", headers={}, body=b"{}", at=now())
    assert answer.status == 404


async def test_a_taken_back_case_is_taken_back_at_the_department_too(house: House, department: Department) -> None:
    async with working(house.connectors.worker()):
        number = (await house.accept()).case.number
        await until_state(house, number, DeliveryState.PENDING_RESULT)
        withdrawn = await house.connectors.intake.withdraw(number, actor=CLERK, reason="申请人撤回", at=now())
        position = withdrawn.deliveries[-1].position

        async def told() -> bool:
            return (await delivery_of(house, number, position)).state is DeliveryState.CONFIRMED

        await until(told)
    last = department.sent()[-1]
    assert (last.path, last.json) == ("/cases/D-1/withdraw", {"reason": "申请人撤回"})
    assert await status_of(house, number) is CaseStatus.WITHDRAWN


async def test_two_workers_deliver_each_case_once(house: House, department: Department) -> None:
    async with working(house.connectors.worker()), working(house.connectors.worker()):
        numbers = [(await house.accept(key=f"k{n}", seed=n)).case.number for n in range(12)]
        for number in numbers:
            await until_state(house, number, DeliveryState.PENDING_RESULT, within=20)
    arrived = [each.json["outCaseNo"] for each in department.sent()]
    assert sorted(map(str, arrived)) == sorted(numbers)


async def test_a_closed_system_promises_when_it_will_be_tried_and_uses_no_attempt(
    backend: Backend, department: Department, tmp_path: Path
) -> None:
    yesterday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(now().astimezone(SHANGHAI).weekday() - 1) % 7]
    async with own_house(
        backend, department, tmp_path, {"availability": {"days": [yesterday], "holidays": "open"}}
    ) as house:
        async with working(house.connectors.worker()):
            number = (await house.accept()).case.number
            delivery = await until_state(house, number, DeliveryState.HELD)
        assert (delivery.hold_reason, delivery.attempts) == ("closed", 0)
        assert delivery.next_attempt_at is not None
        assert delivery.next_attempt_at > now() + timedelta(days=3)
        assert department.received == []
        (standing,) = await house.connectors.health.all(now())
        assert (standing.stands, standing.waiting) == ("closed", 1)


async def test_a_breaker_holds_what_waits_and_one_good_answer_lets_it_go(
    backend: Backend, department: Department, tmp_path: Path
) -> None:
    down = asyncio.Event()
    down.set()

    async def goes_down(request: Request, content: bytes) -> Response:
        if down.is_set():
            return JSONResponse({}, status_code=503)
        return JSONResponse({"code": 0, "data": {"caseId": "D-1", "status": "10"}})

    department.script = goes_down
    async with own_house(
        backend,
        department,
        tmp_path,
        {"delivery": {"breaker": {"faults": 3, "open_seconds": 0.5, "most_open_seconds": 0.5}}},
    ) as house:
        async with working(house.connectors.worker()):
            numbers = [(await house.accept(key=f"k{n}", seed=n)).case.number for n in range(8)]

            async def is_broken() -> bool:
                (standing,) = await house.connectors.health.all(now())
                return standing.stands == "breaker"

            await until(is_broken)
            await asyncio.sleep(1.5)
            sent_while_down = len(department.sent())
            down.clear()
            for number in numbers:
                await until_state(house, number, DeliveryState.PENDING_RESULT, within=20)
        # Four at once before it opened, then one to see at a time: never the herd of eight again and again.
        assert sent_while_down <= 3 + 4 + 5


async def test_stopping_lets_what_is_on_its_way_finish(house: House, department: Department) -> None:
    arrived = asyncio.Event()

    async def takes_its_time(request: Request, content: bytes) -> Response:
        arrived.set()
        await asyncio.sleep(0.1)
        return JSONResponse({"code": 0, "data": {"caseId": "D-6", "status": "10"}})

    department.script = takes_its_time
    async with working(house.connectors.worker()):
        number = (await house.accept()).case.number
        async with asyncio.timeout(10):
            await arrived.wait()
    delivery = await delivery_of(house, number)
    assert (delivery.state, delivery.department_number) == (DeliveryState.PENDING_RESULT, "D-6")


async def test_a_result_nobody_calls_back_is_asked_for(
    backend: Backend, department: Department, tmp_path: Path
) -> None:
    states = ["20", "20", "30"]

    async def answers_when_asked(request: Request, content: bytes) -> Response:
        if request.url.path.startswith("/recognitions/"):
            status = states.pop(0) if len(states) > 1 else states[0]
            return JSONResponse({"status": status, "reason": "审定通过"})
        return JSONResponse({"code": 0, "data": {"caseId": "R/7"}})

    department.script = answers_when_asked
    poll = {
        "request": {"method": "GET", "path": "/recognitions/{department.number}"},
        "found": "status == 200",
        "status": "body.status",
        "message": "body.reason",
        "every_seconds": 1,
    }
    async with own_house(backend, department, tmp_path, {"poll": poll}) as house:
        async with working(house.connectors.worker()):
            number = (await house.accept()).case.number
            await until_state(house, number, DeliveryState.CONFIRMED, within=20)
        assert await status_of(house, number) is CaseStatus.COMPLETED_APPROVED
        statuses = [event.status for event in await SqlCaseStore(house.engine).events(number)]
        assert statuses.count(CaseStatus.IN_REVIEW) == 1
