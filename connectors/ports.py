"""What delivering needs kept. Each method of the ledger is one commit."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from connectors.engine import BreakerState
from connectors.holds import Hold, Standing
from connectors.ledger import (
    Awaited,
    Delivery,
    HoldReason,
    InboundEvent,
    Lease,
    Result,
)
from connectors.outcomes import Outcome
from connectors.reconciliation import Comparison, Ours, RepairNote
from connectors.spec_models import Breaker

DueOn = Callable[[datetime], datetime]
"""Returns until when a person should have dealt with what is put on the desk now."""


class Ledger(Protocol):
    """Deliveries as the worker sees them. Methods taking a `Lease` raise `LeaseLost` when it is somebody else's."""

    async def due_systems(self, among: Collection[str], at: datetime) -> Sequence[str]: ...

    async def claim(
        self,
        *,
        system: str,
        owner: str,
        at: datetime,
        lease: timedelta,
        most: int,
        without: Collection[str] = (),
        at_once: int | None = None,
    ) -> Sequence[Lease]:
        """Take up what is due; all workers together never hold more of the system's than `at_once`."""

    async def keep(self, *, owner: str, at: datetime, lease: timedelta) -> int: ...

    async def begin(self, lease: Lease, *, kind: str, at: datetime) -> None: ...

    async def settle(self, lease: Lease, result: Result, *, at: datetime, duration_ms: int) -> Delivery: ...

    async def give_back(self, lease: Lease, *, next_attempt_at: datetime, reason: HoldReason, at: datetime) -> bool: ...

    async def reclaim(self, at: datetime) -> Sequence[str]: ...

    async def holds(self) -> Standing:
        """Return the holds that are kept, also those that ran out; a breaker's is its own and not among them."""

    async def hold(
        self, *, system: str, reasons: Collection[HoldReason], wanted: Collection[Hold], at: datetime
    ) -> None:
        """Let exactly these holds of those reasons stand for `system`; what waits is not touched."""

    async def release(self, *, system: str, reason: HoldReason, at: datetime) -> int: ...

    async def receive(self, event: InboundEvent, *, at: datetime) -> bool: ...

    async def left_over(self, *, most: int) -> Sequence[str]:
        """Return deliveries that reports are kept for and that are in nobody's hands."""

    async def apply_left_over(self, delivery_id: str, at: datetime) -> None:
        """Apply the reports that wait for one delivery."""

    async def due_polls(self, *, system: str, at: datetime, again_at: datetime, most: int) -> Sequence[Awaited]: ...

    async def doubt(self, delivery_id: str, *, at: datetime) -> bool:
        """Have one that awaits its result looked up again, for it may never have arrived; False when it moved on."""


class Breakers(Protocol):
    """One breaker per system, shared by all workers."""

    async def all(self) -> Mapping[str, BreakerState]: ...

    async def note(self, system: str, outcome: Outcome, policy: Breaker, *, at: datetime) -> BreakerState: ...

    async def take_probe(self, system: str, *, at: datetime, until: datetime) -> bool: ...

    async def leave_probe(self, system: str, *, until: datetime) -> None:
        """Give back a probe taken until then that found out nothing."""


class Reconciliations(Protocol):
    """The kept comparisons; a day of a system is compared by one worker at a time."""

    async def take(self, system: str, day: date, *, owner: str, at: datetime, until: datetime) -> bool:
        """Take the day in hand; False when it is compared already, or somebody else has it until later."""

    async def begun(self, system: str, *, since: date) -> Mapping[date, bool]:
        """Return the days from `since` on that somebody took in hand, and whether each is compared."""

    async def ours(self, system: str, begins: datetime, ends: datetime, *, notices: bool = False) -> Sequence[Ours]:
        """Return what arrived at the department in that time, as far as we know: cases, or notices instead."""

    async def known(self, system: str, numbers: Collection[str]) -> Mapping[str, Ours]:
        """Return our deliveries by the numbers the department knows them by."""

    async def finish(self, comparison: Comparison, *, at: datetime) -> None:
        """Keep the comparison."""

    async def doubt(self, delivery_ids: Collection[str], *, at: datetime) -> int:
        """Make deliveries that await a result `unknown` again, so that they are looked up; return how many."""

    async def latest(self, system: str, *, most: int = 14) -> Sequence[Comparison]:
        """Return the last comparisons, the newest day first."""

    async def notes(self, system: str, *, since: date) -> Mapping[tuple[date, str], RepairNote]:
        """Return what people found out about lines of the repair lists from `since` on, by day and number."""

    async def note(self, system: str, day: date, our_number: str, note: RepairNote) -> bool:
        """Keep what a person found out about a line; False when somebody did before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`version` counts the writes, from 1; 0 is a note that was never written."""

    text: str = field(default="", repr=False)
    version: int = 0


class Notes(Protocol):
    """What a transport has to remember of its system, durably and for all workers: a watermark, a batch number."""

    async def read(self, system: str, name: str) -> Note: ...

    async def write(self, system: str, name: str, text: str, *, expected: int, at: datetime) -> bool:
        """Write unless somebody else wrote since version `expected`; tell whether it was written."""
