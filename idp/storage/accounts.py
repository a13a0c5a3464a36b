"""Accounts in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from config.lazy_adapter import LazyAdapter
from config.storage.sql import readonly
from idp.protocol.account import Account, fold_username
from idp.protocol.account_ports import UsernameTaken
from idp.protocol.audit import AuditEvent
from idp.protocol.contact import NO_CONTACT, Contact
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain
from idp.storage.tables import accounts

_FIELDS = (
    "sub", "username", "name", "unit", "unit_name", "region", "locale", "disabled", "valid_from", "real_name_level",
)  # fmt: skip
_CONTACT = LazyAdapter(Contact)


class SqlAccountStore:
    """`idp.protocol.account_ports.AccountStore`."""

    def __init__(self, engine: AsyncEngine, announcer: Announcer, chain: AuditChain) -> None:
        self._engine = engine
        self._announcer = announcer
        self._chain = chain

    async def get(self, sub: str) -> Account | None:
        async with readonly(self._engine).connect() as connection:
            row = (await connection.execute(select(accounts).where(accounts.c.sub == sub))).one_or_none()
        return account_of(row) if row else None

    async def by_username(self, username: str) -> tuple[Account, str] | None:
        wanted = select(accounts).where(accounts.c.username_folded == fold_username(username))
        async with readonly(self._engine).connect() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return (account_of(row), row.password_hash) if row else None

    async def all(self) -> tuple[Account, ...]:
        async with readonly(self._engine).connect() as connection:
            rows = await connection.execute(select(accounts).order_by(accounts.c.username_folded))
            return tuple(account_of(row) for row in rows)

    async def changed_since(self, at: datetime) -> tuple[str, ...]:
        """Return the subs of accounts whose earlier sessions ended since a moment."""
        async with readonly(self._engine).connect() as connection:
            return tuple(
                (await connection.execute(select(accounts.c.sub).where(accounts.c.valid_from >= at))).scalars()
            )

    async def save(
        self, account: Account, *, password_hash: str | None, at: datetime, audited: Sequence[AuditEvent] = ()
    ) -> None:
        values = values_of(account, at)
        if password_hash is not None:
            values["password_hash"] = password_hash
        try:
            async with self._engine.begin() as connection:
                changed = await connection.execute(
                    update(accounts).where(accounts.c.sub == account.sub).values(**values)
                )
                if changed.rowcount == 0:
                    await connection.execute(insert(accounts).values({"password_hash": "", **values}))
                await self._chain.append(connection, *audited)
        except IntegrityError as error:
            raise UsernameTaken(account.username) from error
        await self._announcer.tell("account", account.sub)


def values_of(account: Account, at: datetime) -> dict[str, Any]:
    """Return the columns of an account, without its password."""
    values: dict[str, Any] = {name: getattr(account, name) for name in _FIELDS}
    return values | {
        "username_folded": fold_username(account.username),
        "roles": sorted(account.roles),
        "contact": _CONTACT.dump_python(account.contact, mode="json", exclude_defaults=True),
        "updated_at": at,
    }


def account_of(row: Row[Any]) -> Account:
    """Return the account of a row that has its columns."""
    contact = _CONTACT.validate_python(row.contact) if row.contact else NO_CONTACT
    return Account(roles=frozenset(row.roles), contact=contact, **{name: getattr(row, name) for name in _FIELDS})
