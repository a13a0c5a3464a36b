"""Asking a department how far its cases are: per system, so many a tick, and only while it is open."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import uuid4

from config import logs
from connectors.engine import BreakerState, NotFound
from connectors.errors import MappingRefused, SecretMissing
from connectors.ground import Ground
from connectors.ledger import Awaited, Delivery, InboundEvent
from connectors.outcomes import OutcomeClass
from connectors.pace import Pace
from connectors.serving import Serving
from connectors.submission import values_for
from connectors.transport_ports import Errand

log = logs.get(__name__)
TICK_SECONDS: Final = 1.0
AT_ONCE: Final = 4


@dataclass(slots=True, kw_only=True)
class Poller:
    """The polls of one system. What is found goes the way of a callback: kept once, applied forward only.

    `serving` may be replaced between two ticks; each case is asked for by the version that serves its region. Questions
    keep to the system's pace like everything that is sent.
    """

    serving: Serving
    ground: Ground
    breaker: Callable[[], BreakerState] = BreakerState
    pace: Pace | None = None

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                await self.tick()
            except Exception:
                log.exception("poll_fault", system=self.serving.system.id)
            await asyncio.sleep(TICK_SECONDS)

    async def tick(self) -> int:
        """Ask for what is due; return how many were asked."""
        serving, at = self.serving, self.ground.clock()
        poll = serving.system.poll or (serving.tried.system.poll if serving.tried else None)
        # While the breaker is open they are left in peace; half open they are asked, or a system nothing is sent to
        # would never be heard of again.
        if poll is None or self.ground.stands(serving.system, self.breaker(), at=at).is_shut:
            return 0
        awaited = await self.ground.ledger.due_polls(
            system=serving.system.id,
            at=at,
            again_at=at + timedelta(seconds=poll.every_seconds),
            most=poll.most_per_tick,
        )
        if awaited:
            turns = asyncio.Semaphore(min(AT_ONCE, serving.system.spec.delivery.concurrency))
            await asyncio.gather(*(self._ask(each, serving.in_region(each.delivery.region), turns) for each in awaited))
        return len(awaited)

    async def _ask(self, awaited: Awaited, by: Serving, turns: asyncio.Semaphore) -> None:
        delivery, system = awaited.delivery, by.system
        values = values_for(
            awaited.submission,
            delivery,
            at=self.ground.clock(),
            nonce=self.ground.nonce(),
            callback_url=self.ground.callback_url(system.id),
        )
        errand = Errand(
            system=system,
            operation=system.operation(delivery.operation),
            values=values,
            delivery_id=delivery.id,
        )
        async with turns:
            if self.pace is not None:
                await self.pace.turn()
            try:
                with self.ground.uses.of(by.transport):
                    found = await by.transport.poll(errand)
                    if found is None and _is_unheard_of(delivery):
                        await self._look_up(errand, by)
            except (MappingRefused, SecretMissing) as refused:
                log.warning("poll_refused", system=system.id, delivery=delivery.id, detail=str(refused))
                return
        if found is not None and found.status and found.status != delivery.their_status:
            await self.ground.ledger.receive(_event(found, awaited), at=self.ground.clock())

    async def _look_up(self, errand: Errand, by: Serving) -> None:
        """Doubt what only a broker took: a department that took it off the topic and lost it will never answer."""
        if isinstance(await by.transport.probe(errand), NotFound):
            log.warning("delivery_unheard_of", system=by.system.id, delivery=errand.delivery_id)
            await self.ground.ledger.doubt(errand.delivery_id, at=self.ground.clock())


def _is_unheard_of(delivery: Delivery) -> bool:
    """Tell whether the department itself never said that it has it."""
    was_pending = delivery.outcome == OutcomeClass.PENDING.value
    return was_pending and not delivery.department_number and not delivery.their_status


def _event(found: InboundEvent, awaited: Awaited) -> InboundEvent:
    # Only a change gets here, so each is an event of its own; the department gave it no id.
    delivery = awaited.delivery
    return replace(found, event_id=f"poll:{uuid4()}", our_number=delivery.known_as or delivery.case_number)
