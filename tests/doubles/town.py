"""OneWindow and the departments it delivers to, over real transports; the clock is the present."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import yaml
from sqlalchemy.ext.asyncio import AsyncEngine

from config.settings import Settings
from config.state import StateStore
from connectors.app import Connectors, create_connectors
from connectors.flows import Flows
from connectors.intake import Application
from connectors.ledger import Delivery, DeliveryState
from connectors.notices import Notice
from connectors.storage.tables import metadata as connectors_tables
from connectors.system import System
from demo.ground.secrets import make_secrets
from matters.policy import Actor
from matters.storage.cases import SqlCaseStore
from matters.storage.tables import metadata as matters_tables
from tests.doubles.departments import A_WEDNESDAY_MORNING, MATTERS, Department, department
from tests.doubles.house import CLERK, application, calendar
from tests.doubles.prepared import with_tables

OVER = {"completed_approved", "completed_refused", "returned"}
SETTLED = {DeliveryState.CONFIRMED, DeliveryState.REFUSED}


@dataclass(slots=True)
class Exchange(httpx2.AsyncBaseTransport):
    """Puts a department's call through to OneWindow, which runs in another loop; `is_cut` makes the line dead."""

    loop: asyncio.AbstractEventLoop
    connectors: Connectors | None = None
    is_cut: bool = False
    answers: list[int] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
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
    """OneWindow, its departments and what they say to each other."""

    connectors: Connectors
    departments: Mapping[str, Department]
    exchange: Exchange
    cases: SqlCaseStore
    engine: AsyncEngine
    state: StateStore

    async def accept(self, matter: str, *, situation: str = "", seed: int = 1, actor: Actor = CLERK) -> str:
        return await self.take_in(
            application(matter, seed=seed, situation=situation), f"{matter}-{situation}-{seed}", actor
        )

    async def take_in(self, made: Application, key: str, actor: Actor = CLERK) -> str:
        accepted = await self.connectors.intake.accept(made, actor=actor, idempotency_key=key, at=datetime.now(UTC))
        return accepted.case.number

    async def decided(self, number: str, within: float = 60.0) -> str:
        """Wait until the case is decided and return how."""
        await self.all_decided([number], within)
        case = await self.cases.by_number(number)
        assert case is not None
        return case.status.value

    async def all_decided(self, numbers: Sequence[str], within: float = 60.0) -> None:
        """Wait until every case is decided."""
        end, waiting = asyncio.get_running_loop().time() + within, set(numbers)
        while waiting := {number for number in waiting if not await self._is_over(number)}:
            assert asyncio.get_running_loop().time() < end, [await self._told(number) for number in waiting]
            await asyncio.sleep(0.1)

    async def _is_over(self, number: str) -> bool:
        case = await self.cases.by_number(number)
        return case is not None and case.status.value in OVER

    async def _told(self, number: str) -> tuple[object, ...]:
        """Return how far a case is, for the message of a test that waited in vain."""
        case = await self.cases.by_number(number)
        views = await self.connectors.deliveries.of_case(number)
        sent = [(d.state, d.their_status, d.outcome, d.message) for d in (view.delivery for view in views)]
        return (number, case and case.status, *sent)

    async def notices(self, number: str) -> Sequence[Notice]:
        return await self.connectors.notices.of_case(number)

    async def notice_to(self, number: str, receiver: str) -> Notice:
        return next(each for each in await self.notices(number) if each.receiver == receiver)

    async def settled(self, number: str, receiver: str, *, count: int = 1, within: float = 60.0) -> Sequence[Delivery]:
        """Wait until so many deliveries of the case's notice to that receiver came to an end; return them."""

        async def is_settled() -> bool:
            sent = [
                each for each in await self.notices(number) if each.receiver == receiver for each in each.deliveries
            ]
            return len(sent) >= count and all(each.state in SETTLED for each in sent)

        await eventually(is_settled, within)
        return (await self.notice_to(number, receiver)).deliveries


async def eventually(holds: object, within: float = 60.0) -> None:
    """Wait until `await holds()` is true."""
    end = asyncio.get_running_loop().time() + within
    while not await holds():  # type: ignore[operator]
        assert asyncio.get_running_loop().time() < end, "it did not come to pass in time"
        await asyncio.sleep(0.1)


def impatient(system: System) -> System:
    """Return the system asked for results every half second instead of every half minute or half hour."""
    return system if system.poll is None else replace(system, poll=replace(system.poll, every_seconds=0.5))


@asynccontextmanager
async def town_of(
    directory: Path,
    engine: AsyncEngine,
    state: StateStore,
    *,
    only: tuple[str, ...],
    systems: Mapping[str, System],
    flows: Flows | None = None,
    lines: Mapping[str, str] | None = None,
    speed: float = 300.0,
) -> AsyncIterator[Town]:
    """Run OneWindow with what is declared, and the departments `only`.

    `lines` are addresses beside HTTP, as the endpoints file has them. Without `flows` nothing follows from a result.
    Time passes `speed` times as fast for the departments.
    """
    exchange, lines = Exchange(loop=asyncio.get_running_loop()), lines or {}
    make_secrets(directory / "secrets")
    with ExitStack() as running:
        departments = {
            id_: running.enter_context(
                department(
                    id_,
                    directory,
                    speed=speed,
                    telephone=exchange,
                    line=next((line for name, line in lines.items() if name.startswith(f"{id_}.")), ""),
                )
            )
            for id_ in only
        }
        endpoints = directory / "endpoints.yaml"
        endpoints.write_text(yaml.safe_dump({id_: each.base_url for id_, each in departments.items()} | dict(lines)))
        settings = Settings.from_env(
            {
                "ONEWINDOW_SECRET_KEY": "q7Zp2kX9vL4mB8nT1wR6yC3jH5gD0fSaUeIo",
                "ONEWINDOW_SECRETS_DIR": str(directory / "secrets"),
                "ONEWINDOW_ENDPOINTS_FILE": str(endpoints),
                "ONEWINDOW_DEMO": "true",
                "ONEWINDOW_VAR_DIR": str(directory / "var"),
                "ONEWINDOW_DEPARTMENT_CLOCK_OFFSET_SECONDS": str(
                    (A_WEDNESDAY_MORNING - datetime.now(UTC)) / timedelta(seconds=1)
                ),
            }
        )
        await with_tables(engine, matters_tables, connectors_tables)
        connectors = create_connectors(
            settings=settings,
            engine=engine,
            state=state,
            clock=lambda: datetime.now(UTC),
            systems=systems,
            guide=MATTERS.get,
            calendar=calendar(),
            flows=flows,
        )
        exchange.connectors = connectors
        worker = asyncio.create_task(connectors.worker().run())
        try:
            yield Town(
                connectors=connectors,
                departments=departments,
                exchange=exchange,
                cases=SqlCaseStore(engine),
                engine=engine,
                state=state,
            )
        finally:
            exchange.connectors = None
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            await connectors.aclose()
