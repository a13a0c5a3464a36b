"""What an applicant takes back while a worker has it in hand and has not begun: it never leaves, and nobody is told of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.ledger import DeliveryState, Lease
from tests.doubles.house import CLERK, MONDAY, House, make_house

LEASE = timedelta(seconds=8)
LATER = MONDAY + timedelta(seconds=9)


@pytest.fixture(params=["by interface", "by hand"])
async def house(engine: AsyncEngine, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """A house whose department takes withdrawals by its interface, or only from a person."""
    changes = {} if request.param == "by interface" else {"withdraw": None}
    house = await make_house(engine, MemoryStateStore(), tmp_path, changes=changes, clock=lambda: LATER)
    yield house
    await house.connectors.aclose()


async def in_hand(house: House) -> tuple[str, Lease]:
    """Return a case that was taken back while a worker had it, and that worker's lease."""
    number = (await house.accept(at=MONDAY)).case.number
    (lease,) = await house.connectors.ledger.claim(system="mz-elder", owner="w", at=MONDAY, lease=LEASE, most=1)
    await house.connectors.intake.withdraw(number, actor=CLERK, reason="不办了", at=MONDAY)
    return number, lease


async def states(house: House, number: str) -> list[DeliveryState]:
    return [view.delivery.state for view in await house.connectors.deliveries.of_case(number)]


async def nothing_is_left(house: House, number: str) -> None:
    assert await states(house, number) == [DeliveryState.CANCELLED, DeliveryState.CANCELLED]
    left = await house.connectors.ledger.claim(system="mz-elder", owner="x", at=LATER, lease=LEASE, most=9)
    assert list(left) == []
    assert not await house.connectors.desk.tasks(CLERK)


async def test_a_worker_that_died_before_it_began_takes_nothing_with_it(house: House) -> None:
    number, _lease = await in_hand(house)
    await house.connectors.ledger.reclaim(LATER)
    await nothing_is_left(house, number)


async def test_a_worker_that_may_send_nothing_today_gives_it_back_for_good(house: House) -> None:
    number, lease = await in_hand(house)
    await house.connectors.ledger.give_back(lease, next_attempt_at=LATER, reason="", at=LATER)
    await nothing_is_left(house, number)


async def test_what_may_have_left_is_looked_up_and_the_department_told(house: House) -> None:
    number, lease = await in_hand(house)
    await house.connectors.ledger.begin(lease, kind="send", at=MONDAY)
    await house.connectors.ledger.reclaim(LATER)
    found, told = await states(house, number)
    assert (found, told in (DeliveryState.QUEUED, DeliveryState.DESK)) == (DeliveryState.UNKNOWN, True)
