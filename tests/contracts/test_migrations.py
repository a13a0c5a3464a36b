"""The one history of the schema, on both databases."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import create_engine
from migrations.run import differences, newest, upgrade
from tests.servers.postgres import Postgres


async def test_the_history_leads_to_the_tables_of_every_package(engine: AsyncEngine) -> None:
    await upgrade(engine)
    assert await differences(engine) == []


async def test_running_it_again_changes_nothing(engine: AsyncEngine) -> None:
    await upgrade(engine)
    await upgrade(engine)
    assert await differences(engine) == []


async def test_an_empty_database_is_seen_to_differ(engine: AsyncEngine) -> None:
    assert await differences(engine) != []


async def test_the_newest_revision_is_the_one_the_history_ends_with(engine: AsyncEngine) -> None:
    await upgrade(engine)
    async with engine.connect() as connection:
        kept = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    assert kept == newest()


async def test_processes_that_start_together_on_postgresql_migrate_once(postgres: Postgres) -> None:
    url = postgres.new_database()
    engines = [create_engine(url) for _ in range(3)]
    await asyncio.gather(*(upgrade(engine) for engine in engines))
    assert await differences(engines[0]) == []
    for engine in engines:
        await engine.dispose()
    postgres.drop_database(url)
