"""A department that is away for days while cases go on coming: nothing lost, doubled, given up or put on a desk (F1).

`python -m tests.faults ten-days [cases]`: on a simulated clock, through the real ledger, engine and worker.
"""

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from config import logs
from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from config.storage.redis_state import RedisStateStore
from config.storage.sql import create_engine
from connectors.engine import CantTell, ProbeAnswer
from connectors.ledger import DeliveryState, InboundEvent
from connectors.outcomes import Outcome, OutcomeClass
from connectors.ports import Errand
from connectors.storage.tables import deliveries, desk_tasks
from tests.bench.table import show
from tests.doubles.house import make_house
from tests.faults.simulated_clock import SimulatedClock, working
from tests.servers.backlog import copy_case
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

BEGINS = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PACE = {"concurrency": 32, "breaker": {"faults": 5, "open_seconds": 60, "most_open_seconds": 3600}}


@dataclass(slots=True)
class Away:
    """A department that can't be reached before `back_at`, and then takes everything."""

    clock: SimulatedClock
    back_at: datetime
    taken: dict[str, int] = field(default_factory=dict)
    refused_connections: int = 0

    async def send(self, errand: Errand) -> Outcome:
        if self.clock() < self.back_at:
            self.refused_connections += 1
            return Outcome(kind=OutcomeClass.TRANSIENT, error="connect")
        self.taken[errand.delivery_id] = self.taken.get(errand.delivery_id, 0) + 1
        return Outcome(kind=OutcomeClass.ACCEPTED, department_number=f"D-{errand.delivery_id}", status="accepted")

    async def probe(self, errand: Errand) -> ProbeAnswer:
        return CantTell(outcome=Outcome(kind=OutcomeClass.TRANSIENT, error="connect"))

    async def poll(self, errand: Errand) -> InboundEvent | None:
        return None

    async def aclose(self) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What became of the cases; `attempts` are connections tried while it was away."""

    cases: int
    lost: int
    doubled: int
    on_desk: int
    given_up: int
    attempts: int
    seconds: float

    @property
    def is_none(self) -> bool:
        return not (self.lost or self.doubled or self.on_desk or self.given_up)


async def endure(engine: AsyncEngine, state: StateStore, directory: Path, *, cases: int, days: int = 10) -> Harm:
    """Take in a tenth of the cases each day, the department being away; then let it come back."""
    began, clock = perf_counter(), SimulatedClock(BEGINS)
    back_at = BEGINS + timedelta(days=days)
    house = await make_house(engine, state, directory, changes={"delivery": PACE}, clock=clock)
    department = Away(clock=clock, back_at=back_at)
    promised = [(await house.accept(at=clock())).case.number]
    a_day = cases // days
    async with working(house, department, clock) as simulated:
        for day in range(days):
            copies = a_day - 1 if day == 0 else a_day
            promised += await copy_case(engine, promised[0], times=copies, begin=len(promised), at=clock())
            await simulated.run_until(BEGINS + timedelta(days=day + 1))
        await simulated.run_until(back_at + timedelta(days=2))
    await house.connectors.aclose()
    return await _count(engine, department, len(promised), perf_counter() - began)


async def _count(engine: AsyncEngine, department: Away, promised: int, seconds: float) -> Harm:
    arrived = (DeliveryState.PENDING_RESULT.value, DeliveryState.CONFIRMED.value)
    async with engine.connect() as connection:

        async def how_many(query: "object") -> int:
            return int((await connection.execute(query)).scalar_one())  # type: ignore[call-overload]

        not_there = await how_many(select(func.count()).where(deliveries.c.state.not_in(arrived)))
        given_up = await how_many(select(func.count()).where(deliveries.c.state == DeliveryState.DESK.value))
        tasks = await how_many(select(func.count()).select_from(desk_tasks))
    return Harm(
        cases=promised,
        lost=max(promised - len(department.taken), not_there),
        doubled=sum(times - 1 for times in department.taken.values()),
        on_desk=tasks,
        given_up=given_up,
        attempts=department.refused_connections,
        seconds=seconds,
    )


def main(cases: int) -> bool:
    """Run on both databases and print the table; False on any harm."""
    logs.configure(level="error", form="console")
    rows, harmless = [], True
    postgres, valkey = Postgres.start(), Valkey.start()
    try:
        for name, database_url, redis_url in (
            ("SQLite and memory", "", ""),
            ("PostgreSQL and Redis", postgres.new_database(), valkey.url),
        ):
            harm = asyncio.run(_endure(database_url, redis_url, cases))
            harmless &= harm.is_none
            rows.append(
                (name, str(harm.cases), str(harm.lost), str(harm.doubled), str(harm.given_up), str(harm.on_desk),
                 str(harm.attempts), f"{harm.seconds:.0f}")
            )  # fmt: skip
    finally:
        valkey.stop()
        postgres.stop()
    head = ("on", "accepted", "lost", "doubled", "given up", "on a desk", "vain attempts", "took s")
    show("a department away for ten simulated days", head, rows)
    return harmless


async def _endure(database_url: str, redis_url: str, cases: int) -> Harm:
    with tempfile.TemporaryDirectory() as directory:
        engine = create_engine(database_url or f"sqlite+aiosqlite:///{directory}/onewindow.db")
        state: StateStore = RedisStateStore(redis_url) if redis_url else MemoryStateStore()
        try:
            return await endure(engine, state, Path(directory), cases=cases)
        finally:
            await state.aclose()
            await engine.dispose()
