"""A department that is away for days while cases go on coming: nothing lost, doubled, given up or put on a desk (F1).

`python -m tests.faults ten-days [cases]`: on a simulated clock, through the real ledger, engine and worker.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from config import logs
from config.state import StateStore
from connectors.engine import CantTell, ProbeAnswer
from connectors.ledger import DeliveryState, InboundEvent
from connectors.outcomes import Outcome, OutcomeClass
from connectors.storage.tables import deliveries, desk_tasks
from connectors.transport_ports import Errand
from tests.doubles.house import make_house
from tests.faults.figures import Figure
from tests.faults.report import Report
from tests.faults.simulated_clock import SimulatedClock, working
from tests.faults.ways import Way, ways
from tests.servers.backlog import copy_case

BEGINS = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CASES = 100_000
HEAD = ("on", "accepted", "lost", "doubled", "given up", "on a desk", "vain attempts", "took s")
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
        return not self.told()

    def told(self) -> list[str]:
        """Return a line per kind of harm."""
        counted = {"lost": self.lost, "doubled": self.doubled, "on a desk": self.on_desk, "given up": self.given_up}
        return [f"{what}: {number}" for what, number in counted.items() if number]

    def cells(self) -> tuple[str, ...]:
        counted = (self.cases, self.lost, self.doubled, self.given_up, self.on_desk, self.attempts)
        return (*(str(each) for each in counted), f"{self.seconds:.0f}")


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


def main(report: Report, cases: int = CASES) -> None:
    """Run on both ways to run and print the table."""
    logs.configure(level="error", form="console")
    rows = []
    with ways() as both:
        for way in both:
            report.step(f"{way.name}, {cases} cases")
            harm = asyncio.run(_on(way, cases))
            rows.append((way.name, *harm.cells()))
            report.harm(way.name, harm.told())
            figure = Figure(
                transport="rest_json",
                on=way.name,
                cases=harm.cases,
                lost=harm.lost,
                doubled=harm.doubled,
                desk=harm.on_desk,
            )
            report.count([figure])
    report.table("A department away for ten simulated days (F1)", HEAD, rows)


async def _on(way: Way, cases: int) -> Harm:
    async with way.opened() as ground:
        return await endure(ground.engine, ground.state, ground.directory, cases=cases)
