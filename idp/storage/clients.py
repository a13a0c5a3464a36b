"""Clients in SQL: the secret's hash in its own column, everything else as one document."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from config.lazy_adapter import LazyAdapter
from config.storage.sql import readonly
from idp.protocol.audit import AuditEvent
from idp.protocol.client import Client
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain
from idp.storage.tables import clients
from idp.storage.upsert import upsert

_CLIENT = LazyAdapter(Client)


class SqlClientStore:
    """`idp.protocol.client_ports.ClientStore`."""

    def __init__(self, engine: AsyncEngine, announcer: Announcer, chain: AuditChain) -> None:
        self._engine = engine
        self._announcer = announcer
        self._chain = chain

    async def get(self, client_id: str) -> Client | None:
        async with readonly(self._engine).connect() as connection:
            row = (await connection.execute(select(clients).where(clients.c.client_id == client_id))).one_or_none()
        return _client(row) if row else None

    async def all(self) -> tuple[Client, ...]:
        async with readonly(self._engine).connect() as connection:
            rows = await connection.execute(select(clients).order_by(clients.c.client_id))
            return tuple(_client(row) for row in rows)

    async def save(self, client: Client, *, at: datetime, audited: Sequence[AuditEvent] = ()) -> None:
        async with self._engine.begin() as connection:
            await upsert(connection, clients, _values(client, at))
            await self._chain.append(connection, *audited)
        await self._announcer.tell("client", client.client_id)

    async def save_by_token(
        self, client: Client, *, token_hash: str, at: datetime, audited: Sequence[AuditEvent] = ()
    ) -> bool:
        # The condition is the guard: of two requests with one token the second finds another there, or none, and
        # what an operator stopped while a request of the client was checked stays stopped.
        kept_hash = clients.c.metadata["registration_access_token_hash"].as_string()
        is_stopped = clients.c.metadata["disabled"].as_boolean()
        replace = (
            update(clients)
            .where(clients.c.client_id == client.client_id, kept_hash == token_hash, is_stopped.is_not(True))
            .values(**_values(client, at))
        )
        async with self._engine.begin() as connection:
            if (await connection.execute(replace)).rowcount != 1:
                return False
            await self._chain.append(connection, *audited)
        await self._announcer.tell("client", client.client_id)
        return True


def _values(client: Client, at: datetime) -> dict[str, Any]:
    document = _CLIENT.dump_python(client, mode="json", exclude={"client_id", "client_secret_hash"})
    for name in ("allowed_roles", "roles"):
        document[name] = sorted(document[name])
    return {
        "client_id": client.client_id,
        "client_secret_hash": client.client_secret_hash,
        "metadata": document,
        "updated_at": at,
    }


def _client(row: Row[Any]) -> Client:
    return _CLIENT.validate_python(
        {**row._mapping["metadata"], "client_id": row.client_id, "client_secret_hash": row.client_secret_hash}
    )
