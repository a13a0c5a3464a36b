"""Runs the history: `upgrade` to the newest revision, `differences` between history and tables.

Alembic is loaded only when there is something for it to do: it takes a third of a process's start otherwise.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent
_LOCK = 4_871_390_225  # any fixed number; it names our lock among others in the same database


def newest() -> str:
    """Return the number of the newest revision; file names begin with it, and the history has one branch."""
    return max(file.name.split("_", 1)[0] for file in (_HERE / "versions").glob("[0-9]*.py"))


def _configuration(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


async def upgrade(engine: AsyncEngine) -> None:
    """Bring the database to the newest revision; nothing happens when it is there already."""
    async with engine.connect() as connection:
        if await connection.run_sync(_current) == newest():
            return
        await connection.rollback()
        if engine.dialect.name == "postgresql":
            # Two processes starting at once: the second waits and then finds nothing to do.
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
        await connection.run_sync(_upgrade)
        await connection.commit()
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            await connection.commit()


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return cast("str | None", connection.execute(text("SELECT version_num FROM alembic_version")).scalar())


def _upgrade(connection: Connection) -> None:
    from alembic import command

    command.upgrade(_configuration(connection), "head")


async def differences(engine: AsyncEngine) -> list[Any]:
    """Return what the history leaves different from the packages' tables; empty when they agree."""
    async with engine.connect() as connection:
        return await connection.run_sync(_compare)


def _compare(connection: Connection) -> list[Any]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from migrations.schema import METADATA

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    # Alembic takes several metadata, its annotation says one.
    return list(compare_metadata(context, cast(MetaData, list(METADATA))))


async def write_revision(engine: AsyncEngine, number: str, message: str) -> None:
    """Write `<number>_<message>.py` from the difference between the database and the tables (for developers)."""
    from alembic import command

    async with engine.connect() as connection:
        await connection.run_sync(
            lambda plain: command.revision(_configuration(plain), message=message, autogenerate=True, rev_id=number)
        )
