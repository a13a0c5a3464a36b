"""The delivery worker: one lane per system, a heartbeat for its leases, a look around every second, and polls.

Any number of workers run beside each other, in one process with the web or alone. Wake-ups come through the state
store; a lost one costs a second. A worker that dies loses its leases after `LEASE`, and what it held is taken up by
whoever looks next: within ten seconds.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from config import logs
from config.clock import Clock
from config.state import StateStore, StateStoreUnavailable
from connectors.availability import HolidayOn
from connectors.delivering import Deliverer
from connectors.engine import BreakerState
from connectors.fetching import Fetcher
from connectors.ground import Ground
from connectors.intake import WAKE_TOPIC
from connectors.lane import Lane
from connectors.pace import Pace
from connectors.polling import Poller
from connectors.ports import Breakers, Fetches, Ledger, Lists, Reconciliations, Transport
from connectors.reconciling import Reconciler
from connectors.system import System

log = logs.get(__name__)
LEASE: Final = timedelta(seconds=8)
LOOK_EVERY_SECONDS: Final = 1.0
LEFT_OVER_AT_ONCE: Final = 50
STOP_GRACE_SECONDS: Final = 5.0


def worker_name() -> str:
    """Return a name no other worker has, at any time: a process id alone comes again after a restart."""
    return f"{socket.gethostname()[:24]}:{os.getpid()}:{secrets.token_hex(6)}"


class DeliveryWorker:
    """`await worker.run()` until cancelled; cancelling lets what is on its way finish for a few seconds."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        breakers: Breakers,
        reconciliations: Reconciliations,
        systems: Mapping[str, System],
        transports: Mapping[str, Transport],
        state: StateStore,
        clock: Clock,
        holiday_on: HolidayOn,
        base_url: str,
        offset: timedelta = timedelta(0),
        lease: timedelta = LEASE,
        look_every_seconds: float = LOOK_EVERY_SECONDS,
        owner: str = "",
    ) -> None:
        self._ledger = ledger
        self._breakers = breakers
        self._state = state
        self._clock = clock
        self._lease = lease
        self._look_every_seconds = look_every_seconds
        self.owner = owner or worker_name()
        ground = Ground(
            ledger=ledger,
            breakers=breakers,
            clock=clock,
            holiday_on=holiday_on,
            offset=offset,
            owner=self.owner,
            lease=lease,
            base_url=base_url,
            jitter=secrets.SystemRandom().random,
            nonce=lambda: secrets.token_hex(16),
        )
        self._lanes = {
            id_: _lane(systems[id_], transport, ground, state)
            for id_, transport in transports.items()
            if id_ in systems
        }
        self._pollers = [
            Poller(system=systems[id_], transport=transport, ground=ground, breaker=self._breaker_of(id_))
            for id_, transport in transports.items()
            if id_ in systems and systems[id_].poll is not None
        ]
        self._fetchers = [
            Fetcher(
                system=systems[id_],
                channel=transport,
                ground=ground,
                every_seconds=results.every_seconds,
                breaker=self._breaker_of(id_),
            )
            for id_, transport in transports.items()
            if id_ in systems and (results := systems[id_].results) is not None and isinstance(transport, Fetches)
        ]

        self._reconciler = Reconciler(
            systems=systems,
            lists={
                id_: transport
                for id_, transport in transports.items()
                if id_ in systems and systems[id_].reconcile is not None and isinstance(transport, Lists)
            },
            book=reconciliations,
            ground=ground,
        )

    def _breaker_of(self, system: str) -> Callable[[], BreakerState]:
        return lambda: self._lanes[system].breaker

    async def run(self) -> None:
        """Deliver until cancelled."""
        log.info("worker_started", worker=self.owner, systems=len(self._lanes))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen())
                group.create_task(self._look_around())
                group.create_task(self._beat())
                for lane in self._lanes.values():
                    group.create_task(lane.run())
                for poller in self._pollers:
                    group.create_task(poller.run())
                for fetcher in self._fetchers:
                    group.create_task(fetcher.run())
                if self._reconciler.lists:
                    group.create_task(self._reconciler.run())
        finally:
            await self._finish()

    async def _finish(self) -> None:
        running: set[asyncio.Task[None]] = set()
        for lane in self._lanes.values():
            lane.is_stopping = True
            running |= lane.running
        if running:
            beat = asyncio.create_task(self._beat())
            _, left = await asyncio.wait(running, timeout=STOP_GRACE_SECONDS)
            beat.cancel()
            for task in left:
                task.cancel()
            await asyncio.gather(beat, *left, return_exceptions=True)
        log.info("worker_stopped", worker=self.owner)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._state.listen(WAKE_TOPIC) as messages:
                    async for _, system in messages:
                        if system in self._lanes:
                            self._lanes[system].wake()
            except StateStoreUnavailable:
                log.warning("wake_up_unavailable")
            await asyncio.sleep(self._look_every_seconds)

    async def _look_around(self) -> None:
        while True:
            try:
                await self._look()
            except Exception:
                # The database may be away for a moment; the next look finds everything where it was.
                log.exception("worker_fault")
            await asyncio.sleep(self._look_every_seconds)

    async def _look(self) -> None:
        at = self._clock()
        for system in await self._ledger.reclaim(at):
            log.warning("delivery_reclaimed", system=system)
        breakers = await self._breakers.all()
        for id_, lane in self._lanes.items():
            lane.breaker = breakers.get(id_, BreakerState())
        for system in await self._ledger.due_systems(at):
            if system in self._lanes:
                self._lanes[system].wake()
        # Last, so that a report nobody can apply never keeps a delivery waiting.
        for delivery_id in await self._ledger.left_over(most=LEFT_OVER_AT_ONCE):
            await self._apply_left_over(delivery_id)

    async def _apply_left_over(self, delivery_id: str) -> None:
        try:
            await self._ledger.apply_left_over(delivery_id, self._clock())
        except Exception:
            # One report that can't be applied must not keep those behind it from their cases.
            log.exception("left_over_fault", delivery=delivery_id)

    async def _beat(self) -> None:
        """Prolong this worker's leases, three times in each lease's life."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            if not any(lane.running for lane in self._lanes.values()):
                continue
            try:
                await self._ledger.keep(owner=self.owner, at=self._clock(), lease=self._lease)
            except Exception:
                log.exception("heartbeat_fault")


def _lane(system: System, transport: Transport, ground: Ground, state: StateStore) -> Lane:
    policy = system.spec.delivery
    pace = Pace(
        system=system.id,
        rate_per_second=policy.rate_per_second,
        daily_budget=policy.daily_budget,
        state=state,
        clock=ground.clock,
    )
    deliverer = Deliverer(system=system, transport=transport, pace=pace, ground=ground)
    return Lane(system=system, deliverer=deliverer, ground=ground)
