"""Consents in SQL."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from idp.storage.announce import Announcer
from idp.storage.tables import consents
from idp.storage.upsert import upsert


class SqlConsentStore:
    """`idp.protocol.client_ports.ConsentStore`."""

    def __init__(self, engine: AsyncEngine, announcer: Announcer) -> None:
        self._engine = engine
        self._announcer = announcer

    async def get(self, sub: str, client_id: str) -> frozenset[str]:
        wanted = select(consents.c.scope).where(consents.c.sub == sub, consents.c.client_id == client_id)
        async with readonly(self._engine).connect() as connection:
            scope = (await connection.execute(wanted)).scalar_one_or_none()
        return frozenset(scope or ())

    async def add(self, sub: str, client_id: str, scope: frozenset[str], *, at: datetime) -> None:
        before = await self.get(sub, client_id)
        values = {"sub": sub, "client_id": client_id, "scope": sorted(before | scope), "updated_at": at}
        async with self._engine.begin() as connection:
            await upsert(connection, consents, values)
        await self._announcer.tell("consent", f"{sub} {client_id}")
