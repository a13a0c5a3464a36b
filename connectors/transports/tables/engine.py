"""The department's database as an engine: MySQL or MariaDB, PostgreSQL, or a SQLite file; bounded in time and number."""

from typing import Any, Final

from sqlalchemy import URL, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connectors.spec_exchange_table import ExchangeTableSpec
from connectors.system import System

_DRIVERS: Final = {"mysql": "mysql+asyncmy", "postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
_RECYCLE_SECONDS: Final = 240
"""Younger than the idle time after which firewalls on department lines forget a connection."""


def open_engine(line: str, spec: ExchangeTableSpec, system: System, *, password: str) -> AsyncEngine:
    """Return an engine; nothing connects yet. An error never quotes parameters, for they are people's data."""
    url = address_of(line, spec, password=password)
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, hide_parameters=True, pool_size=spec.connections, max_overflow=0)
        _begin_for_writing(engine, spec)
        return engine
    return create_async_engine(
        url,
        hide_parameters=True,
        pool_size=spec.connections,
        max_overflow=0,
        pool_timeout=system.spec.connection.connect_timeout_seconds,
        pool_recycle=_RECYCLE_SECONDS,
        pool_pre_ping=True,
        connect_args=_connect_args(url, spec, system.spec.connection.connect_timeout_seconds),
    )


def address_of(line: str, spec: ExchangeTableSpec, *, password: str) -> URL:
    """Return the line with our driver, and with the account where the spec has one."""
    url = make_url(line)
    url = url.set(drivername=_DRIVERS[url.get_backend_name()])
    if spec.user is not None and url.get_backend_name() != "sqlite":  # a file has no accounts
        url = url.set(username=spec.user, password=password or None)
    if url.get_backend_name() == "mysql":
        url = url.update_query_dict({"charset": "utf8mb4"})
    return url


def _connect_args(url: URL, spec: ExchangeTableSpec, connect_seconds: float) -> dict[str, Any]:
    seconds = spec.statement_timeout_seconds
    if url.get_backend_name() == "mysql":
        # The wait for a lock is the one time limit MySQL 5.7 and MariaDB have in common; ours is laid around the rest.
        wait = max(1, round(seconds))
        return {
            "connect_timeout": max(1, round(connect_seconds)),
            "init_command": f"SET innodb_lock_wait_timeout={wait}",
        }
    milliseconds = str(round(seconds * 1000))
    return {
        "timeout": connect_seconds,
        "command_timeout": seconds + 1,
        "server_settings": {
            "application_name": "onewindow",
            "statement_timeout": milliseconds,
            "lock_timeout": milliseconds,
        },
    }


def _begin_for_writing(engine: AsyncEngine, spec: ExchangeTableSpec) -> None:
    """Begin every transaction that may write as a writer: it waits for its turn there, and never fails in the middle."""

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        # SQLite keeps whatever bytes it is given: a row in another character set is read with its strange places marked.
        connection.driver_connection.text_factory = lambda content: content.decode("utf-8", "replace")
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={round(spec.statement_timeout_seconds * 1000)}", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        reads = connection.get_execution_options().get("readonly", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
