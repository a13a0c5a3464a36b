"""The database has no room left: acceptance is refused with a sentence, nothing is half kept, and later it goes on."""

import re
from collections.abc import AsyncIterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.storage.tables import deliveries, idempotency, submissions
from matters.storage.tables import cases, events
from tests.doubles.api_house import House, house

TABLES = (cases, events, submissions, deliveries, idempotency)


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    state = MemoryStateStore()
    async with house(embedded, state, tmp_path) as opened:
        yield opened
    await state.aclose()


@contextmanager
def no_room(embedded: AsyncEngine) -> Any:
    """Let the database not grow by a single page while the block lasts."""

    def narrow(connection: Any) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # never below what it has

    def widen(connection: Any) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=4294967294")

    event.listen(embedded.sync_engine, "begin", narrow)
    try:
        yield
    finally:
        event.remove(embedded.sync_engine, "begin", narrow)
        event.listen(embedded.sync_engine, "begin", widen)


async def _kept(embedded: AsyncEngine) -> list[int]:
    async with embedded.connect() as connection:
        return [(await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in TABLES]


async def test_while_there_is_no_room_nothing_is_accepted_and_nothing_half_kept(
    one: House, embedded: AsyncEngine
) -> None:
    clerk = await one.bearer()
    assert (await one.submit(clerk, one.application(seed=1), "before")).status_code == 201
    with no_room(embedded):
        refusals, seed = [], 2
        while len(refusals) < 3:  # what was free inside its pages is used up first
            before = await _kept(embedded)
            answer = await one.submit(clerk, one.application(seed=seed), f"key-{seed}")
            if answer.status_code == 201:
                seed += 1
                continue
            refusals.append(answer)
            assert await _kept(embedded) == before
    for answer in refusals:
        assert answer.status_code == 503, answer.text
        told = answer.json()
        assert told["type"].endswith("/problems/storage-full")
        assert "Idempotency-Key" in told["detail"]
        assert answer.headers["retry-after"] == "5"
    again = await one.submit(clerk, one.application(seed=seed), f"key-{seed}")
    assert again.status_code == 201, again.text


async def test_a_page_says_that_there_is_no_room(one: House, embedded: AsyncEngine) -> None:
    await one.sign_in("clerk")
    guide = await one.client.get("/matters/05-elder-respect-allowance")
    (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', guide.text))
    posted = {"situation": "standard", "csrf_token": token}
    own = {"origin": one.settings.base_url}
    with no_room(embedded):
        for _ in range(200):
            page = await one.client.post("/matters/05-elder-respect-allowance/intake", data=posted, headers=own)
            if page.status_code == 503:
                break
    assert page.status_code == 503, page.status_code
    assert "存储空间已满" in page.text
