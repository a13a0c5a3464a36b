"""How fast one worker delivers a backlog to a department that answers at once: deliveries a second, CPU of each."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from config.storage.redis_state import RedisStateStore
from config.storage.sql import create_engine
from connectors.app import Connectors
from connectors.engine import NotFound, ProbeAnswer
from connectors.ledger import DeliveryState, InboundEvent
from connectors.outcomes import Outcome, OutcomeClass
from connectors.storage.tables import deliveries
from connectors.transport_ports import Errand
from connectors.worker import DeliveryWorker
from tests.bench.table import show
from tests.doubles.house import make_house
from tests.servers.backlog import copy_case
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

BACKLOG = 2_000
_CONCURRENCY = 16


@dataclass(slots=True)
class Instant:
    """A department on the other side of nothing: takes every case at once, and counts."""

    taken: dict[str, int] = field(default_factory=dict)

    async def send(self, errand: Errand) -> Outcome:
        self.taken[errand.delivery_id] = self.taken.get(errand.delivery_id, 0) + 1
        return Outcome(kind=OutcomeClass.ACCEPTED, department_number=f"D-{errand.delivery_id}", status="accepted")

    async def probe(self, errand: Errand) -> ProbeAnswer:
        return NotFound(outcome=Outcome(kind=OutcomeClass.TRANSIENT))

    async def poll(self, errand: Errand) -> InboundEvent | None:
        return None

    async def aclose(self) -> None:
        return None


def measure(*, backlog: int = BACKLOG) -> bool:
    """Measure both ways to run; False when one is out of reach."""
    rows, good = [], True
    postgres, valkey = Postgres.start(), Valkey.start()
    try:
        for name, database_url, redis_url, reach in (
            ("SQLite and memory", "", "", 300),
            ("PostgreSQL and Redis", postgres.new_database(), valkey.url, 200),
        ):
            seconds, cpu, doubled = asyncio.run(_deliver(database_url, redis_url, backlog))
            good &= backlog / seconds >= reach and not doubled
            rows.append((name, f"{backlog / seconds:.0f}", f"{reach}", f"{cpu / backlog * 1000:.2f}", str(doubled)))
    finally:
        valkey.stop()
        postgres.stop()
    head = ("on", "deliveries/s", "reach", "CPU ms each", "doubled")
    show(f"one worker, {backlog} waiting deliveries, a department that answers at once", head, rows)
    return good


async def _deliver(database_url: str, redis_url: str, backlog: int) -> tuple[float, float, int]:
    with tempfile.TemporaryDirectory() as directory:
        async with _ground(database_url or f"sqlite+aiosqlite:///{directory}/onewindow.db", redis_url) as (
            engine,
            state,
        ):
            house = await make_house(
                engine, state, Path(directory), changes={"delivery": {"concurrency": _CONCURRENCY}}
            )
            first = (await house.accept()).case.number
            await copy_case(engine, first, times=backlog - 1)
            department = Instant()
            worker = worker_for(house.connectors, {"mz-elder": department}, state)
            began, cpu = perf_counter(), process_time()
            task = asyncio.create_task(worker.run())
            while await waiting(engine):  # noqa: ASYNC110 - asked of the database, as an outsider would
                await asyncio.sleep(0.2)
            spent = perf_counter() - began, process_time() - cpu
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await house.connectors.aclose()
            return *spent, sum(times - 1 for times in department.taken.values())


@asynccontextmanager
async def _ground(database_url: str, redis_url: str) -> AsyncIterator[tuple[AsyncEngine, StateStore]]:
    engine = create_engine(database_url)
    state: StateStore = RedisStateStore(redis_url) if redis_url else MemoryStateStore()
    try:
        yield engine, state
    finally:
        await state.aclose()
        await engine.dispose()


def worker_for(connectors: Connectors, departments: Mapping[str, Instant], state: StateStore) -> DeliveryWorker:
    """Return the house's worker with these departments in place of its transports."""
    for system, department in departments.items():
        connectors.transports.put(connectors.systems[system], department)
    return connectors.worker()


async def waiting(engine: AsyncEngine) -> int:
    """Return how many deliveries the department does not have yet."""
    arrived = (DeliveryState.PENDING_RESULT.value, DeliveryState.CONFIRMED.value)
    async with engine.connect() as connection:
        found = await connection.execute(
            select(func.count()).select_from(deliveries).where(deliveries.c.state.not_in(arrived))
        )
        return int(found.scalar_one())


if __name__ == "__main__":
    sys.exit(0 if measure() else 1)
