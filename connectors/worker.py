"""The delivery worker: one lane per system, a heartbeat for its leases, a look around every second, and polls.

Any number of workers run beside each other, in one process with the web or alone. Wake-ups come through the state
store; a lost one costs a second. A worker that dies loses its leases after `LEASE`, and what it held is taken up by
whoever looks next: within ten seconds.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from config import logs
from config.clock import Clock
from config.state import StateStore, StateStoreUnavailable
from connectors.availability import HolidayOn
from connectors.crew import Crews
from connectors.engine import BreakerState
from connectors.ground import Ground
from connectors.lane import Lane
from connectors.live import told_of_changes
from connectors.live_transports import LiveTransports, Uses
from connectors.maintenance import Announced, MaintenanceBook
from connectors.ports import Breakers, Ledger, Reconciliations
from connectors.reconciling import Reconciler
from connectors.serving import serving
from connectors.system import System
from connectors.transport_ports import Lists, Transport
from connectors.uploading import Uploads
from connectors.waking import WAKE_TOPIC
from matters.ports import MaterialFiles

log = logs.get(__name__)
LEASE: Final = timedelta(seconds=6)
"""A dead worker's places stay taken for so long: another is at work again within ten seconds (F9)."""
BEATS_IN_A_LEASE: Final = 4
LOOK_EVERY_SECONDS: Final = 1.0
LEFT_OVER_AT_ONCE: Final = 50
STOP_GRACE_SECONDS: Final = 5.0
SCAN_EVERY_SECONDS: Final = 60.0


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
        maintenance: MaintenanceBook,
        systems: Mapping[str, System],
        transports: Mapping[str, Transport],
        state: StateStore,
        clock: Clock,
        holiday_on: HolidayOn,
        base_url: str,
        offset: timedelta = timedelta(0),
        scans: Sequence[Callable[[datetime], Awaitable[object]]] = (),
        watch: Callable[[], Coroutine[object, object, None]] | None = None,
        trying: Callable[[], Coroutine[object, object, None]] | None = None,
        files: Callable[[], MaterialFiles] | None = None,
        lease: timedelta = LEASE,
        look_every_seconds: float = LOOK_EVERY_SECONDS,
        owner: str = "",
    ) -> None:
        self._ledger = ledger
        self._breakers = breakers
        self._maintenance, self._windows = maintenance, Announced()
        self._state = state
        self._clock = clock
        self._scans, self._watch, self._trying = scans, watch, trying
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
            windows=self._windows.of,
            uploads=Uploads(files, state) if files is not None else None,
            uses=transports.uses if isinstance(transports, LiveTransports) else Uses(),
        )
        self._bounds = ground.bounds
        self._systems = systems
        self._transports = transports
        self._crews = Crews(ground, state)
        self._lanes: Mapping[str, Lane] = {}
        self._lists: dict[str, Lists] = {}
        self._reconciler = Reconciler(systems=systems, lists=self._lists, book=reconciliations, ground=ground)

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                with told_of_changes(self._systems, lambda: self._muster(group)):
                    await self._work(group)
        finally:
            await self._finish()

    async def _work(self, group: asyncio.TaskGroup) -> None:
        self._muster(group)
        log.info("worker_started", worker=self.owner, systems=len(self._lanes))
        tasks = [
            group.create_task(self._listen()),
            group.create_task(self._look_around(group)),
            group.create_task(self._beat()),
            group.create_task(self._reconciler.run()),
            group.create_task(self._scan_daily()),
            *(group.create_task(work()) for work in (self._watch, self._trying) if work is not None),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)

    def _muster(self, group: asyncio.TaskGroup) -> None:
        """Serve what is in service now: a version that went live needs no restart, and no other lane notices."""
        served = serving(self._systems, self._transports)
        self._crews.muster(served, group)
        self._lanes = self._crews.lanes
        self._lists.clear()
        for id_, each in served.items():
            if each.system.reconcile is not None and isinstance(each.transport, Lists):
                self._lists[id_] = each.transport

    async def _finish(self) -> None:
        self._crews.stop()
        running = self._crews.running
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

    async def _look_around(self, group: asyncio.TaskGroup) -> None:
        while True:
            try:
                self._muster(group)
                await self.look()
            except Exception:
                # The database may be away for a moment; the next look finds everything where it was.
                log.exception("worker_fault")
            await asyncio.sleep(self._look_every_seconds)

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is on its way and nobody looks for more."""
        return all(lane.is_idle for lane in self._lanes.values())

    async def look(self) -> None:
        """Free what dead workers held, see how the systems stand, and wake the lanes that have something due."""
        at = self._clock()
        for system in await self._ledger.reclaim(at):
            log.warning("delivery_reclaimed", system=system)
        self._windows.see(await self._maintenance.current(at))
        breakers, holds = await self._breakers.all(), await self._ledger.holds()
        open_now = []
        for id_, lane in self._lanes.items():
            lane.breaker, lane.holds = breakers.get(id_, BreakerState()), holds.get(id_, ())
            if await lane.tell_hours(at):
                open_now.append(id_)
            # Hours take up to a millisecond to work out: no delivery should wait for those of all systems.
            await asyncio.sleep(0)
        for system in await self._ledger.due_systems(open_now, at):
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

    async def _scan_daily(self) -> None:
        """Look for what happens by itself (somebody reaches an age, a day is over); whether it is time, each scan knows."""
        while self._scans:
            for scan in self._scans:
                try:
                    await scan(self._clock())
                except Exception:
                    log.exception("scan_fault")
            await asyncio.sleep(SCAN_EVERY_SECONDS)

    async def _beat(self) -> None:
        """Prolong this worker's leases, three times in each lease's life."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / BEATS_IN_A_LEASE)
            if not self._crews.running:
                continue
            try:
                begun = asyncio.get_running_loop().time()
                if await self._ledger.keep(owner=self.owner, at=self._clock(), lease=self._lease):
                    self._bounds.prolong(self._lease, since=begun)
            except Exception:
                log.exception("heartbeat_fault")
