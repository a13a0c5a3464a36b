"""Taken in at the window, delivered by the worker, decided by the department, told by callback or asked for: every REST matter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
import yaml

from config.settings import Settings
from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from connectors.app import Connectors, create_connectors
from connectors.spec import load_systems
from connectors.storage.tables import metadata as connectors_tables
from connectors.system import System
from demo.ground.secrets import make_secrets
from matters.storage.cases import SqlCaseStore
from matters.storage.tables import metadata as matters_tables
from tests.doubles.departments import A_WEDNESDAY_MORNING, MATTERS, ROOT, Department, department, situations, until
from tests.doubles.house import CLERK, application, calendar
from tests.doubles.prepared import with_tables

SYSTEMS = ("mz-elder", "rs-resident-pension", "rs-employment", "yb-core", "wj-birth", "scjg-food")
REST_MATTERS = [matter.id for matter in MATTERS.values() if matter.target.system in SYSTEMS]
OVER = {"completed_approved", "completed_refused", "returned"}
SPEED = 300.0


@dataclass(slots=True)
class Exchange(httpx2.AsyncBaseTransport):
    """Puts a department's call through to OneWindow, which runs in another loop; `is_cut` makes the line dead."""

    loop: asyncio.AbstractEventLoop
    connectors: Connectors | None = None
    is_cut: bool = False
    calls: int = 0
    answers: list[int] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.calls += 1
        if self.is_cut or self.connectors is None:
            raise httpx2.ConnectError("no line")
        received = self.connectors.callbacks.receive(
            request.url.path.rpartition("/")[2],
            headers=dict(request.headers),
            body=await request.aread(),
            at=datetime.now(UTC),
            target=request.url.path,
        )
        answer = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(received, self.loop))
        self.answers.append(answer.status)
        return httpx2.Response(answer.status, content=answer.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """OneWindow and its departments."""

    connectors: Connectors
    departments: Mapping[str, Department]
    exchange: Exchange
    cases: SqlCaseStore

    async def accept(self, matter: str, situation: str, seed: int) -> str:
        made = application(matter, seed=seed, situation=situation)
        accepted = await self.connectors.intake.accept(
            made, actor=CLERK, idempotency_key=f"{matter}-{situation}-{seed}", at=datetime.now(UTC)
        )
        return accepted.case.number

    async def told(self, number: str) -> tuple[object, ...]:
        """Return how far a case is, for the message of a test that waited in vain."""
        case = await self.cases.by_number(number)
        (view,) = await self.connectors.deliveries.of_case(number)
        delivery = view.delivery
        return (number, case and case.status, delivery.state, delivery.their_status, delivery.outcome, delivery.message)

    async def is_over(self, number: str) -> bool:
        case = await self.cases.by_number(number)
        return case is not None and case.status.value in OVER


async def _over(town: Town, numbers: list[str], within: float = 60.0) -> None:
    """Wait until every case is decided."""
    end, waiting = asyncio.get_running_loop().time() + within, set(numbers)
    while waiting := {number for number in waiting if not await town.is_over(number)}:
        assert asyncio.get_running_loop().time() < end, [await town.told(number) for number in waiting]
        await asyncio.sleep(0.1)


def _impatient(system: System) -> System:
    """Return the system asked for results every half second instead of every half minute or half hour."""
    return system if system.poll is None else replace(system, poll=replace(system.poll, every_seconds=0.5))


@asynccontextmanager
async def _town(
    directory: Path, *, only: tuple[str, ...] = SYSTEMS, prepare: Callable[[System], System] = lambda system: system
) -> AsyncIterator[Town]:
    exchange = Exchange(loop=asyncio.get_running_loop())
    make_secrets(directory / "secrets")
    with ExitStack() as running:
        departments = {
            system: running.enter_context(department(system, directory, speed=SPEED, telephone=exchange))
            for system in only
        }
        endpoints = directory / "endpoints.yaml"
        endpoints.write_text(yaml.safe_dump({id_: there.base_url for id_, there in departments.items()}))
        settings = Settings.from_env(
            {
                "ONEWINDOW_SECRET_KEY": "q7Zp2kX9vL4mB8nT1wR6yC3jH5gD0fSaUeIo",
                "ONEWINDOW_SECRETS_DIR": str(directory / "secrets"),
                "ONEWINDOW_ENDPOINTS_FILE": str(endpoints),
                "ONEWINDOW_DEMO": "true",
                "ONEWINDOW_DEPARTMENT_CLOCK_OFFSET_SECONDS": str(
                    (A_WEDNESDAY_MORNING - datetime.now(UTC)) / timedelta(seconds=1)
                ),
            }
        )
        engine = create_engine(f"sqlite+aiosqlite:///{directory / 'onewindow.db'}")
        await with_tables(engine, matters_tables, connectors_tables)
        declared = load_systems(ROOT / "config" / "systems")
        connectors = create_connectors(
            settings=settings,
            engine=engine,
            state=MemoryStateStore(),
            clock=lambda: datetime.now(UTC),
            systems={id_: prepare(system) for id_, system in declared.items()},
            guide=MATTERS.get,
            calendar=calendar(),
        )
        exchange.connectors = connectors
        worker = asyncio.create_task(connectors.worker().run())
        try:
            yield Town(connectors=connectors, departments=departments, exchange=exchange, cases=SqlCaseStore(engine))
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            exchange.connectors = None
            await connectors.aclose()
            await engine.dispose()


async def test_every_rest_matter_is_delivered_once_and_brought_to_its_end(tmp_path: Path) -> None:
    async with _town(tmp_path, prepare=_impatient_where_there_is_no_callback) as town:
        taken = {
            await town.accept(matter, situation, seed): MATTERS[matter].target.system
            for matter in REST_MATTERS
            for situation in situations(matter)
            for seed in (1, 2)
        }
        await _over(town, list(taken))
        for number, system in taken.items():
            received = town.departments[system].received(number)
            assert [line["times"] for line in received] == [1], (number, system)
            (delivery,) = await town.connectors.deliveries.of_case(number)
            assert delivery.delivery.state in ("confirmed", "refused")
            assert delivery.delivery.department_number
        assert set(town.exchange.answers) == {200}


def _impatient_where_there_is_no_callback(system: System) -> System:
    return system if system.callback else _impatient(system)


@pytest.mark.parametrize("matter", ["05-elder-respect-allowance", "10-resident-pension-claim", "24-medical-assistance"])
async def test_a_result_nobody_could_tell_us_is_asked_for(tmp_path: Path, matter: str) -> None:
    system = MATTERS[matter].target.system
    async with _town(tmp_path, only=(system,), prepare=_impatient) as town:
        town.exchange.is_cut = True
        number = await town.accept(matter, situations(matter)[0], seed=1)
        await _over(town, [number])
        assert town.departments[system].received(number)[0]["times"] == 1


@pytest.mark.parametrize(
    "matter", ["05-elder-respect-allowance", "09-resident-pension-enrolment", "E01-food-business-licence"]
)
async def test_an_answer_lost_on_the_way_leads_to_no_second_submission(tmp_path: Path, matter: str) -> None:
    system = MATTERS[matter].target.system
    async with _town(tmp_path, only=(system,)) as town:
        there = town.departments[system]
        there.misbehave("reset_after_commit", times=2)
        number = await town.accept(matter, situations(matter)[0], seed=3)
        await _over(town, [number])
        assert there.received(number)[0]["times"] == 1
        await until(lambda: there.context.faults.times <= 1)
