"""Results of many cases at once: fetched per system while it is open, received one by one, confirmed when all are kept."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from config import logs
from connectors.engine import BreakerState
from connectors.ground import Ground
from connectors.serving import Serving
from connectors.transport_ports import Fetches

log = logs.get(__name__)
IDLE_SECONDS: Final = 1.0


@dataclass(slots=True, kw_only=True)
class Fetcher:
    """The results channel of one system. What is fetched goes the way of a callback: kept once, applied forward only.

    `serving` may be replaced between two ticks. A channel brings the results of all regions at once, so it is read by
    the leading version; a system without one is left alone.
    """

    serving: Serving
    ground: Ground
    breaker: Callable[[], BreakerState] = BreakerState

    async def run(self) -> None:
        """Fetch until cancelled."""
        while True:
            try:
                await self.tick()
            except Exception:
                # Nothing was confirmed: what was not kept comes again.
                log.exception("fetch_fault", system=self.serving.system.id)
            results = self.serving.system.results
            await asyncio.sleep(results.every_seconds if results is not None else IDLE_SECONDS)

    async def tick(self) -> int:
        """Fetch once; return how many events were new."""
        system, channel = self.serving.system, self.serving.transport
        if system.results is None or not isinstance(channel, Fetches):
            return 0
        if self.ground.stands(system, self.breaker(), at=self.ground.clock()).is_shut:
            return 0
        with self.ground.uses.of(channel):
            events = await channel.fetch()
            new = [await self.ground.ledger.receive(event, at=self.ground.clock()) for event in events]
            await channel.confirm()
        if events:
            log.info("results_fetched", system=system.id, events=len(events), new=sum(new))
        return sum(new)
