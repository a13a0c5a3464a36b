"""Grants and refresh tokens in SQL."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.direct_read import DirectRead
from config.storage.sql import readonly
from idp.protocol.refresh_token import Grant, RefreshToken
from idp.storage.announce import Announcer
from idp.storage.logout_queue import taken_or_unavailable
from idp.storage.tables import grants, refresh_tokens

_LISTS = frozenset({"resource", "scope", "amr", "userinfo_claims", "id_token_claims"})
_FIELDS = tuple(field.name for field in fields(Grant))


_successor = refresh_tokens.alias("successor")
_BY_HASH = (
    select(
        grants,
        refresh_tokens.c.issued_at,
        refresh_tokens.c.expires_at,
        refresh_tokens.c.replaced_at,
        _successor.c.replaced_at.label("successor_replaced_at"),
    )
    .join(grants, grants.c.gid == refresh_tokens.c.gid)
    .outerjoin(_successor, _successor.c.token_hash == refresh_tokens.c.successor_hash)
    .where(refresh_tokens.c.token_hash == bindparam("token_hash"))
)


class SqlRefreshTokenStore:
    """`idp.protocol.grant_ports.RefreshTokenStore`."""

    def __init__(self, engine: AsyncEngine, announcer: Announcer) -> None:
        self._engine = engine
        self._announcer = announcer
        self._by_hash = DirectRead(engine, _BY_HASH)

    async def open(self, grant: Grant, token_hash: str, *, expires_at: datetime) -> None:
        values = {name: list(v) if isinstance(v := getattr(grant, name), tuple) else v for name in _FIELDS}
        async with self._engine.begin() as connection:
            await connection.execute(insert(grants).values(**values))
            await connection.execute(
                insert(refresh_tokens).values(
                    token_hash=token_hash, gid=grant.gid, issued_at=grant.created_at, expires_at=expires_at
                )
            )

    async def find(self, token_hash: str) -> RefreshToken | None:
        row = await self._by_hash.one_or_none(token_hash=token_hash)
        if row is None:
            return None
        return RefreshToken(
            token_hash=token_hash,
            grant=_grant(row),
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            replaced_at=row.replaced_at,
            successor_replaced=row.successor_replaced_at is not None,
        )

    async def replace(self, token_hash: str, successor_hash: str, *, at: datetime, expires_at: datetime) -> bool:
        # The condition is the guard: of two requests one finds the row still unreplaced.
        mark = (
            update(refresh_tokens)
            .where(refresh_tokens.c.token_hash == token_hash, refresh_tokens.c.replaced_at.is_(None))
            .values(replaced_at=at, successor_hash=successor_hash)
            .returning(refresh_tokens.c.gid)
        )
        async with self._engine.begin() as connection:
            gid = (await connection.execute(mark)).scalar_one_or_none()
            if gid is None:
                return False
            await connection.execute(
                insert(refresh_tokens).values(token_hash=successor_hash, gid=gid, issued_at=at, expires_at=expires_at)
            )
        return True

    async def revoke(self, gid: str, *, at: datetime) -> None:
        mark = update(grants).where(grants.c.gid == gid, grants.c.revoked_at.is_(None)).values(revoked_at=at)
        async with self._engine.begin() as connection:
            await connection.execute(mark)
        await self._announcer.tell("grant", gid)

    async def revoke_of_session(self, sid: str, *, at: datetime) -> tuple[str, ...]:
        mark = (
            update(grants)
            .where(grants.c.sid == sid, grants.c.revoked_at.is_(None))
            .values(revoked_at=at)
            .returning(grants.c.gid)
        )
        with taken_or_unavailable():
            async with self._engine.begin() as connection:
                gids = tuple((await connection.execute(mark)).scalars())
        for gid in gids:
            await self._announcer.tell("grant", gid)
        return gids

    async def grant(self, gid: str) -> Grant | None:
        async with readonly(self._engine).connect() as connection:
            row = (await connection.execute(select(grants).where(grants.c.gid == gid))).one_or_none()
        return _grant(row) if row else None


def _grant(row: Row[Any]) -> Grant:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return Grant(**(values | {name: tuple(values[name]) for name in _LISTS}))
