"""The SQL ground: moments, documents, and SQLite transactions that wait where waiting is safe."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Integer, Table, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import Document, Moment, create_engine, new_metadata, readonly

metadata = new_metadata()
notes = Table(
    "config_test_notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment),
    Column("body", Document),
)
NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
async def tables(engine: AsyncEngine) -> AsyncEngine:
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return engine


async def test_a_moment_comes_back_aware_and_in_utc(tables: AsyncEngine) -> None:
    beijing = NOON.astimezone(timezone(timedelta(hours=8)))
    async with tables.begin() as connection:
        await connection.execute(insert(notes).values(id=1, at=beijing))
        await connection.execute(insert(notes).values(id=2, at=None))
    async with readonly(tables).connect() as connection:
        moments = (await connection.execute(select(notes.c.at).order_by(notes.c.id))).scalars().all()
    assert moments == [NOON, None]
    assert moments[0].utcoffset() == timedelta(0)


async def test_moments_compare_in_the_database_as_in_time(tables: AsyncEngine) -> None:
    beijing = timezone(timedelta(hours=8))
    async with tables.begin() as connection:
        await connection.execute(insert(notes).values(id=1, at=NOON))
        earlier_though_later_on_the_clock = (NOON - timedelta(hours=1)).astimezone(beijing)
        found = await connection.execute(select(notes.c.id).where(notes.c.at > earlier_though_later_on_the_clock))
        assert found.scalars().all() == [1]


async def test_a_moment_without_a_zone_is_refused(tables: AsyncEngine) -> None:
    naive = NOON.replace(tzinfo=None)
    async with tables.begin() as connection:
        with pytest.raises(StatementError, match="needs a time zone"):
            await connection.execute(insert(notes).values(id=1, at=naive))


async def test_a_document_comes_back_as_it_was(tables: AsyncEngine) -> None:
    body = {"姓名": "王晓芸", "成员": [{"年龄": 7, "在读": True, "备注": None}]}
    async with tables.begin() as connection:
        await connection.execute(insert(notes).values(id=1, body=body))
    async with readonly(tables).connect() as connection:
        assert (await connection.execute(select(notes.c.body))).scalar_one() == body


async def test_what_fails_in_the_middle_leaves_nothing(tables: AsyncEngine) -> None:
    async def fail() -> None:
        async with tables.begin() as connection:
            await connection.execute(insert(notes).values(id=1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with readonly(tables).connect() as connection:
        assert (await connection.execute(select(notes.c.id))).scalars().all() == []


async def test_writers_at_once_all_succeed(tables: AsyncEngine) -> None:
    """Read, then write: the pattern that makes SQLite say "database is locked" without BEGIN IMMEDIATE."""

    async def write(number: int) -> None:
        async with tables.begin() as connection:
            await connection.execute(select(notes.c.id))
            await asyncio.sleep(0.005)
            await connection.execute(insert(notes).values(id=number))

    await asyncio.gather(*(write(number) for number in range(20)))
    async with readonly(tables).connect() as connection:
        assert len((await connection.execute(select(notes.c.id))).all()) == 20


async def test_reading_does_not_wait_for_a_writer(tables: AsyncEngine) -> None:
    async with tables.begin() as writer:
        await writer.execute(insert(notes).values(id=1))
        async with asyncio.timeout(3), readonly(tables).connect() as reader:
            assert (await reader.execute(select(notes.c.id))).scalars().all() == []


async def test_sqlite_keeps_what_was_committed_through_a_power_cut(tmp_path: object) -> None:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    async with engine.connect() as connection:
        found = {
            pragma: (await connection.execute(text(f"PRAGMA {pragma}"))).scalar_one()
            for pragma in ("journal_mode", "synchronous", "foreign_keys")
        }
    await engine.dispose()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_constraints_have_names_that_migrations_can_use() -> None:
    assert notes.primary_key.name == "pk_config_test_notes"


async def test_an_error_does_not_quote_what_was_to_be_kept(tables: AsyncEngine) -> None:
    async with tables.begin() as connection:
        await connection.execute(insert(notes).values(id=1))
    with pytest.raises(IntegrityError) as refused:
        async with tables.begin() as connection:
            await connection.execute(insert(notes).values(id=1, body={"applicant_name": "Zhang San"}))
    assert "Zhang San" not in str(refused.value)
