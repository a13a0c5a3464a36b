"""Invitations for clients in SQL; a use is spent in one statement, so of two at once only as many as are left win."""

from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from idp.protocol.client_invitation import ClientInvitation
from idp.storage.tables import client_invitations, clients

_LISTS: Final = frozenset({"scope", "grant_types", "redirect_hosts", "allowed_roles"})
_FIELDS: Final = tuple(field.name for field in fields(ClientInvitation))


class SqlClientInvitationStore:
    """`idp.protocol.client_ports.ClientInvitationStore`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, invitation: ClientInvitation) -> None:
        values = {n: list(v) if isinstance(v := getattr(invitation, n), tuple) else v for n in _FIELDS}
        async with self._engine.begin() as connection:
            await connection.execute(insert(client_invitations).values(**values))

    async def get(self, invitation_id: str) -> ClientInvitation | None:
        return await self._one(client_invitations.c.invitation_id == invitation_id)

    async def by_token(self, token_hash: str) -> ClientInvitation | None:
        return await self._one(client_invitations.c.token_hash == token_hash)

    async def use(self, invitation_id: str, *, at: datetime) -> bool:
        table = client_invitations
        spend = (
            update(table)
            .where(table.c.invitation_id == invitation_id, table.c.uses > 0, table.c.expires_at > at)
            .values(uses=table.c.uses - 1)
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(spend)).rowcount == 1

    async def all(self) -> tuple[ClientInvitation, ...]:
        wanted = select(client_invitations).order_by(client_invitations.c.created_at.desc())
        async with readonly(self._engine).connect() as connection:
            return tuple(map(_invitation, await connection.execute(wanted)))

    async def withdraw(self, invitation_id: str) -> bool:
        table = client_invitations
        spend = update(table).where(table.c.invitation_id == invitation_id, table.c.uses > 0).values(uses=0)
        async with self._engine.begin() as connection:
            return (await connection.execute(spend)).rowcount == 1

    async def forget_old(self, before: datetime, *, at_most: int) -> int:
        table = client_invitations
        # A client that registered itself stays under the policy it came with; an update asks for it (RFC 7592 §2.2).
        has_client = (
            select(clients.c.client_id).where(clients.c.metadata["invitation_id"].as_string() == table.c.invitation_id)
        ).exists()
        old = select(table.c.invitation_id).where(table.c.expires_at < before, ~has_client).limit(at_most)
        async with self._engine.begin() as connection:
            return (await connection.execute(delete(table).where(table.c.invitation_id.in_(old)))).rowcount

    async def _one(self, condition: Any) -> ClientInvitation | None:
        async with readonly(self._engine).connect() as connection:
            row = (await connection.execute(select(client_invitations).where(condition))).one_or_none()
        return _invitation(row) if row else None


def _invitation(row: Row[Any]) -> ClientInvitation:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return ClientInvitation(**(values | {name: tuple(values[name]) for name in _LISTS}))
