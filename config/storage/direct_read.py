"""One statement read past SQLAlchemy's execution, on connections of its making: for what a hot request reads from SQL.

SQLAlchemy's way to one row by its key (pool, ping, BEGIN, caches, cursor, result, ROLLBACK) costs 1.2 ms of CPU on
either database, and four journeys to it; the row itself costs a tenth of that (docs/performance.md). Here the statement
is still SQLAlchemy's, compiled once, and so are connecting and converting; asking is one call of the driver, which
prepares the statement and commits by itself. Whatever goes wrong on the way is asked again the ordinary way, which
knows how to connect anew and what to call a fault.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, event
from sqlalchemy.engine import result_tuple
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from config.logs import get
from config.storage.sql import readonly

_LINES: Final = 4
_WITHIN_SECONDS: Final = 5.0
_log = get("onewindow.storage")
Converter = Callable[[Any], Any]


class DirectRead:
    """`statement` finds at most one row by text parameters; it is read, autocommitted, on up to four connections.

    The row has the columns as attributes, converted as SQLAlchemy converts them.
    """

    def __init__(self, engine: AsyncEngine, statement: Select[Any]) -> None:
        self._engine = engine
        self._statement = statement
        self._driver: _Asyncpg | _Aiosqlite = _Asyncpg() if engine.dialect.name == "postgresql" else _Aiosqlite()
        of_sqlalchemy: type[Exception] = engine.dialect.loaded_dbapi.Error  # while connecting
        self._faults = (*self._driver.faults, of_sqlalchemy)
        self._compiled: _Compiled | None = None
        self._idle: list[_Line] = []
        self._free = asyncio.Semaphore(_LINES)
        self._since_disposed = 0
        event.listen(engine.sync_engine, "engine_disposed", self._close_idle)

    async def one_or_none(self, **texts: str) -> Row[Any] | None:
        """Return the row, or None.

        Raises:
            DBAPIError: as any statement.
        """
        async with self._free:
            try:
                return await self._directly(texts)
            except self._faults as fault:
                _log.info("direct_read_failed", error=type(fault).__name__)
        return await self._ordinarily(texts)

    async def _directly(self, texts: dict[str, str]) -> Row[Any] | None:
        compiled = self._compiled or self._compile()
        line = self._idle.pop() if self._idle else await self._open()
        whole = False
        try:
            row = await self._driver.ask(line.connection, compiled.sql, [texts[name] for name in compiled.order])
            whole = True
        finally:
            # Also when this request is cancelled: what is still on its way must not answer the next one.
            if whole and line.since_disposed == self._since_disposed:
                self._idle.append(line)
            else:
                self._driver.drop(line.connection)
        return None if row is None else compiled.read(row)

    async def _ordinarily(self, texts: dict[str, str]) -> Row[Any] | None:
        async with readonly(self._engine).connect() as connection:
            found: Row[Any] | None = (await connection.execute(self._statement, texts)).one_or_none()
            return found

    async def _open(self) -> "_Line":
        proxied = await self._engine.raw_connection()
        line = _Line(proxied, proxied.driver_connection, self._since_disposed)
        proxied.detach()  # the pool makes another one when it needs it; this one is ours to close
        return line

    def _compile(self) -> "_Compiled":
        dialect = self._engine.dialect
        compiled = self._statement.compile(dialect=dialect)
        columns = self._statement.selected_columns
        self._compiled = _Compiled(
            sql=str(compiled),
            order=tuple(compiled.positiontup or ()),
            row=result_tuple(columns.keys()),
            converters=tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns),
        )
        return self._compiled

    def _close_idle(self, _engine: object) -> None:
        """Close what is idle; called inside the engine's own dispose, where its connections can be closed."""
        self._since_disposed += 1
        while self._idle:
            self._idle.pop().proxied.close()


@dataclass(frozen=True, slots=True)
class _Line:
    """A connection taken out of the pool. `proxied` keeps and closes what `connection` works on."""

    proxied: PoolProxiedConnection
    connection: Any
    since_disposed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """A statement in the driver's words: `order` are the parameters' names as they stand in it."""

    sql: str
    order: tuple[str, ...]
    row: Callable[[Sequence[Any]], Row[Any]]
    converters: tuple[Converter | None, ...]

    def read(self, values: Sequence[Any]) -> Row[Any]:
        return self.row([
            value if convert is None else convert(value)
            for value, convert in zip(values, self.converters, strict=True)
        ])  # fmt: skip


class _Aiosqlite:
    """One journey to the connection's thread and back; a reader never waits for a writer (WAL)."""

    faults: tuple[type[Exception], ...] = (sqlite3.Error, ValueError)  # ValueError: aiosqlite, of a closed one

    async def ask(self, connection: Any, sql: str, values: Sequence[str]) -> Sequence[Any] | None:
        rows: list[Sequence[Any]] = await connection.execute_fetchall(sql, values)
        return rows[0] if rows else None

    def drop(self, connection: Any) -> None:
        connection.stop()


class _Asyncpg:
    """One journey to the server: the driver keeps the statement prepared on the connection."""

    def __init__(self) -> None:
        import asyncpg

        # The last is what a connection says that the server ended between two questions.
        self.faults: tuple[type[Exception], ...] = (
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError, asyncpg.InternalClientError,
        )  # fmt: skip

    async def ask(self, connection: Any, sql: str, values: Sequence[str]) -> Sequence[Any] | None:
        row: Sequence[Any] | None = await connection.fetchrow(sql, *values, timeout=_WITHIN_SECONDS)
        return row

    def drop(self, connection: Any) -> None:
        connection.terminate()
