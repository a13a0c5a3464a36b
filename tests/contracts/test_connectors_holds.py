"""Holds on both databases: a fact of the system; what waits is not touched, and shown as held while one stands."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.holds import Hold
from connectors.ledger import Delivery, DeliveryState, HoldReason, Lease, Result
from connectors.outcomes import Outcome, OutcomeClass
from connectors.spec_models import Breaker
from connectors.storage.ledger import SqlBreakers
from connectors.storage.tables import deliveries
from tests.doubles.house import DISABLED, MONDAY, House, make_house
from tests.faults.simulated_clock import SimulatedClock

LEASE = timedelta(seconds=8)
TOMORROW = MONDAY + timedelta(days=1)
FAULT = Outcome(kind=OutcomeClass.TRANSIENT, error="connect")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(MONDAY)


@pytest.fixture
async def house(engine: AsyncEngine, clock: SimulatedClock, tmp_path: Path) -> AsyncIterator[House]:
    house = await make_house(engine, MemoryStateStore(), tmp_path, clock=clock)
    yield house
    await house.connectors.aclose()


async def accept(house: House, *matters: str) -> list[str]:
    return [
        (await house.accept(*([matter] if matter else []), key=f"k{n}", seed=n, at=MONDAY)).case.number
        for n, matter in enumerate(matters)
    ]


async def hold(house: House, *wanted: Hold, reasons: Collection[HoldReason] = ("closed",)) -> None:
    await house.connectors.ledger.hold(system="mz-elder", reasons=reasons, wanted=wanted, at=MONDAY)


async def claim(house: House, *, without: Collection[str] = ()) -> list[Lease]:
    ledger = house.connectors.ledger
    return list(
        await ledger.claim(system="mz-elder", owner="w", at=MONDAY, lease=LEASE, most=9, without=without)
    )  # fmt: skip


async def shown(house: House, number: str) -> Delivery:
    (view,) = await house.connectors.deliveries.of_case(number)
    (listed,) = (await house.connectors.deliveries.of_cases([number]))[number]
    assert listed == view.delivery
    return view.delivery


ALL_DAY = Hold(operations=(), until=TOMORROW, reason="closed")


async def test_a_closed_system_shows_everything_as_held_with_one_promise(house: House) -> None:
    numbers = await accept(house, "", "", "")
    await hold(house, ALL_DAY)
    for number in numbers:
        delivery = await shown(house, number)
        assert (delivery.state, delivery.hold_reason, delivery.attempts) == (DeliveryState.HELD, "closed", 0)
        assert delivery.next_attempt_at == TOMORROW


async def test_what_waits_is_not_touched_and_goes_in_its_order_once_the_hold_is_gone(house: House) -> None:
    await accept(house, "", "", "")
    before = await rows_of(house)
    await hold(house, ALL_DAY)
    assert await rows_of(house) == before
    await hold(house)
    leases = await claim(house)
    assert [lease.delivery.id for lease in sorted(leases, key=lambda each: each.delivery.case_number)] == [
        row["id"] for row in before
    ]


async def rows_of(house: House) -> list[dict[str, object]]:
    async with house.engine.connect() as connection:
        found = await connection.execute(select(deliveries).order_by(deliveries.c.case_number))
        return [dict(row) for row in found.mappings()]


async def test_a_hold_that_ran_out_holds_nothing(house: House, clock: SimulatedClock) -> None:
    (number,) = await accept(house, "")
    await hold(house, ALL_DAY)
    clock.now = TOMORROW
    assert (await shown(house, number)).state is DeliveryState.QUEUED


async def test_one_operation_is_held_and_the_others_go(house: House) -> None:
    first, second = await accept(house, "", DISABLED)
    operations = {number: (await shown(house, number)).operation for number in (first, second)}
    await move_to_elder(house)
    await hold(house, Hold(operations=(operations[first],), until=TOMORROW, reason="closed"))
    assert (await shown(house, first)).state is DeliveryState.HELD
    assert (await shown(house, second)).state is DeliveryState.QUEUED
    assert [lease.delivery.case_number for lease in await claim(house, without=[operations[first]])] == [second]


async def move_to_elder(house: House) -> None:
    async with house.engine.begin() as connection:
        waiting = {"system": "mz-elder", "state": "queued", "next_attempt_at": MONDAY}
        await connection.execute(deliveries.update().values(waiting))


async def test_a_hold_with_a_new_promise_takes_the_place_of_the_old_one(house: House) -> None:
    (number,) = await accept(house, "")
    await hold(house, ALL_DAY)
    later = TOMORROW + timedelta(hours=3)
    await hold(house, Hold(operations=(), until=later, reason="closed"))
    assert (await shown(house, number)).next_attempt_at == later
    assert list((await house.connectors.ledger.holds())["mz-elder"]) == [
        Hold(operations=(), until=later, reason="closed")
    ]


async def test_holds_of_one_reason_leave_those_of_another_alone(house: House) -> None:
    (number,) = await accept(house, "")
    person = Hold(operations=(), until=MONDAY + timedelta(minutes=30), reason="person")
    await hold(house, person, reasons=["person"])
    await hold(house, ALL_DAY)
    assert (await shown(house, number)).hold_reason == "closed"  # the longer one is what is promised
    await hold(house)
    assert (await shown(house, number)).hold_reason == "person"


async def test_workers_that_tell_the_same_hold_at_once_keep_one(house: House) -> None:
    await asyncio.gather(*(hold(house, ALL_DAY) for _ in range(5)))
    assert list((await house.connectors.ledger.holds())["mz-elder"]) == [ALL_DAY]


async def test_an_open_breaker_holds_by_itself_until_it_is_tried_again(house: House, clock: SimulatedClock) -> None:
    (number,) = await accept(house, "")
    breakers = SqlBreakers(house.engine)
    opened = await breakers.note("mz-elder", FAULT, Breaker(faults=1, open_seconds=30), at=MONDAY)
    delivery = await shown(house, number)
    assert (delivery.state, delivery.hold_reason) == (DeliveryState.HELD, "breaker")
    assert delivery.next_attempt_at == opened.open_until == MONDAY + timedelta(seconds=30)
    clock.now = MONDAY + timedelta(seconds=31)
    assert (await shown(house, number)).state is DeliveryState.QUEUED


async def test_one_whose_own_next_try_lies_behind_the_hold_keeps_its_own(house: House) -> None:
    (number,) = await accept(house, "")
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=MONDAY)
    own = MONDAY + timedelta(days=2)
    wait = Result(state=DeliveryState.WAIT, outcome=FAULT, next_attempt_at=own)
    await house.connectors.ledger.settle(lease, wait, at=MONDAY, duration_ms=1)
    await hold(house, ALL_DAY)
    delivery = await shown(house, number)
    assert (delivery.state, delivery.next_attempt_at, delivery.attempts) == (DeliveryState.WAIT, own, 1)


async def test_one_that_may_have_arrived_stays_unknown_and_is_told_when_it_will_be_looked_up(house: House) -> None:
    (number,) = await accept(house, "")
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=MONDAY)
    await house.connectors.ledger.reclaim(MONDAY + LEASE)
    await hold(house, ALL_DAY)
    delivery = await shown(house, number)
    assert (delivery.state, delivery.hold_reason, delivery.next_attempt_at) == (DeliveryState.UNKNOWN, "", TOMORROW)


async def test_what_a_person_ends_goes_at_once_also_where_it_was_put_back_one_by_one(house: House) -> None:
    await accept(house, "", "")
    (first, second) = await claim(house)
    await house.connectors.ledger.give_back(first, next_attempt_at=TOMORROW, reason="person", at=MONDAY)
    await house.connectors.ledger.give_back(second, next_attempt_at=MONDAY, reason="", at=MONDAY)
    await hold(house, Hold(operations=(), until=TOMORROW, reason="person"), reasons=["person"])
    assert await house.connectors.ledger.release(system="mz-elder", reason="person", at=MONDAY) == 1
    assert not (await house.connectors.ledger.holds()).get("mz-elder")
    assert len(await claim(house)) == 2


async def test_only_systems_that_are_asked_for_and_have_something_due_are_named(house: House) -> None:
    await accept(house, "")
    ledger = house.connectors.ledger
    assert list(await ledger.due_systems(["mz-elder", "mz-assist"], MONDAY)) == ["mz-elder"]
    assert list(await ledger.due_systems(["mz-assist"], MONDAY)) == []
    assert list(await ledger.due_systems([], MONDAY)) == []
    assert list(await ledger.due_systems(["mz-elder"], MONDAY - timedelta(seconds=1))) == []


async def test_a_probe_that_found_out_nothing_is_anybodys_again(house: House) -> None:
    breakers, later = SqlBreakers(house.engine), MONDAY + timedelta(seconds=31)
    await breakers.note("mz-elder", FAULT, Breaker(faults=1, open_seconds=30), at=MONDAY)
    assert await breakers.take_probe("mz-elder", at=later, until=later + LEASE)
    assert not await breakers.take_probe("mz-elder", at=later, until=later + 2 * LEASE)
    await breakers.leave_probe("mz-elder", until=later + 2 * LEASE)  # somebody else's
    assert not await breakers.take_probe("mz-elder", at=later, until=later + LEASE)
    await breakers.leave_probe("mz-elder", until=later + LEASE)
    assert await breakers.take_probe("mz-elder", at=later, until=later + LEASE)
