"""A result of each department flows back: what its guide declares reaches its receivers over their own transports."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.ledger import DeliveryState
from matters.policy import Actor
from tests.doubles.house import CLERK
from tests.doubles.reflux_town import reflux_town
from tests.doubles.town import Town

MATTERS = {
    "09-resident-pension-enrolment": ("rs-resident-pension", {"tax"}),
    "10-resident-pension-claim": ("rs-resident-pension", {"county-mz"}),
    "14-employment-registration": ("rs-employment", {"unemployment-insurance", "tax"}),
    "21-nonlocal-medical-filing": ("yb-core", set()),
    "25-birth-registration": ("wj-birth", {"county-yb"}),
    "E01-food-business-licence": ("scjg-food", set()),
}
SYSTEMS = ("rs-resident-pension", "rs-employment", "yb-core", "wj-birth", "scjg-food", "mz-assist")
SENT = {"county-mz", "county-yb", "mz-monitor"}


@pytest.fixture
async def town(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[Town]:
    async with reflux_town(tmp_path, embedded, MemoryStateStore(), only=SYSTEMS) as made:
        yield made


async def _granted(town: Town, matter: str, actor: Actor = CLERK) -> str:
    """Take applications in until the department grants one: its decisions depend on the person."""
    for seed in range(20, 32):
        number = await town.accept(matter, seed=seed, actor=actor)
        if await town.decided(number) == "completed_approved":
            return number
    raise AssertionError(f"{matter} was refused to everybody")


async def test_every_department_s_results_reach_their_receivers(town: Town) -> None:
    for matter, (_, receivers) in MATTERS.items():
        number = await _granted(town, matter)
        told = {each.receiver: each for each in await town.notices(number)}
        assert set(told) == {"township", *receivers}, matter
        for receiver in receivers & SENT:
            (delivery,) = await town.settled(number, receiver)
            assert delivery.state is DeliveryState.CONFIRMED, (matter, delivery.message)
        shown = await town.connectors.notices.result(number)
        assert shown is not None
        assert set(shown.items) >= {item for item in told["township"].fields if item.endswith(".id_number")}
        for receiver in receivers - SENT:
            (delivery,) = told[receiver].deliveries
            by_hand = receiver == "unemployment-insurance"
            assert (delivery.state is DeliveryState.DESK) is by_hand
