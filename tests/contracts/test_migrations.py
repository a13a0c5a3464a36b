"""The one history of the schema, on both databases."""

from sqlalchemy.ext.asyncio import AsyncEngine

from migrations.run import differences, upgrade


async def test_the_history_leads_to_the_tables_of_every_package(engine: AsyncEngine) -> None:
    await upgrade(engine)
    assert await differences(engine) == []


async def test_running_it_again_changes_nothing(engine: AsyncEngine) -> None:
    await upgrade(engine)
    await upgrade(engine)
    assert await differences(engine) == []


async def test_an_empty_database_is_seen_to_differ(engine: AsyncEngine) -> None:
    assert await differences(engine) != []
