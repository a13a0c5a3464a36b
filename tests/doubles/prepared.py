"""Databases that are filled once and copied: what a fixture makes anew for each test is the same each time.

Making tables and seeding guides and accounts costs up to a second of CPU; a copy of a file, or of a PostgreSQL
database by its server (CREATE DATABASE … TEMPLATE), costs some 50 ms and holds the same rows.
"""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from sqlalchemy import URL, MetaData
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.servers.postgres import SPARE

Fill = Callable[[AsyncEngine], Awaitable[None]]

_copies = TemporaryDirectory(prefix="ow-prepared-")
_made: dict[tuple[str, str], str] = {}
"""File or database to copy, by name and by the server that has it."""
_HOLDS_NOTHING = "SELECT NOT EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace)"


async def prepared(engine: AsyncEngine, name: str, fill: Fill) -> None:
    """Bring a database to what `fill` makes of an empty one; `name` stands for everything `fill` depends on.

    Nobody is connected to the database yet. One that holds something already is filled as it is.
    """
    if engine.dialect.name == "sqlite":
        await _prepared_file(engine, name, fill)
    else:
        await _prepared_on_server(engine, name, fill)


async def with_tables(engine: AsyncEngine, *metadatas: MetaData) -> None:
    """Make the tables in an empty database nobody is connected to."""

    async def fill(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            for metadata in metadatas:
                await connection.run_sync(metadata.create_all)

    names = sorted(table for metadata in metadatas for table in metadata.tables)
    await prepared(engine, f"tables {' '.join(names)}", fill)


async def _prepared_file(engine: AsyncEngine, name: str, fill: Fill) -> None:
    place = Path(engine.url.database or "")
    if _is_used(place):
        await fill(engine)
        return
    if ("sqlite", name) in _made:
        shutil.copyfile(_made["sqlite", name], place)
        return
    await fill(engine)
    copy = str(Path(_copies.name) / f"{len(_made)}.db")
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        await raw.driver_connection.execute("VACUUM INTO ?", (copy,))
    _made["sqlite", name] = copy


def _is_used(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


async def _prepared_on_server(engine: AsyncEngine, name: str, fill: Fill) -> None:
    async with _connected(engine.url, engine.url.database) as connection:
        is_empty = await connection.fetchval(_HOLDS_NOTHING)
    if not is_empty:
        await fill(engine)
        return
    key, database = (_server(engine.url), name), engine.url.database
    if key not in _made:
        await fill(engine)
        await engine.dispose()  # a database somebody is connected to is not copied
        copy = f"prepared_{len(_made)}"
        async with _connected(engine.url, "postgres") as connection:
            await connection.execute(f"CREATE DATABASE {copy} TEMPLATE {database} STRATEGY FILE_COPY")
        _made[key] = copy
        return
    async with _connected(engine.url, "postgres") as connection:
        try:
            await connection.execute(f"ALTER DATABASE {database} RENAME TO {SPARE}")
        except asyncpg.DuplicateDatabaseError:
            await connection.execute(f"DROP DATABASE {database}")
        await connection.execute(f"CREATE DATABASE {database} TEMPLATE {_made[key]} STRATEGY FILE_COPY")


def _server(url: URL) -> str:
    return str(url.query.get("host") or url.host)


@asynccontextmanager
async def _connected(url: URL, database: str | None) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        host=_server(url), port=url.port, user=url.username, password=url.password, database=database
    )
    try:
        yield connection
    finally:
        await connection.close()
