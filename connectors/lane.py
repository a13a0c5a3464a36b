"""One system's lane: it takes up what is due, as many at once as the spec allows, and no lane waits for another."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from config import logs
from connectors.delivering import AFTER_A_FAULT, Deliverer
from connectors.engine import PERSON_HOLD, BreakerState, is_fault
from connectors.gate import gate
from connectors.ground import Ground
from connectors.ledger import Lease, LeaseLost
from connectors.outcomes import AWAITS_PERSON, Outcome
from connectors.ports import NeedsPerson
from connectors.system import System

log = logs.get(__name__)
PROBE_TAKES: Final = timedelta(seconds=60)
NEVER_LEFT: Final = frozenset({"mapping", "probe", AWAITS_PERSON})
"""Errors on our own side, before the department was spoken to: they say nothing about its health."""


@dataclass(slots=True)
class Lane:
    """The deliveries of one system in this worker. `breaker` is as last seen; the worker refreshes it."""

    system: System
    deliverer: Deliverer
    ground: Ground
    breaker: BreakerState = field(default_factory=BreakerState)
    is_stopping: bool = False
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    @property
    def running(self) -> frozenset[asyncio.Task[None]]:
        """Return the deliveries on their way just now."""
        return frozenset(self._running)

    async def run(self) -> None:
        """Take up what is due whenever woken, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._pump()
            except Exception:
                # A lane that died would stop a department for good; the worker wakes it again within a second.
                log.exception("lane_fault", system=self.system.id)

    async def _pump(self) -> None:
        while not self.is_stopping and (free := self.system.spec.delivery.concurrency - len(self._running)) > 0:
            most = await self._allowed(free)
            if most == 0:
                return
            leases = await self.ground.ledger.claim(
                system=self.system.id,
                owner=self.ground.owner,
                at=self.ground.clock(),
                lease=self.ground.lease,
                most=most,
            )
            for lease in leases:
                task = asyncio.create_task(self._deliver(lease), name=f"delivery {lease.delivery.id}")
                self._running.add(task)
                task.add_done_callback(self._ended)
            if len(leases) < free:
                return

    async def _allowed(self, free: int) -> int:
        """Return how many may be taken up now; what has to wait is held back with a promised moment."""
        ground, at = self.ground, self.ground.clock()
        stands = gate(self.system, self.breaker, at=at, offset=ground.offset, holiday_on=ground.holiday_on)
        for hold in stands.holds:
            await ground.ledger.hold(
                system=self.system.id, operations=hold.operations, until=hold.until, reason=hold.reason, at=at
            )
        if stands.is_shut:
            return 0
        if not await self._is_ready():
            await ground.ledger.hold(
                system=self.system.id, operations=(), until=at + PERSON_HOLD, reason="person", at=at
            )
            return 0
        if not stands.is_probe:
            return free
        is_ours = await ground.breakers.take_probe(self.system.id, at=at, until=at + PROBE_TAKES)
        return 1 if is_ours else 0

    async def _is_ready(self) -> bool:
        transport = self.deliverer.transport
        return await transport.is_ready() if isinstance(transport, NeedsPerson) else True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    async def _deliver(self, lease: Lease) -> None:
        try:
            outcome = await self.deliverer.deliver(lease)
            if outcome is not None and outcome.error not in NEVER_LEFT:
                await self._note(outcome)
        except LeaseLost:
            log.warning("lease_lost", system=self.system.id, delivery=lease.delivery.id)
        except Exception:
            # Nobody knows how far it came: the lease runs out and it is found out about, unless it never began.
            log.exception("delivery_fault", system=self.system.id, delivery=lease.delivery.id)
            await asyncio.sleep(min(AFTER_A_FAULT, self.ground.lease).total_seconds() / 4)

    async def _note(self, outcome: Outcome) -> None:
        """Tell the breaker; a clean one that stays clean costs no write."""
        before = self.breaker
        is_good = BreakerState() == before and not is_fault(outcome)
        if is_good:
            return
        at = self.ground.clock()
        self.breaker = await self.ground.breakers.note(
            self.system.id, outcome, self.system.spec.delivery.breaker, at=at
        )
        if self.breaker.open_until != before.open_until:
            log.warning(
                "breaker_changed",
                system=self.system.id,
                stands=self.breaker.stands(at),
                error=self.breaker.last_error,
            )
        if before.open_until is not None and self.breaker.open_until is None:
            await self.ground.ledger.release(system=self.system.id, reason="breaker", at=at)
