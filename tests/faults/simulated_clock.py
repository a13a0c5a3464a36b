"""A worker on a clock that stands still while there is something to do, and jumps to whatever is due next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.storage import holds
from connectors.storage.ledger import SqlBreakers
from connectors.storage.maintenance import SqlMaintenance
from connectors.storage.tables import deliveries
from connectors.transport_ports import Transport
from connectors.worker import DeliveryWorker
from tests.doubles.house import House

SYSTEM = "mz-elder"
_NEVER_BY_ITSELF_SECONDS = 86_400.0
_SEEN_EVERY_SECONDS = 0.001


@dataclass(slots=True)
class SimulatedClock:
    """`config.clock.Clock` that only moves when told."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedDays:
    """A worker that is told when to look, so that days go by as quickly as their work is done."""

    worker: DeliveryWorker
    engine: AsyncEngine
    clock: SimulatedClock

    async def run_until(self, end: datetime) -> int:
        """Let the worker do everything that falls due up to `end`; return how often the clock jumped."""
        jumps = 0
        while True:
            await self._do_what_is_due()
            following = await self._next_due()
            if following is None or following > end:
                self.clock.now = max(self.clock.now, end)
                await self._do_what_is_due()
                return jumps
            self.clock.now = max(following, self.clock.now) + timedelta(milliseconds=1)
            jumps += 1

    async def _do_what_is_due(self) -> None:
        await self.worker.look()
        while not self.worker.is_idle:  # noqa: ASYNC110 - the worker tells nobody when it has done
            await asyncio.sleep(_SEEN_EVERY_SECONDS)

    async def _next_due(self) -> datetime | None:
        """Return when the next delivery may be tried: its own moment, or the end of what holds the system."""
        waiting = deliveries.c.system == SYSTEM, deliveries.c.next_attempt_at.is_not(None)
        async with self.engine.connect() as connection:
            following: datetime | None = (
                await connection.execute(select(func.min(deliveries.c.next_attempt_at)).where(*waiting))
            ).scalar()
            standing = await holds.standing(connection, [SYSTEM], self.clock.now)
        if following is None:
            return None
        return max([following, *(hold.until for hold in standing.get(SYSTEM, ()))])


@asynccontextmanager
async def working(house: House, transport: Transport, clock: SimulatedClock) -> AsyncIterator[SimulatedDays]:
    """Run a worker on the simulated clock."""
    worker = DeliveryWorker(
        ledger=house.connectors.ledger,
        breakers=SqlBreakers(house.engine),
        reconciliations=house.connectors.reconciliations,
        maintenance=SqlMaintenance(house.engine),
        systems=house.connectors.systems,
        transports={SYSTEM: transport},
        state=house.state,
        clock=clock,
        holiday_on=lambda day: "",
        base_url="http://127.0.0.1",
        look_every_seconds=_NEVER_BY_ITSELF_SECONDS,
    )
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(0)  # it musters its lanes
    try:
        yield SimulatedDays(worker=worker, engine=house.engine, clock=clock)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
