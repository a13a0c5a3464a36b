"""Passkeys in SQL, found by the hash of their credential id."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from idp.protocol.audit import AuditEvent
from idp.protocol.passkey import Passkey
from idp.storage.audit import AuditChain
from idp.storage.tables import accounts, passkeys

_FIELDS = (
    "credential_id", "sub", "name", "public_key", "sign_count", "transports", "backed_up", "created_at", "used_at",
)  # fmt: skip


class SqlPasskeyStore:
    """`idp.protocol.factor_ports.PasskeyStore`."""

    def __init__(self, engine: AsyncEngine, chain: AuditChain) -> None:
        self._engine = engine
        self._chain = chain

    async def of(self, sub: str) -> tuple[Passkey, ...]:
        wanted = select(passkeys).where(passkeys.c.sub == sub).order_by(passkeys.c.created_at, passkeys.c.id_hash)
        async with readonly(self._engine).connect() as connection:
            return tuple(_passkey(row) for row in await connection.execute(wanted))

    async def get(self, credential_id: bytes) -> Passkey | None:
        wanted = select(passkeys).where(passkeys.c.id_hash == _hashed(credential_id))
        async with readonly(self._engine).connect() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return _passkey(row) if row else None

    async def add(self, passkey: Passkey, *, at_most: int, audited: Sequence[AuditEvent] = ()) -> bool:
        values: dict[str, Any] = {name: getattr(passkey, name) for name in _FIELDS}
        values |= {"id_hash": _hashed(passkey.credential_id), "transports": list(passkey.transports)}
        counted = select(func.count()).where(passkeys.c.sub == passkey.sub)
        # Two registrations of one person at once wait for each other here, so that neither miscounts.
        locked = select(accounts.c.sub).where(accounts.c.sub == passkey.sub).with_for_update()
        try:
            async with self._engine.begin() as connection:
                await connection.execute(locked)
                if (await connection.execute(counted)).scalar_one() >= at_most:
                    return False
                await connection.execute(insert(passkeys).values(values))
                await self._chain.append(connection, *audited)
        except IntegrityError:
            return False
        return True

    async def use(self, passkey: Passkey, sign_count: int, *, at: datetime) -> bool:
        as_read = (
            passkeys.c.id_hash == _hashed(passkey.credential_id),
            passkeys.c.sub == passkey.sub,
            passkeys.c.sign_count == passkey.sign_count,
        )
        noted = update(passkeys).where(*as_read).values(sign_count=sign_count, used_at=at)
        async with self._engine.begin() as connection:
            return (await connection.execute(noted)).rowcount == 1

    async def remove(self, sub: str, credential_id: bytes, *, audited: Sequence[AuditEvent] = ()) -> bool:
        gone = delete(passkeys).where(passkeys.c.id_hash == _hashed(credential_id), passkeys.c.sub == sub)
        async with self._engine.begin() as connection:
            was_there = (await connection.execute(gone)).rowcount == 1
            await self._chain.append(connection, *(audited if was_there else ()))
        return was_there


def _passkey(row: Row[Any]) -> Passkey:
    values = {name: getattr(row, name) for name in _FIELDS}
    for name in ("credential_id", "public_key"):
        values[name] = bytes(values[name])
    return Passkey(**values | {"transports": tuple(row.transports)})


def _hashed(credential_id: bytes) -> str:
    return hashlib.sha256(credential_id).hexdigest()
