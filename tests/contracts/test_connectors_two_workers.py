"""What a department was promised holds over all workers together: how many at once, how fast, how many a day."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import utc_now
from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from connectors.engine import NotFound, ProbeAnswer
from connectors.ledger import DeliveryState, InboundEvent, Lease
from connectors.outcomes import Outcome, OutcomeClass
from connectors.storage.claims import turn_of
from connectors.transport_ports import Errand
from tests.doubles.house import MONDAY, House, make_house
from tests.servers.postgres import Postgres

LEASE = timedelta(seconds=8)
AT_ONCE = 2
WAITED_SECONDS = 40


@dataclass(slots=True)
class Counting:
    """A department that takes its time and counts how many it is told at once, and how often each."""

    takes_seconds: float = 0.03
    now: int = 0
    most: int = 0
    taken: dict[str, int] = field(default_factory=dict)

    async def send(self, errand: Errand) -> Outcome:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.takes_seconds)
        self.now -= 1
        self.taken[errand.delivery_id] = self.taken.get(errand.delivery_id, 0) + 1
        return Outcome(kind=OutcomeClass.ACCEPTED, department_number=f"D-{errand.delivery_id}", status="accepted")

    async def probe(self, errand: Errand) -> ProbeAnswer:
        return NotFound(outcome=Outcome(kind=OutcomeClass.TRANSIENT))

    async def poll(self, errand: Errand) -> InboundEvent | None:
        return None

    async def aclose(self) -> None:
        return None


@asynccontextmanager
async def a_house(
    engine: AsyncEngine, tmp_path: Path, delivery: dict[str, object], *, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[House]:
    house = await make_house(engine, MemoryStateStore(), tmp_path, changes={"delivery": delivery}, clock=clock)
    yield house
    await house.connectors.aclose()


@asynccontextmanager
async def two_workers(house: House, department: Counting) -> AsyncIterator[None]:
    house.connectors.transports.put(house.connectors.systems["mz-elder"], department)
    tasks = [asyncio.create_task(house.connectors.worker().run()) for _ in range(2)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAITED_SECONDS):
        while not holds():  # noqa: ASYNC110 - seen from outside, as the department sees it
            await asyncio.sleep(0.02)


async def claim(house: House, owner: str, at: datetime, *, most: int = 9, at_once: int = AT_ONCE) -> list[Lease]:
    ledger = house.connectors.ledger
    return list(await ledger.claim(system="mz-elder", owner=owner, at=at, lease=LEASE, most=most, at_once=at_once))


async def test_two_workers_together_send_no_more_at_once_than_the_department_takes(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    async with a_house(engine, tmp_path, {"concurrency": AT_ONCE}) as house:
        for n in range(12):
            await house.accept(key=f"k{n}", seed=n)
        department = Counting()
        async with two_workers(house, department):
            await until(lambda: len(department.taken) == 12)
        assert department.most == AT_ONCE
        assert set(department.taken.values()) == {1}


async def test_of_many_claims_at_once_no_more_come_through_than_the_system_takes(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    async with a_house(engine, tmp_path, {}, clock=lambda: MONDAY) as house:
        for n in range(8):
            await house.accept(key=f"k{n}", seed=n, at=MONDAY)
        for _ in range(5):  # whoever came too early asks again
            claims = await asyncio.gather(*(claim(house, f"w{n}", MONDAY) for n in range(6)))
            if taken := [lease for leases in claims for lease in leases]:
                break
        assert len(taken) == AT_ONCE
        assert await claim(house, "late", MONDAY) == []


async def test_what_a_dead_worker_held_takes_a_place_until_its_lease_ends_and_no_longer(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    async with a_house(engine, tmp_path, {}, clock=lambda: MONDAY) as house:
        for n in range(4):
            await house.accept(key=f"k{n}", seed=n, at=MONDAY)
        held = await claim(house, "killed", MONDAY)
        await house.connectors.ledger.begin(held[0], kind="send", at=MONDAY)
        assert await claim(house, "w", MONDAY + LEASE - timedelta(milliseconds=1)) == []
        later = MONDAY + LEASE
        taken = await claim(house, "w", later)
        assert len(taken) == AT_ONCE
        assert {lease.delivery.id for lease in taken}.isdisjoint(lease.delivery.id for lease in held)
        await house.connectors.ledger.reclaim(later)
        (first, *_) = await house.connectors.deliveries.of_case(held[0].delivery.case_number)
        assert first.delivery.state is DeliveryState.UNKNOWN


async def test_a_place_is_free_again_once_a_delivery_is_settled_or_given_back(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    async with a_house(engine, tmp_path, {}, clock=lambda: MONDAY) as house:
        for n in range(3):
            await house.accept(key=f"k{n}", seed=n, at=MONDAY)
        one, _ = await claim(house, "w1", MONDAY)
        hour = MONDAY + timedelta(hours=1)
        await house.connectors.ledger.give_back(one, next_attempt_at=hour, reason="", at=MONDAY)
        assert len(await claim(house, "w2", MONDAY)) == 1


async def test_two_workers_together_keep_the_days_budget(engine: AsyncEngine, tmp_path: Path) -> None:
    async with a_house(engine, tmp_path, {"concurrency": 4, "daily_budget": 5}) as house:
        for n in range(9):
            await house.accept(key=f"k{n}", seed=n)
        department = Counting()
        async with two_workers(house, department):
            await until(lambda: len(department.taken) == 5)
            await until(lambda: department.now == 0)
            async with asyncio.timeout(WAITED_SECONDS):
                while not await house.connectors.ledger.holds():  # noqa: ASYNC110 - seen from outside
                    await asyncio.sleep(0.02)
        (hold,) = (await house.connectors.ledger.holds())["mz-elder"]
        assert hold.reason == "budget"
        assert len(department.taken) == 5


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


async def test_a_worker_stopped_in_a_claim_keeps_nobody_waiting(postgres_url: str, tmp_path: Path) -> None:
    engine = create_engine(postgres_url)
    async with a_house(engine, tmp_path, {}, clock=lambda: MONDAY) as house:
        await house.accept(at=MONDAY)
        async with engine.connect() as stopped:
            await stopped.execute(turn_of("mz-elder"))
            async with asyncio.timeout(WAITED_SECONDS):
                assert await claim(house, "w", MONDAY) == []
            await stopped.rollback()
        assert len(await claim(house, "w", MONDAY)) == 1
    await engine.dispose()


async def test_the_database_itself_ends_what_a_stopped_worker_left_open(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    async with engine.connect() as connection:
        limit = await connection.scalar(text("SHOW idle_in_transaction_session_timeout"))
    await engine.dispose()
    assert limit == "15s"
