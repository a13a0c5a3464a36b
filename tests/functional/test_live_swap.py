"""A version goes live while cases are on their way: the next delivery uses it, and none is lost or doubled."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.storage.memory_state import MemoryStateStore
from connectors.ledger import DeliveryState, DeskReason
from connectors.registration import RegistrationState
from matters.policy import Actor
from tests.conftest import Backend
from tests.doubles.house import CLERK, ELDER, OTHER_CLERK, application
from tests.doubles.registered_house import OTHER, SYSTEM, RegisteredHouse, registered_house, spec_text
from tests.doubles.scripted_department import Department, serving

S = RegistrationState
on_the_embedded_default = pytest.mark.parametrize("backend_urls", ["embedded"], indirect=True)
"""Of what the two ways to run do not differ in."""
SLOW = {"connection": {"total_timeout_seconds": 60}, "delivery": {"concurrency": 1}}
WITHIN = 30.0


@dataclass(slots=True)
class Gate:
    """A department that answers when told, and counts each case."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    taken: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self, request: Request, content: bytes) -> Response:
        if request.method == "GET":
            return JSONResponse({"code": 0}, status_code=404)
        number = str((await request.json())["outCaseNo"])
        self.taken.append((request.url.path.split("/")[1], number))
        await self.open.wait()
        return JSONResponse({"code": 0, "data": {"caseId": f"D-{number}", "status": "10"}})


async def until(seen: Callable[[], Awaitable[bool]] | Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while True:
            found = seen()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def town(backend: Backend, directory: Path, script: Any, text: str = "") -> AsyncIterator[RegisteredHouse]:
    """A house with its worker and its systems followed, and a department with this script."""
    async with AsyncExitStack() as stack:
        department = await stack.enter_async_context(serving(Department(script=script)))
        here = await registered_house(backend.engine, backend.state, directory, base_url=department.base_url, text=text)
        connectors = here.house.connectors
        stack.push_async_callback(connectors.aclose)
        await stack.enter_async_context(running(connectors.follow, connectors.worker().run))
        yield here


async def state_of(here: RegisteredHouse, number: str) -> DeliveryState:
    (view,) = await here.house.connectors.deliveries.of_case(number)
    return view.delivery.state


async def arrived(here: RegisteredHouse, numbers: list[str]) -> bool:
    return all([await state_of(here, number) is DeliveryState.PENDING_RESULT for number in numbers])


async def accept(here: RegisteredHouse, seed: int, *, actor: Actor = CLERK) -> str:
    accepted = await here.house.connectors.intake.accept(
        application(ELDER, seed=seed), actor=actor, idempotency_key=f"k-{seed}", at=datetime.now(UTC)
    )
    return accepted.case.number


async def versions_of(here: RegisteredHouse, number: str) -> list[int | None]:
    (view,) = await here.house.connectors.deliveries.of_case(number)
    return [attempt.spec_version for attempt in view.attempts]


async def test_the_next_delivery_uses_the_new_version_and_none_is_lost_or_doubled(
    backend: Backend, tmp_path: Path
) -> None:
    gate = Gate()
    async with town(backend, tmp_path, gate.answer, spec_text("v1", SLOW)) as here:
        numbers = [await accept(here, seed) for seed in range(5)]
        await until(lambda: len(gate.taken) == 1)
        transports = here.house.connectors.transports
        before = transports[SYSTEM]
        version = await here.approved(spec_text("v2", SLOW))
        await here.move(version, S.LIVE)
        await until(lambda: here.live[SYSTEM].registered == version)
        await until(lambda: transports[SYSTEM] is not before)
        assert await transports.sweep() == 0, "the old one still has a case on its way"
        gate.open.set()
        await until(lambda: arrived(here, numbers))
        assert [mark for mark, _ in gate.taken] == ["v1", "v2", "v2", "v2", "v2"]
        assert sorted(number for _, number in gate.taken) == sorted(numbers)
        first = gate.taken[0][1]
        assert await versions_of(here, first) == [1]
        assert [await versions_of(here, number) for number in numbers if number != first] == [[version]] * 4
        await until(lambda: transports.uses.is_free(before))


async def test_a_canary_serves_its_region_only(backend: Backend, tmp_path: Path) -> None:
    gate = Gate()
    gate.open.set()
    async with town(backend, tmp_path, gate.answer) as here:
        version = await here.approved(spec_text("v2"))
        await here.move(version, S.CANARY, regions=(OTHER_CLERK.region,))
        await until(lambda: here.live[SYSTEM].canary is not None)
        there, elsewhere = await accept(here, 1, actor=OTHER_CLERK), await accept(here, 2)
        await until(lambda: arrived(here, [there, elsewhere]))
        assert sorted(gate.taken) == sorted([("v2", there), ("v1", elsewhere)])
        assert (await versions_of(here, there), await versions_of(here, elsewhere)) == ([version], [1])
        await here.move(version, S.APPROVED, by=OTHER)
        await until(lambda: here.live[SYSTEM].canary is None)
        after = await accept(here, 3, actor=OTHER_CLERK)
        await until(lambda: arrived(here, [after]))
        assert gate.taken[-1] == ("v1", after)


@on_the_embedded_default
async def test_what_a_canary_sent_is_probed_by_the_canary(backend: Backend, tmp_path: Path) -> None:
    asked: list[str] = []

    async def loses_the_answer(request: Request, content: bytes) -> Response:
        asked.append(f"{request.method} {request.url.path}")
        if request.method == "GET":
            return JSONResponse({"code": 0, "data": {"caseId": "D-1", "status": "10"}})
        return Response("half an ans", status_code=200)

    async with town(backend, tmp_path, loses_the_answer) as here:
        version = await here.approved(spec_text("v2"))
        await here.move(version, S.CANARY, regions=(OTHER_CLERK.region[:6],))
        await until(lambda: here.live[SYSTEM].canary is not None)
        number = await accept(here, 1, actor=OTHER_CLERK)
        await until(lambda: arrived(here, [number]))
        assert asked == ["POST /v2/cases", "GET /v2/cases"]
        assert await versions_of(here, number) == [version, version]


async def test_two_processes_see_the_change_also_one_that_hears_nothing(backend: Backend, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    async with town(backend, tmp_path, Gate().answer) as here, AsyncExitStack() as stack:
        deaf = MemoryStateStore()
        second = await registered_house(backend.engine, deaf, other, base_url="http://127.0.0.1:9", create=False)
        stack.push_async_callback(second.house.connectors.aclose)
        await stack.enter_async_context(running(second.house.connectors.follow))
        version = await here.approved(spec_text("v2"))
        await here.move(version, S.LIVE)
        await until(lambda: here.live[SYSTEM].registered == second.live[SYSTEM].registered == version)


@on_the_embedded_default
async def test_a_draining_system_finishes_what_waits_and_new_cases_go_to_a_desk(
    backend: Backend, tmp_path: Path
) -> None:
    gate = Gate()
    async with town(backend, tmp_path, gate.answer, spec_text("v1", SLOW)) as here:
        waiting = [await accept(here, seed) for seed in range(2)]
        await until(lambda: len(gate.taken) == 1)
        await here.move(1, S.DRAINING)
        await until(lambda: not here.live[SYSTEM].takes_cases)
        late = await accept(here, 9)
        assert await state_of(here, late) is DeliveryState.DESK
        (task,) = await here.house.connectors.desk.tasks(CLERK)
        assert (task.task.reason, task.task.delivery.case_number) == (DeskReason.MANUAL, late)
        gate.open.set()
        await until(lambda: arrived(here, waiting))
        assert sorted(number for _, number in gate.taken) == sorted(waiting)


@on_the_embedded_default
async def test_a_retired_system_is_spoken_to_no_more(backend: Backend, tmp_path: Path) -> None:
    gate = Gate()
    gate.open.set()
    async with town(backend, tmp_path, gate.answer) as here:
        transports = here.house.connectors.transports
        await until(lambda: not transports.uses.is_free(transports[SYSTEM]))
        before = transports[SYSTEM]
        await here.move(1, S.DRAINING)
        await here.retire(1)
        await until(lambda: not here.live[SYSTEM].is_served)
        await until(lambda: transports.uses.is_free(before))
        assert SYSTEM not in transports
        number = await accept(here, 1)
        assert await state_of(here, number) is DeliveryState.DESK
        assert gate.taken == []


@on_the_embedded_default
@pytest.mark.parametrize("back", [True, False])
async def test_a_draining_system_may_be_put_back_or_replaced(backend: Backend, tmp_path: Path, back: bool) -> None:
    gate = Gate()
    gate.open.set()
    async with town(backend, tmp_path, gate.answer) as here:
        version = 1 if back else await here.approved(spec_text("v2"))
        await here.move(1, S.DRAINING)
        await until(lambda: not here.live[SYSTEM].takes_cases)
        await here.move(version, S.LIVE)
        await until(lambda: here.live[SYSTEM].takes_cases)
        number = await accept(here, 1)
        await until(lambda: arrived(here, [number]))
        assert gate.taken == [("v1" if back else "v2", number)]
