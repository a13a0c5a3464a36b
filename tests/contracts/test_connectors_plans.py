"""What every worker asks every second goes along an index, however many cases wait or were delivered."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.ports import Ledger
from tests.doubles.house import MONDAY, House, make_house
from tests.servers.backlog import copy_case

LEASE = timedelta(seconds=8)
LATER = MONDAY + timedelta(minutes=1)
WAITING = "ix_connectors_deliveries_waiting"


@pytest.fixture
async def house(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    house = await make_house(engine, MemoryStateStore(), tmp_path, clock=lambda: MONDAY)
    number = (await house.accept(at=MONDAY)).case.number
    await copy_case(engine, number, times=400, at=MONDAY)
    if engine.dialect.name == "postgresql":
        async with engine.begin() as connection:
            await connection.execute(text("ANALYZE"))
    yield house
    await house.connectors.aclose()


async def plan_of(house: House, beginning: str, ask: Callable[[Ledger], Awaitable[Any]]) -> str:
    """Return how the database goes about the statement of `ask` that begins so."""
    seen: list[tuple[str, Any]] = []

    def see(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        seen.append((statement, parameters))

    event.listen(house.engine.sync_engine, "before_cursor_execute", see)
    try:
        await ask(house.connectors.ledger)
    finally:
        event.remove(house.engine.sync_engine, "before_cursor_execute", see)
    statement, parameters = next(each for each in seen if each[0].startswith(beginning))
    words = "EXPLAIN" if house.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    async with house.engine.connect() as connection:
        if house.engine.dialect.name == "postgresql":
            # Of a small table reading all is cheapest: what counts is whether there is an index to go along.
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        found = await connection.exec_driver_sql(f"{words} {statement}", parameters)
        return "\n".join(str(row) for row in found)


async def test_a_claim_takes_the_first_of_an_index_without_sorting(house: House) -> None:
    plan = await plan_of(
        house,
        "UPDATE",
        lambda ledger: ledger.claim(system="mz-elder", owner="w", at=LATER, lease=LEASE, most=4, at_once=4),
    )
    assert WAITING in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


async def test_whether_something_is_due_is_seen_at_the_first_of_each_system(house: House) -> None:
    plan = await plan_of(house, "SELECT", lambda ledger: ledger.due_systems(["mz-elder", "mz-assist"], LATER))
    assert plan.count(WAITING) == 2
    assert "TEMP B-TREE" not in plan


async def test_reports_that_wait_are_found_among_the_reports_that_wait(house: House) -> None:
    plan = await plan_of(house, "SELECT", lambda ledger: ledger.left_over(most=5))
    assert "ix_connectors_inbound_waiting" in plan
