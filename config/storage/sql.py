"""The SQL engine: SQLite through aiosqlite for one process, PostgreSQL through asyncpg for any number."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, MetaData, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

UNUSABLE = (OperationalError, ProgrammingError, InterfaceError, ConnectionError)
"""What is raised where a database is away, or lacks our tables."""
LONGEST_PAUSE_MS = 15_000
"""A process that sleeps longer than this within a transaction (a machine stopped, a line cut) loses it, and its locks."""

Document = JSON().with_variant(JSONB(), "postgresql")
"""Column type for a JSON document."""


def new_metadata() -> MetaData:
    """Return a package's own metadata; constraint names are fixed so that migrations can name them."""
    return MetaData(naming_convention=_NAMES)


class Moment(TypeDecorator[datetime]):
    """Column type for an aware UTC datetime; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def create_engine(url: str) -> AsyncEngine:
    """Return an engine for `sqlite+aiosqlite:///file` or `postgresql+asyncpg://…`; nothing connects yet.

    On SQLite every transaction begins IMMEDIATE unless its connection was made with
    `execution_options(readonly=True)`: a writer then waits for its turn at BEGIN, where waiting is safe,
    and never fails in the middle with "database is locked". Reads go on beside it (WAL).

    An error never quotes the parameters of its statement: they are people's forms, and errors are logged.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_async_engine(parsed, hide_parameters=True, pool_size=8, max_overflow=0, pool_timeout=30)
        _prepare_sqlite(engine)
        return engine
    return create_async_engine(
        parsed,
        hide_parameters=True,
        pool_size=10,
        max_overflow=10,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={"server_settings": {"idle_in_transaction_session_timeout": str(LONGEST_PAUSE_MS)}},
    )


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself: BEGIN is ours
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=20000", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        readonly = connection.get_execution_options().get("readonly", False)
        connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")


def readonly(engine: AsyncEngine) -> AsyncEngine:
    """Return the same engine for reading: on SQLite its transactions take no write lock."""
    return engine.execution_options(readonly=True)


async def ping(engine: AsyncEngine) -> None:
    """Return when the database answers; for readiness."""
    async with readonly(engine).connect() as connection:
        await connection.execute(text("SELECT 1"))
