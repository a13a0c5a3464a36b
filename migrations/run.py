"""Runs the history: `upgrade` to the newest revision, `differences` between history and tables."""

from pathlib import Path
from typing import cast

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from migrations.schema import METADATA

_HERE = Path(__file__).parent
_LOCK = 4_871_390_225  # any fixed number; it names our lock among others in the same database


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration bound to `connection`."""
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


async def upgrade(engine: AsyncEngine) -> None:
    """Bring the database to the newest revision; nothing happens when it is there already."""
    async with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # Two processes starting at once: the second waits and then finds nothing to do.
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
        await connection.run_sync(lambda plain: command.upgrade(configuration(plain), "head"))
        await connection.commit()
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            await connection.commit()


async def differences(engine: AsyncEngine) -> list[object]:
    """Return what the history leaves different from the packages' tables; empty when they agree."""
    async with engine.connect() as connection:
        return await connection.run_sync(_compare)


def _compare(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    # Alembic takes several metadata, its annotation says one.
    return list(compare_metadata(context, cast(MetaData, list(METADATA))))


async def write_revision(engine: AsyncEngine, number: str, message: str) -> None:
    """Write `<number>_<message>.py` from the difference between the database and the tables (for developers)."""
    async with engine.connect() as connection:
        await connection.run_sync(
            lambda plain: command.revision(configuration(plain), message=message, autogenerate=True, rev_id=number)
        )
