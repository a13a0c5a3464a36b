"""Recoveries at the counter, and the end of all second factors, in SQL."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from idp.protocol.account import Account
from idp.protocol.audit import AuditEvent
from idp.protocol.counter_recovery import CounterRecovery
from idp.storage.accounts import account_of
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain
from idp.storage.tables import accounts, counter_recoveries, passkeys, recovery_codes, totp

_FIELDS = tuple(field.name for field in fields(CounterRecovery))
_kept = counter_recoveries.c


class SqlCounterRecoveryStore:
    """`idp.protocol.account_ports.CounterRecoveryStore`."""

    def __init__(self, engine: AsyncEngine, announcer: Announcer, chain: AuditChain) -> None:
        self._engine = engine
        self._announcer = announcer
        self._chain = chain

    async def start(self, recovery: CounterRecovery, *, audited: Sequence[AuditEvent]) -> None:
        waiting = _open(recovery.started_at)
        async with self._engine.begin() as connection:
            await connection.execute(
                update(counter_recoveries)
                .where(_kept.sub == recovery.sub, *waiting)
                .values(cancelled_at=recovery.started_at)
            )
            await connection.execute(
                insert(counter_recoveries).values({name: getattr(recovery, name) for name in _FIELDS})
            )
            await self._chain.append(connection, *audited)

    async def get(self, recovery_id: str) -> CounterRecovery | None:
        return await self._one(_kept.id == recovery_id)

    async def waiting(self, region: str, *, at: datetime, at_most: int) -> tuple[tuple[CounterRecovery, Account], ...]:
        wanted = (
            select(accounts, *(_kept[name].label(f"recovery_{name}") for name in _FIELDS))
            .join(counter_recoveries, _kept.sub == accounts.c.sub)
            .where(*_open(at), accounts.c.region.startswith(region, autoescape=True))
            .order_by(_kept.started_at.desc())
            .limit(at_most)
        )
        async with readonly(self._engine).connect() as connection:
            return tuple(
                (CounterRecovery(**{name: getattr(row, f"recovery_{name}") for name in _FIELDS}), account_of(row))
                for row in await connection.execute(wanted)
            )

    async def approve(
        self, recovery_id: str, *, by: str, second_hash: str, expires_at: datetime, at: datetime,
        audited: Sequence[AuditEvent],
    ) -> bool:  # fmt: skip
        # Both rules that matter most stand in the statement too: open and unapproved, and never by who started it.
        return await self._move(
            (_kept.id == recovery_id, *_open(at), _kept.approved_by == "", _kept.started_by != by, _kept.sub != by),
            {"approved_by": by, "approved_at": at, "second_hash": second_hash, "expires_at": expires_at},
            audited,
        )

    async def cancel(self, recovery_id: str, *, at: datetime, audited: Sequence[AuditEvent]) -> bool:
        return await self._move((_kept.id == recovery_id, *_open(at)), {"cancelled_at": at}, audited)

    async def approved_for(self, sub: str, *, at: datetime) -> CounterRecovery | None:
        return await self._one(_kept.sub == sub, _kept.approved_by != "", *_open(at))

    async def use(self, recovery_id: str, *, password_hash: str, at: datetime, audited: Sequence[AuditEvent]) -> bool:
        mark = (
            update(counter_recoveries)
            .where(_kept.id == recovery_id, _kept.approved_by != "", *_open(at))
            .values(used_at=at)
            .returning(_kept.sub)
        )
        async with self._engine.connect() as connection, connection.begin() as transaction:
            sub = (await connection.execute(mark)).scalar_one_or_none()
            if sub is None or not await _set_password(connection, sub, password_hash, at):
                await transaction.rollback()
                return False
            await _remove_factors(connection, sub)
            await self._chain.append(connection, *audited)
        await self._announcer.tell("account", sub)
        return True

    async def forget_old(self, before: datetime, *, at_most: int) -> int:
        old = select(_kept.id).where(_kept.expires_at < before).limit(at_most)
        async with self._engine.begin() as connection:
            return (await connection.execute(delete(counter_recoveries).where(_kept.id.in_(old)))).rowcount

    async def _one(self, *conditions: ColumnElement[bool]) -> CounterRecovery | None:
        wanted = select(counter_recoveries).where(*conditions).order_by(_kept.started_at.desc()).limit(1)
        async with readonly(self._engine).connect() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return _recovery(row) if row else None

    async def _move(
        self, conditions: Sequence[ColumnElement[bool]], values: dict[str, Any], audited: Sequence[AuditEvent]
    ) -> bool:
        mark = update(counter_recoveries).where(*conditions).values(**values).returning(_kept.id)
        async with self._engine.begin() as connection:
            if (await connection.execute(mark)).one_or_none() is None:
                return False
            await self._chain.append(connection, *audited)
        return True


class SqlFactorReset:
    """`idp.protocol.account_ports.FactorReset`."""

    def __init__(self, engine: AsyncEngine, chain: AuditChain) -> None:
        self._engine = engine
        self._chain = chain

    async def remove_all(self, sub: str, *, audited: Sequence[AuditEvent]) -> int:
        async with self._engine.begin() as connection:
            removed = await _remove_factors(connection, sub)
            await self._chain.append(connection, *audited)
        return removed


async def _set_password(connection: AsyncConnection, sub: str, password_hash: str, at: datetime) -> bool:
    changed = await connection.execute(
        update(accounts)
        .where(accounts.c.sub == sub, ~accounts.c.disabled)
        .values(password_hash=password_hash, valid_from=at, updated_at=at)
    )
    return changed.rowcount == 1


async def _remove_factors(connection: AsyncConnection, sub: str) -> int:
    removed = [await connection.execute(delete(table).where(table.c.sub == sub)) for table in _FACTOR_TABLES]
    return sum(1 for result in removed if result.rowcount)


_FACTOR_TABLES = (totp, passkeys, recovery_codes)


def _open(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (_kept.expires_at > at, _kept.used_at.is_(None), _kept.cancelled_at.is_(None))


def _recovery(row: Row[Any]) -> CounterRecovery:
    return CounterRecovery(**{name: getattr(row, name) for name in _FIELDS})
