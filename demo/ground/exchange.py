"""A department's front database (前置库): the tables both sides write, and the task that scans them.

A SQLite file of its own in the demo; the tests put the same department on MariaDB and PostgreSQL.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, MetaData, event, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from config import logs
from config.clock import SHANGHAI
from demo.faults.switch import Fault
from demo.ground.context import SystemContext
from demo.ground.hours import Hours

log = logs.get(__name__)
Work = Callable[[], Awaitable[None]]
_DRIVERS: Final = {"mysql": "mysql+asyncmy", "postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
_LONGEST_NAP_SECONDS: Final = 1.0


def open_exchange(line: str) -> AsyncEngine:
    """Return the engine of a front database; nothing connects yet."""
    url = make_url(line)
    url = url.set(drivername=_DRIVERS[url.get_backend_name()])
    engine = create_async_engine(url, hide_parameters=True, pool_size=2, max_overflow=0)
    if url.get_backend_name() == "sqlite":
        _prepare_file(engine)
    return engine


def _prepare_file(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


async def make_tables(engine: AsyncEngine, metadata: MetaData) -> None:
    """Make the tables that are not there yet, and the columns an older table lacks."""
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.run_sync(lambda own: _add_columns(own, metadata))


def _add_columns(connection: Connection, metadata: MetaData) -> None:
    for table in metadata.sorted_tables:
        there = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in (column for column in table.columns if column.name not in there):
            kind = column.type.compile(connection.dialect)
            connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"))


def run_scans(
    context: SystemContext, *, hours: Hours, every: timedelta, prepare: Work, scan: Work, close: Work
) -> None:
    """Register the task that scans: at its interval, in opening hours, unless the fault switch puts it to sleep."""

    async def run() -> None:
        try:
            await prepare()
            while True:
                if hours.open_at(context.department_time()) and context.faults.peek() is not Fault.ASLEEP:
                    await _try(context, scan)
                with suppress(TimeoutError):
                    await asyncio.wait_for(context.scan_now.wait(), context.scaled(every).total_seconds())
                context.scan_now.clear()
        finally:
            await close()

    context.background(run)


def run_often(context: SystemContext, *, hours: Hours, work: Work) -> None:
    """Register a task that looks for what is due, about once a second, in opening hours."""

    async def run() -> None:
        while True:
            since = context.store.changes
            if hours.open_at(context.department_time()):
                await _try(context, work)
            await context.store.wait_for_change(since=since, at_most=_LONGEST_NAP_SECONDS)

    context.background(run)


async def _try(context: SystemContext, work: Work) -> None:
    try:
        await work()
    except (SQLAlchemyError, OSError) as error:
        # A front database may be away for a while; the next scan finds everything where it was.
        log.warning("scan_fault", system=context.id, fault=type(error).__name__)


def wall(at: datetime) -> datetime:
    """Return a moment as the tables spell it: Beijing time, to the second, without a zone."""
    return at.astimezone(SHANGHAI).replace(tzinfo=None, microsecond=0)
