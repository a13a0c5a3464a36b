"""Which regions took in cases, on SQLite and PostgreSQL."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import utc_now
from config.storage.memory_state import MemoryStateStore
from matters.storage.regions import SqlRegions
from tests.doubles.house import CLERK, OTHER_CLERK, application, make_house


async def test_each_region_is_named_once_within_the_one_asked_for(engine: AsyncEngine, tmp_path: Path) -> None:
    house = await make_house(engine, MemoryStateStore(), tmp_path)
    people = (CLERK, CLERK, OTHER_CLERK, replace(CLERK, sub="c", unit="320105008-x", region="320105008"))
    for seed, who in enumerate(people, 1):
        await house.connectors.intake.accept(
            application("05-elder-respect-allowance", seed=seed), actor=who, idempotency_key=f"k-{seed}", at=utc_now()
        )
    regions = SqlRegions(engine)
    assert await regions.within("32") == ("320105007", "320105008", "320206003")
    assert await regions.within("320105") == ("320105007", "320105008")
    assert await regions.within("320105007") == ("320105007",)
    assert await regions.within("33") == ()
    assert await regions.within("") == ()
