"""One attempt under its lease: it ends with the lease, and whatever breaks in it is a doubt like any other."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.storage.memory_state import MemoryStateStore
from connectors.delivering import Deliverer
from connectors.engine import ProbeAnswer, decide
from connectors.ground import Ground
from connectors.lease_bounds import LeaseBounds
from connectors.ledger import Delivery, DeliveryState, DeskReason, Lease, LeaseLost, Result, Submission
from connectors.outcomes import Outcome, OutcomeClass
from connectors.pace import Pace
from connectors.transport_ports import Errand
from tests.doubles.house import make_system
from tests.unit.connectors.test_delivery_engine import AT, DELIVERY, policy

LEASE = timedelta(milliseconds=40)
LONG = timedelta(seconds=60)
SUBMISSION = Submission(id="s", case_number="c", created_at=AT, content={}, sha256="")


@dataclass(slots=True)
class Kept:
    """A ledger that keeps what it is told."""

    results: list[Result] = field(default_factory=list)

    async def begin(self, lease: Lease, *, kind: str, at: Any) -> None:
        return None

    async def settle(self, lease: Lease, result: Result, *, at: Any, duration_ms: int) -> Delivery:
        self.results.append(result)
        return replace(lease.delivery, state=result.state)


@dataclass(slots=True)
class Line:
    """A transport that does what the test says."""

    does: Callable[[Errand], Awaitable[Any]]

    async def send(self, errand: Errand) -> Outcome:
        return await self.does(errand)  # type: ignore[no-any-return]

    async def probe(self, errand: Errand) -> ProbeAnswer:
        return await self.does(errand)  # type: ignore[no-any-return]


def deliverer(
    directory: Path, does: Callable[[Errand], Awaitable[Any]], *, lease: timedelta = LONG
) -> tuple[Deliverer, Kept]:
    system, ledger, clock = make_system(directory), Kept(), lambda: AT
    ground = Ground(
        ledger=ledger, breakers=None, clock=clock, holiday_on=lambda day: None, offset=timedelta(), owner="w",  # type: ignore[arg-type]
        lease=lease, base_url="", jitter=lambda: 0.0, nonce=lambda: "n",
    )  # fmt: skip
    pace = Pace(system=system.id, rate_per_second=None, daily_budget=None, state=MemoryStateStore(), clock=clock)
    return Deliverer(system=system, transport=Line(does), pace=pace, ground=ground), ledger  # type: ignore[arg-type]


def leased(state: DeliveryState = DeliveryState.SENDING, **changed: Any) -> Lease:
    delivery = replace(DELIVERY, state=state, operation="ZLJ_APPLY", attempts=0, **changed)
    return Lease(delivery=delivery, submission=SUBMISSION, owner="w", fence=1, until=AT + LONG, lasts=LONG)


async def test_a_sending_ends_with_its_lease_before_the_byte_that_counts(tmp_path: Path) -> None:
    """The heartbeat does not come through, and the department takes its time over the empty form."""
    posted = asyncio.Event()

    async def fetch_then_post(_errand: Errand) -> Outcome:
        await asyncio.sleep(30)
        posted.set()
        return Outcome(kind=OutcomeClass.ACCEPTED)

    one, ledger = deliverer(tmp_path, fetch_then_post, lease=LEASE)
    with pytest.raises(LeaseLost):
        await one.deliver(leased())
    assert not posted.is_set()
    assert ledger.results == []


async def test_a_heartbeat_that_comes_through_lets_a_slow_department_finish() -> None:
    bounds, loop = LeaseBounds(), asyncio.get_running_loop()
    async with bounds.within(LEASE, since=loop.time(), delivery_id="d"):
        bounds.prolong(LONG, since=loop.time())
        await asyncio.sleep(LEASE.total_seconds() * 2)


async def test_an_older_heartbeat_shortens_nothing() -> None:
    bounds, loop = LeaseBounds(), asyncio.get_running_loop()
    async with bounds.within(LONG, since=loop.time(), delivery_id="d"):
        bounds.prolong(LEASE, since=loop.time() - 1)
        await asyncio.sleep(LEASE.total_seconds() * 2)


async def test_a_departments_own_lateness_is_no_lost_lease() -> None:
    with pytest.raises(TimeoutError):
        async with LeaseBounds().within(LONG, since=asyncio.get_running_loop().time(), delivery_id="d"):
            raise TimeoutError


async def breaks(_errand: Errand) -> Outcome:
    raise RecursionError


async def test_what_nobody_thought_of_is_a_doubt_that_waits_and_is_looked_up(tmp_path: Path) -> None:
    one, ledger = deliverer(tmp_path, breaks)
    outcome = await one.deliver(leased())
    assert outcome is not None
    assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, "fault")
    assert ledger.results[0].state is DeliveryState.UNKNOWN
    assert ledger.results[0].next_attempt_at is not None


async def test_a_lookup_that_breaks_each_time_ends_on_a_desk(tmp_path: Path) -> None:
    one, ledger = deliverer(tmp_path, breaks)
    await one.deliver(leased(DeliveryState.PROBING, probes=4))
    assert (ledger.results[0].state, ledger.results[0].desk) == (DeliveryState.DESK, DeskReason.UNKNOWN)


def test_not_found_is_believed_only_after_what_was_given_up_has_had_its_time() -> None:
    """A request given up after its timeout may still be at work there: it counts from then, not from its beginning."""
    settles = replace(policy(), settles=timedelta(seconds=30))
    result = decide(DELIVERY, Outcome(kind=OutcomeClass.UNKNOWN, error="timeout"), settles, at=AT, jitter=0.0)
    assert result.next_attempt_at == AT + timedelta(seconds=30)
