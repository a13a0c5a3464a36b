"""One system's lane: it takes up what is due, as many at once as the spec allows, and no lane waits for another."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from config import logs
from connectors.attachments import NOT_TAKEN, STORE_AWAY
from connectors.delivering import AFTER_A_FAULT, Deliverer
from connectors.engine import PERSON_HOLD, BreakerState, is_fault
from connectors.gate import Gate
from connectors.ground import Ground
from connectors.holds import Hold, open_end
from connectors.ledger import HoldReason, Lease, LeaseLost
from connectors.outcomes import AWAITS_PERSON, Outcome
from connectors.system import System
from connectors.transport_ports import NeedsPerson

log = logs.get(__name__)
PROBE_TAKES: Final = timedelta(seconds=60)
HOURS: Final[tuple[HoldReason, ...]] = ("closed", "maintenance")
NEVER_LEFT: Final = frozenset({"mapping", "probe", AWAITS_PERSON, NOT_TAKEN, STORE_AWAY})
"""Errors on our own side, before the department was spoken to: they say nothing about its health."""


def _nobody(_region: str) -> Deliverer | None:
    """Return who delivers the cases of a region in another's place."""


@dataclass(slots=True)
class Lane:
    """The deliveries of one system in this worker. `breaker` and `holds` are as last seen; the worker refreshes them.

    `system`, `deliverer` and `tried` (who delivers for a canary's regions) may be replaced between two deliveries.
    """

    system: System
    deliverer: Deliverer
    ground: Ground
    breaker: BreakerState = field(default_factory=BreakerState)
    holds: Collection[Hold] = ()
    tried: Callable[[str], Deliverer | None] = _nobody
    is_stopping: bool = False
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _is_pumping: bool = False
    _probing_until: datetime | None = None
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    @property
    def running(self) -> frozenset[asyncio.Task[None]]:
        """Return the deliveries on their way just now."""
        return frozenset(self._running)

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is on its way and nobody looks for more."""
        return not (self._running or self._is_pumping or self._wake.is_set())

    async def run(self) -> None:
        """Take up what is due whenever woken, until cancelled."""
        while True:
            await self._wake.wait()
            self._is_pumping = True
            self._wake.clear()
            try:
                await self._pump()
            except Exception:
                # A lane that died would stop a department for good; the worker wakes it again within a second.
                log.exception("lane_fault", system=self.system.id)
            finally:
                self._is_pumping = False

    async def _pump(self) -> None:
        while not self.is_stopping and (free := self.system.spec.delivery.concurrency - len(self._running)) > 0:
            most, held = await self._allowed(free)
            if most == 0:
                return
            leases = await self.ground.ledger.claim(
                system=self.system.id,
                owner=self.ground.owner,
                at=self.ground.clock(),
                lease=self.ground.lease,
                most=most,
                without=held,
                at_once=self.system.spec.delivery.concurrency,
            )
            if not leases:
                await self._leave_probe()
                return
            for lease in leases:
                task = asyncio.create_task(self._deliver(lease), name=f"delivery {lease.delivery.id}")
                self._running.add(task)
                task.add_done_callback(self._ended)
            if len(leases) < free:
                return

    def stands(self, at: datetime) -> Gate:
        """Return whether the system is spoken to at `at`, as far as this worker knows."""
        return self.ground.stands(self.system, self.breaker, at=at)

    def _is_spent(self, at: datetime) -> bool:
        return any(hold.reason == "budget" and hold.until > at for hold in self.holds)

    async def tell_hours(self, at: datetime) -> bool:
        """Keep what its opening hours and maintenance hold back, so that everybody sees the promised moment.

        Tells whether looking for work makes sense.
        """
        stands = self.stands(at)
        for reason in HOURS:
            await self._tell(reason, [hold for hold in stands.holds if hold.reason == reason], at)
        return not (stands.is_shut or self._is_spent(at))

    async def _tell(self, reason: HoldReason, wanted: Sequence[Hold], at: datetime) -> None:
        """Keep exactly these holds of that reason; what is kept already costs no write."""
        kept = {(name, hold.until) for hold in self.holds if hold.reason == reason for name in hold.operations or ("",)}
        if kept == {(name, hold.until) for hold in wanted for name in hold.operations or ("",)}:
            return
        await self.ground.ledger.hold(system=self.system.id, reasons=(reason,), wanted=wanted, at=at)
        self.holds = (*(hold for hold in self.holds if hold.reason != reason), *wanted)

    async def _allowed(self, free: int) -> tuple[int, tuple[str, ...]]:
        """Return how many may be taken up now, and which operations not."""
        at = self.ground.clock()
        stands = self.stands(at)
        spent_until = self.deliverer.pace.spent_until
        if spent_until is not None and spent_until > at:
            await self._tell("budget", (Hold(operations=(), until=spent_until, reason="budget"),), at)
        if stands.is_shut or self._is_spent(at):
            return 0, ()
        is_ready = await self._is_ready()
        person = Hold(operations=(), until=open_end(at, PERSON_HOLD), reason="person")
        await self._tell("person", () if is_ready else (person,), at)
        if not is_ready:
            return 0, ()
        held = tuple(name for hold in stands.holds for name in hold.operations)
        if not stands.is_probe:
            return free, held
        if self._probing_until is not None and self._probing_until > at:
            return 0, ()  # this worker is finding out just now
        until = at + PROBE_TAKES
        if not await self.ground.breakers.take_probe(self.system.id, at=at, until=until):
            return 0, ()
        self._probing_until = until
        return 1, held

    async def _leave_probe(self) -> None:
        """Leave it to whoever comes next to see whether the system is back: this one sent nothing."""
        if self._probing_until is not None:
            until, self._probing_until = self._probing_until, None
            await self.ground.breakers.leave_probe(self.system.id, until=until)

    async def _is_ready(self) -> bool:
        transport = self.deliverer.transport
        return await transport.is_ready() if isinstance(transport, NeedsPerson) else True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    async def _deliver(self, lease: Lease) -> None:
        try:
            deliverer = self.tried(lease.delivery.region) or self.deliverer
            outcome = await deliverer.deliver(lease)
            if outcome is not None and outcome.error not in NEVER_LEFT:
                await self._note(outcome)
            else:
                await self._leave_probe()
        except LeaseLost:
            log.warning("lease_lost", system=self.system.id, delivery=lease.delivery.id)
        except Exception:
            # Nobody knows how far it came: the lease runs out and it is found out about, unless it never began.
            log.exception("delivery_fault", system=self.system.id, delivery=lease.delivery.id)
            await asyncio.sleep(min(AFTER_A_FAULT, self.ground.lease).total_seconds() / 4)

    async def _note(self, outcome: Outcome) -> None:
        """Tell the breaker; a clean one that stays clean costs no write."""
        before, self._probing_until = self.breaker, None
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
