"""Invitations in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from idp.protocol.account import Account, fold_username
from idp.protocol.audit import AuditEvent, AuditKind
from idp.protocol.invitation import Invitation
from idp.storage.accounts import account_of
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain
from idp.storage.tables import accounts, invitations

_FIELDS = tuple(field.name for field in fields(Invitation))


class SqlInvitationStore:
    """`idp.protocol.account_ports.InvitationStore`."""

    def __init__(self, engine: AsyncEngine, announcer: Announcer, chain: AuditChain) -> None:
        self._engine = engine
        self._announcer = announcer
        self._chain = chain

    async def issue(self, invitation: Invitation, *, audited: Sequence[AuditEvent]) -> bool:
        invited = select(accounts.c.sub).where(accounts.c.sub == invitation.sub, accounts.c.password_hash == "")
        async with self._engine.begin() as connection:
            if (await connection.execute(invited.with_for_update())).one_or_none() is None:
                return False
            await connection.execute(
                delete(invitations).where(invitations.c.sub == invitation.sub, invitations.c.used_at.is_(None))
            )
            await connection.execute(insert(invitations).values(invitation_values(invitation)))
            await self._chain.append(connection, *audited)
        return True

    async def get(self, token_hash: str, *, at: datetime) -> Account | None:
        wanted = (
            select(accounts)
            .join(invitations, invitations.c.sub == accounts.c.sub)
            .where(
                invitations.c.token_hash == token_hash,
                invitations.c.used_at.is_(None),
                invitations.c.expires_at > at,
                accounts.c.password_hash == "",
                ~accounts.c.disabled,
            )
        )
        async with readonly(self._engine).connect() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return account_of(row) if row else None

    async def redeem(self, token_hash: str, *, password_hash: str, at: datetime) -> Account | None:
        # The condition is the guard: of two requests with one link one finds it unused.
        use = (
            update(invitations)
            .where(
                invitations.c.token_hash == token_hash,
                invitations.c.used_at.is_(None),
                invitations.c.expires_at > at,
            )
            .values(used_at=at)
            .returning(invitations.c.sub)
        )
        async with self._engine.connect() as connection, connection.begin() as transaction:
            sub = (await connection.execute(use)).scalar_one_or_none()
            row = None
            if sub is not None:
                activate = (
                    update(accounts)
                    .where(accounts.c.sub == sub, accounts.c.password_hash == "", ~accounts.c.disabled)
                    .values(password_hash=password_hash, valid_from=at, updated_at=at)
                    .returning(accounts)
                )
                row = (await connection.execute(activate)).one_or_none()
            if row is None:
                await transaction.rollback()
                return None
            account = account_of(row)
            await self._chain.append(
                connection,
                AuditEvent(kind=AuditKind.INVITATION_USED, sub=account.sub, at=at),
                AuditEvent(kind=AuditKind.PASSWORD_CHANGED, sub=account.sub, detail={"via": "invitation"}, at=at),
            )
        await self._announcer.tell("account", account.sub)
        return account

    async def of_batch(
        self, batch: str, made_by: str, *, at: datetime, after: str, at_most: int
    ) -> tuple[tuple[Account, Invitation], ...]:
        wanted = (
            select(accounts, *(invitations.c[name].label(f"invitation_{name}") for name in _FIELDS))
            .join(invitations, invitations.c.sub == accounts.c.sub)
            .where(
                invitations.c.batch == batch,
                invitations.c.made_by == made_by,
                invitations.c.used_at.is_(None),
                invitations.c.expires_at > at,
                accounts.c.username_folded > fold_username(after),
            )
            .order_by(accounts.c.username_folded)
            .limit(at_most)
        )
        async with readonly(self._engine).connect() as connection:
            rows = (await connection.execute(wanted)).all()
        return tuple(
            (account_of(row), Invitation(**{name: getattr(row, f"invitation_{name}") for name in _FIELDS}))
            for row in rows
        )

    async def forget_old(self, before: datetime, *, at_most: int) -> int:
        old = select(invitations.c.id).where(invitations.c.expires_at < before).limit(at_most)
        async with self._engine.begin() as connection:
            return (await connection.execute(delete(invitations).where(invitations.c.id.in_(old)))).rowcount


def invitation_values(invitation: Invitation) -> Mapping[str, Any]:
    """Return the columns of an invitation."""
    return {name: getattr(invitation, name) for name in _FIELDS}
