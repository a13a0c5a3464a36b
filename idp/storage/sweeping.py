"""Deleting what has expired, a bounded number a time; and the lease by which one process does it."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from idp.storage.tables import grants, refresh_tokens


class SqlExpiredGrants:
    """Refresh tokens past their end, and grants none of whose tokens is left."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def forget_tokens(self, before: datetime, *, at_most: int) -> int:
        """Delete refresh tokens that expired before a moment; replaced ones stay until then, to catch their reuse."""
        old = select(refresh_tokens.c.token_hash).where(refresh_tokens.c.expires_at < before).limit(at_most)
        async with self._engine.begin() as connection:
            return (
                await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.token_hash.in_(old)))
            ).rowcount

    async def forget_grants(self, before: datetime, *, at_most: int) -> int:
        """Delete grants made before a moment that have no token any more."""
        has_token = select(refresh_tokens.c.gid).where(refresh_tokens.c.gid == grants.c.gid).exists()
        old = select(grants.c.gid).where(grants.c.created_at < before, ~has_token).limit(at_most)
        async with self._engine.begin() as connection:
            return (await connection.execute(delete(grants).where(grants.c.gid.in_(old)))).rowcount


class StateLease:
    """`idp.housekeeping.Lease` in the state store."""

    def __init__(self, state: StateStore, name: str) -> None:
        self._state = state
        self._key = f"lease:{name}"

    async def take(self, holder: str, ttl: timedelta) -> bool:
        return await self._state.add(self._key, holder.encode(), ttl)
