"""The audit in SQL: writers take turns at the head row, so numbers have no gaps and every row knows the one before."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from idp.protocol.audit import AuditEvent, AuditRow, AuditUnavailable, Head, begin, extend
from idp.protocol.audit_verification import Broken, Verification
from idp.storage.tables import audit, audit_head

_WAIT_AT_MOST_SECONDS: Final = 10.0
_LOCK_WAIT: Final = text("SET LOCAL lock_timeout = '8s'")
_COLUMNS: Final = ("seq", "at", "kind", "sub", "by", "client_id", "sid", "detail", "mac")
_ONLY: Final = 1
_BATCH: Final = 2000
_SNAPSHOT: Final = {"postgresql": {"isolation_level": "REPEATABLE READ"}}


class AuditChain:
    """Adds events inside somebody's transaction, so that a change and its event are kept together or not at all."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    async def append(self, connection: AsyncConnection, *events: AuditEvent) -> None:
        """Add events as the last thing of a transaction: until it ends, every other writer waits.

        Raises:
            AuditUnavailable: the database refused; the transaction must end without a commit.
        """
        if not events:
            return
        try:
            head = await self._locked(connection)
            rows, following = extend(self._key, head, events)
            await connection.execute(insert(audit), [{name: getattr(row, name) for name in _COLUMNS} for row in rows])
            await connection.execute(
                update(audit_head)
                .where(audit_head.c.id == _ONLY)
                .values(seq=following.seq, mac=following.mac, seal=following.seal)
            )
        except (SQLAlchemyError, OSError) as error:
            raise AuditUnavailable(type(error).__name__) from error

    def verification(self, checkpoints: Iterable[Head]) -> Verification:
        """Return what holds rows against this chain."""
        return Verification(self._key, checkpoints)

    async def _locked(self, connection: AsyncConnection) -> Head:
        if connection.dialect.name == "postgresql":
            await connection.execute(_LOCK_WAIT)
        wanted = select(audit_head).where(audit_head.c.id == _ONLY).with_for_update()
        row = (await connection.execute(wanted)).one_or_none()
        if row is None:
            await self._plant(connection)
            row = (await connection.execute(wanted)).one()
        return _head(row)

    async def _plant(self, connection: AsyncConnection) -> None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        first = begin(self._key)
        values = {"id": _ONLY, "seq": first.seq, "mac": first.mac, "seal": first.seal}
        await connection.execute(dialect.insert(audit_head).values(**values).on_conflict_do_nothing())


class SqlAudit:
    """`idp.protocol.audit_ports.AuditStore`."""

    def __init__(self, engine: AsyncEngine, chain: AuditChain) -> None:
        self._engine = engine
        self._chain = chain

    async def append(self, *events: AuditEvent) -> None:
        try:
            async with asyncio.timeout(_WAIT_AT_MOST_SECONDS), self._engine.begin() as connection:
                await self._chain.append(connection, *events)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise AuditUnavailable(type(error).__name__) from error

    async def head(self) -> Head | None:
        async with readonly(self._engine).connect() as connection:
            row = (await connection.execute(select(audit_head).where(audit_head.c.id == _ONLY))).one_or_none()
        return _head(row) if row else None

    async def rows(self, *, after: int, at_most: int) -> tuple[AuditRow, ...]:
        async with readonly(self._engine).connect() as connection:
            return tuple(_row(row) for row in await connection.execute(_beyond(after, at_most)))

    async def listed(self, *, sub: str, since: datetime, after: int, at_most: int) -> tuple[AuditRow, ...]:
        wanted = _beyond(after, at_most).where(audit.c.at >= since)
        if sub:
            wanted = wanted.where(or_(audit.c.sub == sub, audit.c.by == sub))
        async with readonly(self._engine).connect() as connection:
            return tuple(_row(row) for row in await connection.execute(wanted))

    async def verify(self, checkpoints: Iterable[Head] = ()) -> tuple[int, Broken | None]:
        verification = self._chain.verification(checkpoints)
        # One snapshot, else a row written meanwhile would lie beyond the head.
        steady = self._engine.execution_options(readonly=True, **_SNAPSHOT.get(self._engine.dialect.name, {}))
        async with steady.connect() as connection:
            head = (await connection.execute(select(audit_head).where(audit_head.c.id == _ONLY))).one_or_none()
            after = 0
            while found := (await connection.execute(_beyond(after, _BATCH))).all():
                for row in found:
                    verification.feed(_row(row))
                after = found[-1].seq
        return verification.count, verification.finish(_head(head) if head else None)


def _beyond(after: int, at_most: int) -> Select[Any]:
    return select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(at_most)


def _head(row: Row[Any]) -> Head:
    return Head(seq=row.seq, mac=row.mac, seal=row.seal)


def _row(row: Row[Any]) -> AuditRow:
    return AuditRow(**{name: getattr(row, name) for name in _COLUMNS})
