"""A worker on a clock that stands still while there is something to do, and jumps to whatever is due next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.ledger import DUE
from connectors.ports import Transport
from connectors.storage.ledger import SqlBreakers
from connectors.storage.tables import deliveries
from connectors.worker import DeliveryWorker
from tests.doubles.house import House

_LOOKS_EVERY_SECONDS = 0.02
_DUE = [state.value for state in DUE]


@dataclass(slots=True)
class SimulatedClock:
    """`config.clock.Clock` that only moves when told."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def working(house: House, transport: Transport, clock: SimulatedClock) -> AsyncIterator[None]:
    """Run a worker on the simulated clock."""
    worker = DeliveryWorker(
        ledger=house.connectors.ledger,
        breakers=SqlBreakers(house.engine),
        reconciliations=house.connectors.reconciliations,
        systems=house.connectors.systems,
        transports={"mz-elder": transport},
        state=house.state,
        clock=clock,
        holiday_on=lambda day: "",
        base_url="http://127.0.0.1",
        look_every_seconds=_LOOKS_EVERY_SECONDS,
    )
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def run_until(engine: AsyncEngine, clock: SimulatedClock, end: datetime) -> int:
    """Let the worker do everything that falls due up to `end`; return how often the clock jumped."""
    jumps = 0
    while True:
        await _idle(engine, clock)
        following = await _next_due(engine, clock.now)
        if following is None or following > end:
            clock.now = max(clock.now, end)
            await _idle(engine, clock)
            return jumps
        clock.now = following + timedelta(milliseconds=1)
        jumps += 1


async def _idle(engine: AsyncEngine, clock: SimulatedClock) -> None:
    busy = select(func.count()).where(
        or_(
            deliveries.c.lease_until.is_not(None),
            deliveries.c.state.in_(_DUE) & (deliveries.c.next_attempt_at <= clock.now),
        )
    )
    quiet = 0
    while quiet < 2:  # seen twice, for a task may be between its claim and its first write
        async with engine.connect() as connection:
            quiet = 0 if (await connection.execute(busy)).scalar_one() else quiet + 1
        await asyncio.sleep(_LOOKS_EVERY_SECONDS)


async def _next_due(engine: AsyncEngine, at: datetime) -> datetime | None:
    following = select(func.min(deliveries.c.next_attempt_at)).where(
        deliveries.c.state.in_(_DUE), deliveries.c.next_attempt_at > at
    )
    async with engine.connect() as connection:
        found: datetime | None = (await connection.execute(following)).scalar()
    return found
