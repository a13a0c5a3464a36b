"""Front databases (前置库) for tests: the same tables on a SQLite file, on PostgreSQL and on MariaDB."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, delete, insert, make_url, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from demo.ground.exchange import make_tables, open_exchange
from tests.servers.mariadb import MariaDB
from tests.servers.postgres import Postgres

KINDS = ("sqlite", "postgresql", "mariadb")


@dataclass(slots=True)
class FrontDatabase:
    """`line` has no account in it, `whole` has; `user` and `password` are what a spec and the secrets directory hold."""

    kind: str
    line: str
    whole: str
    user: str
    password: str
    engine: AsyncEngine

    async def rows(self, table: Table) -> Sequence[Mapping[str, Any]]:
        async with self.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(select(table))).mappings()]

    async def change(self, table: Table, key: str, value: object, **values: object) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(update(table).where(table.c[key] == value).values(**values))

    async def add(self, table: Table, **values: object) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(insert(table).values(**values))

    async def clear(self, table: Table, **where: object) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(delete(table).where(*(table.c[name] == value for name, value in where.items())))

    async def sql(self, statement: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement))

    def changes(self, **more: object) -> dict[str, Any]:
        """Return what a spec must say of the account, with more of its exchange_table section."""
        return {"user": self.user, **more} if self.user else dict(more)


@asynccontextmanager
async def front_database(
    kind: str, directory: Path, metadata: MetaData, *, postgres: Postgres | None = None, mariadb: MariaDB | None = None
) -> AsyncIterator[FrontDatabase]:
    """Make a database of its own with the department's tables in it."""
    if kind == "mariadb":
        assert mariadb is not None
        whole = mariadb.new_database()
    elif kind == "postgresql":
        assert postgres is not None
        whole = postgres.new_database().replace("+asyncpg", "")
    else:
        whole = f"sqlite:///{directory / 'front.db'}"
    url = make_url(whole)
    bare = url.set(username=None, password=None) if kind != "sqlite" else url
    engine = open_exchange(whole)
    await make_tables(engine, metadata)
    try:
        yield FrontDatabase(
            kind=kind,
            whole=whole,
            line=bare.render_as_string(hide_password=False),
            user=url.username or "",
            password=str(url.password or ""),
            engine=engine,
        )
    finally:
        await engine.dispose()
        if kind == "postgresql" and postgres is not None:
            postgres.drop_database(whole)
