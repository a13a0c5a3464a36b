"""Who looked at personal data in full, on SQLite and PostgreSQL: kept for good, read by case."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from matters.disclosure import Disclosure
from matters.storage.disclosures import SqlDisclosureStore
from matters.storage.tables import metadata
from tests.contracts.test_matters_cases import AT, keep, new_case
from tests.doubles.prepared import with_tables

CASE, EVENT = new_case()


@pytest.fixture
async def store(engine: AsyncEngine) -> SqlDisclosureStore:
    await with_tables(engine, metadata)
    await keep(engine, (CASE, EVENT))
    return SqlDisclosureStore(engine)


def look(minutes: int) -> Disclosure:
    at = AT + timedelta(minutes=minutes)
    return Disclosure(case_number=CASE.number, sub="s-1", by="王晓芸", unit=CASE.unit, reason=f"第{minutes}次", at=at)


async def test_looks_come_back_by_case_the_newest_first(store: SqlDisclosureStore) -> None:
    for minutes in range(4):
        await store.add(look(minutes))
    assert list(await store.of_case(CASE.number, most=3)) == [look(3), look(2), look(1)]
    assert list(await store.of_case("another", most=3)) == []
    first = await store.of_case(CASE.number, most=2)
    rest = await store.of_case(CASE.number, most=2, after=first.after)
    assert ([*first, *rest][:3], rest.items[:1]) == ([look(3), look(2), look(1)], (look(1),))


@pytest.mark.parametrize("change", ["UPDATE matters_disclosures SET reason = 'x'", "DELETE FROM matters_disclosures"])
async def test_the_database_refuses_to_change_one(engine: AsyncEngine, store: SqlDisclosureStore, change: str) -> None:
    await store.add(look(1))
    with pytest.raises(DBAPIError, match="only ever added"):
        async with engine.begin() as connection:
            await connection.execute(text(change))
    assert list(await store.of_case(CASE.number, most=3)) == [look(1)]
