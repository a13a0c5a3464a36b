"""Reading one row past SQLAlchemy's execution: the same row, on SQLite and PostgreSQL, whatever happens on the way."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import Boolean, Column, Integer, String, Table, bindparam, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.direct_read import DirectRead
from config.storage.sql import Document, Moment, new_metadata

AT = datetime(2026, 11, 23, 1, 0, 0, 123456, tzinfo=UTC)
metadata = new_metadata()
things = Table(
    "direct_read_things",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("region", String(32), nullable=False),
    Column("words", Document, nullable=False),
    Column("at", Moment),
    Column("good", Boolean, nullable=False),
    Column("number", Integer, nullable=False),
)
BY_NAME = select(things).where(things.c.region == bindparam("region"), things.c.name == bindparam("name"))
ROW = ("一", "320105", ["a", {"b": None}], AT, True, 7)


@pytest.fixture
async def made(engine: AsyncEngine) -> AsyncEngine:
    names = [column.name for column in things.columns]
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(insert(things).values(dict(zip(names, ROW, strict=True))))
        await connection.execute(insert(things).values(name="2", region="", words={}, at=None, good=False, number=0))
    return engine


async def name_of(read: DirectRead) -> str:
    """Read the second row and return its name."""
    row = await read.one_or_none(name="2", region="")
    assert row is not None
    return str(row.name)


async def test_the_row_is_the_one_sqlalchemy_reads(made: AsyncEngine) -> None:
    read = DirectRead(made, BY_NAME)
    row = await read.one_or_none(name="一", region="320105")
    assert row is not None
    assert tuple(row) == ROW
    assert (row.words, row.at, row.good) == (["a", {"b": None}], AT, True)
    empty = await read.one_or_none(name="2", region="")
    assert empty is not None
    assert tuple(empty) == ("2", "", {}, None, False, 0)


async def test_no_row_is_none_and_a_quote_is_only_text(made: AsyncEngine) -> None:
    read = DirectRead(made, BY_NAME)
    assert await read.one_or_none(name="一", region="' OR '1'='1") is None


async def test_what_was_just_committed_is_read(made: AsyncEngine) -> None:
    read = DirectRead(made, BY_NAME)
    for number in range(3):
        async with made.begin() as connection:
            await connection.execute(things.update().values(number=number))
        row = await read.one_or_none(name="2", region="")
        assert row is not None
        assert row.number == number


async def test_more_readers_than_connections_all_get_their_own_row(made: AsyncEngine) -> None:
    read = DirectRead(made, BY_NAME)
    asked = [("一", "320105"), ("2", ""), ("3", "")] * 20
    rows = await asyncio.gather(*(read.one_or_none(name=name, region=region) for name, region in asked))
    assert [row and row.name for row in rows] == [name if name != "3" else None for name, _ in asked]


async def test_a_database_that_ended_the_connections_is_asked_again(made: AsyncEngine) -> None:
    read = DirectRead(made, BY_NAME)
    await read.one_or_none(name="2", region="")
    if made.dialect.name == "postgresql":
        async with made.connect() as connection:
            await connection.execute(text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ))  # fmt: skip
    else:
        for line in read._idle:
            await line.connection.close()
    for _ in range(3):
        assert await name_of(read) == "2"


async def test_a_reader_that_gave_up_leaves_nothing_for_the_next_one(made: AsyncEngine) -> None:
    read = DirectRead(made, BY_NAME)
    await read.one_or_none(name="2", region="")
    for turns in range(6):
        given_up = asyncio.ensure_future(read.one_or_none(name="一", region="320105"))
        for _ in range(turns):
            await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert await name_of(read) == "2"


async def test_connections_end_with_the_engine_and_begin_anew_with_it(made: AsyncEngine) -> None:
    read = DirectRead(made, BY_NAME)
    await read.one_or_none(name="2", region="")
    await made.dispose()
    assert read._idle == []
    assert await name_of(read) == "2"
