"""Accounts as lists and in bulk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, cast, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from idp.protocol.account import fold_username
from idp.protocol.account_ports import AccountPage, AccountQuery, Invited, Listed, Standing
from idp.storage.accounts import account_of, values_of
from idp.storage.audit import AuditChain
from idp.storage.invitations import invitation_values
from idp.storage.tables import accounts, invitations

_UNITS_AT_MOST = 500


class SqlAccountDirectory:
    """`idp.protocol.account_ports.AccountDirectory`."""

    def __init__(self, engine: AsyncEngine, chain: AuditChain) -> None:
        self._engine = engine
        self._chain = chain

    async def search(self, query: AccountQuery) -> AccountPage:
        conditions = _conditions(query)
        wanted = (
            select(accounts)
            .where(*conditions)
            .order_by(accounts.c.username_folded)
            .limit(query.at_most)
            .offset((query.page - 1) * query.at_most)
        )
        async with readonly(self._engine).connect() as connection:
            total = (await connection.execute(select(func.count()).select_from(accounts).where(*conditions))).scalar()
            listed = tuple(_listed(row) for row in await connection.execute(wanted))
        return AccountPage(listed=listed, total=total or 0)

    async def one(self, sub: str) -> Listed | None:
        async with readonly(self._engine).connect() as connection:
            row = (await connection.execute(select(accounts).where(accounts.c.sub == sub))).one_or_none()
        return _listed(row) if row else None

    async def taken(self, usernames: Sequence[str]) -> frozenset[str]:
        wanted = select(accounts.c.username_folded).where(accounts.c.username_folded.in_(usernames))
        async with readonly(self._engine).connect() as connection:
            return frozenset((await connection.execute(wanted)).scalars())

    async def import_batch(self, invited: Sequence[Invited], *, at: datetime) -> frozenset[str]:
        if not invited:
            return frozenset()
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        rows = [values_of(one.account, at) | {"password_hash": ""} for one in invited]
        # The condition is the guard: of two imports at once one inserts a user name, the other is told nothing new.
        adding = (
            dialect.insert(accounts)
            .on_conflict_do_nothing(index_elements=["username_folded"])
            .returning(accounts.c.sub)
        )
        async with self._engine.begin() as connection:
            new = frozenset((await connection.execute(adding, rows)).scalars())
            kept = [one for one in invited if one.account.sub in new]
            if kept:
                await connection.execute(insert(invitations), [invitation_values(one.invitation) for one in kept])
            await self._chain.append(connection, *(one.event for one in kept))
        return new

    async def units(self, region: str) -> tuple[tuple[str, str, str], ...]:
        wanted = (
            select(accounts.c.unit, accounts.c.unit_name, accounts.c.region)
            .where(accounts.c.region.startswith(region, autoescape=True))
            .distinct()
            .order_by(accounts.c.unit_name, accounts.c.unit)
            .limit(_UNITS_AT_MOST)
        )
        async with readonly(self._engine).connect() as connection:
            return tuple((row.unit, row.unit_name, row.region) for row in await connection.execute(wanted))


def _conditions(query: AccountQuery) -> list[ColumnElement[bool]]:
    conditions = [accounts.c.region.startswith(query.region, autoescape=True)]
    if query.text.strip():
        text = query.text.strip()
        conditions.append(
            or_(
                accounts.c.username_folded.contains(fold_username(text), autoescape=True),
                accounts.c.name.contains(text, autoescape=True),
                accounts.c.unit_name.contains(text, autoescape=True),
                accounts.c.unit == text,
            )
        )
    if query.role:
        conditions.append(cast(accounts.c.roles, Text).contains(f'"{query.role}"', autoescape=True))
    if query.standing is Standing.DISABLED:
        conditions.append(accounts.c.disabled)
    elif query.standing is not None:
        has_none = accounts.c.password_hash == ""
        conditions += [~accounts.c.disabled, has_none if query.standing is Standing.INVITED else ~has_none]
    return conditions


def _listed(row: Row[Any]) -> Listed:
    standing = Standing.ACTIVE if row.password_hash else Standing.INVITED
    return Listed(account=account_of(row), standing=Standing.DISABLED if row.disabled else standing)
