"""Results of many cases at once: fetched per system while it is open, received one by one, confirmed when all are kept."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from config import logs
from connectors.engine import BreakerState
from connectors.gate import closed
from connectors.ground import Ground
from connectors.ports import Fetches
from connectors.system import System

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """The results channel of one system. What is fetched goes the way of a callback: kept once, applied forward only."""

    system: System
    channel: Fetches
    ground: Ground
    every_seconds: float
    breaker: Callable[[], BreakerState] = BreakerState

    async def run(self) -> None:
        """Fetch until cancelled."""
        while True:
            try:
                await self.tick()
            except Exception:
                # Nothing was confirmed: what was not kept comes again.
                log.exception("fetch_fault", system=self.system.id)
            await asyncio.sleep(self.every_seconds)

    async def tick(self) -> int:
        """Fetch once; return how many events were new."""
        if self._is_closed() or self.breaker().stands(self.ground.clock()) == "open":
            return 0
        events = await self.channel.fetch()
        new = [await self.ground.ledger.receive(event, at=self.ground.clock()) for event in events]
        await self.channel.confirm()
        if events:
            log.info("results_fetched", system=self.system.id, events=len(events), new=sum(new))
        return sum(new)

    def _is_closed(self) -> bool:
        ground = self.ground
        holds = closed(
            self.system,
            at=ground.clock(),
            offset=ground.offset,
            holiday_on=ground.holiday_on,
            windows=ground.windows(self.system.id),
        )
        return any(not hold.operations for hold in holds)
