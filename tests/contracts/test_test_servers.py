"""The fixtures themselves: what other tests stand on."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.conftest import Backend


async def test_a_database_is_empty_and_takes_a_table(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE once (id INTEGER PRIMARY KEY)"))
        await connection.execute(text("INSERT INTO once VALUES (1)"))


async def test_the_next_test_sees_nothing_of_the_last(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE once (id INTEGER PRIMARY KEY)"))
        assert (await connection.execute(text("SELECT count(*) FROM once"))).scalar_one() == 0


async def test_both_ways_to_run_answer(backend: Backend) -> None:
    await backend.state.ping()
    async with backend.engine.connect() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    assert bool(backend.redis_url) == backend.database_url.startswith("postgresql")
