"""Signing keys in SQL, sealed."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from joserfc.jwk import ECKey, RSAKey, import_key
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from idp.protocol.audit import AuditEvent
from idp.protocol.signing import SigningKey
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain
from idp.storage.sealing import Seal
from idp.storage.tables import keys


class SqlKeyStore:
    """`idp.protocol.ports.KeyStore`."""

    def __init__(self, engine: AsyncEngine, announcer: Announcer, seal: Seal, chain: AuditChain) -> None:
        self._engine = engine
        self._announcer = announcer
        self._seal = seal
        self._chain = chain

    async def load(self) -> tuple[SigningKey, ...]:
        async with readonly(self._engine).connect() as connection:
            rows = await connection.execute(select(keys).order_by(keys.c.alg, keys.c.created_at, keys.c.kid))
            return tuple(self._open(row) for row in rows)

    async def add(self, *fresh: SigningKey, at: datetime) -> bool:
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(keys), [self._row(key, at) for key in fresh])
        except IntegrityError:
            return False
        await self._announcer.tell("keys", "")
        return True

    async def rotate(self, fresh: SigningKey, *, at: datetime, audited: Sequence[AuditEvent] = ()) -> None:
        of_alg = keys.c.alg == fresh.alg
        async with self._engine.begin() as connection:
            await connection.execute(delete(keys).where(of_alg, keys.c.state == "previous"))
            await connection.execute(update(keys).where(of_alg, keys.c.state == "current").values(state="previous"))
            await connection.execute(update(keys).where(of_alg, keys.c.state == "next").values(state="current"))
            await connection.execute(insert(keys), [self._row(fresh, at)])
            await self._chain.append(connection, *audited)
        await self._announcer.tell("keys", "")

    def _row(self, key: SigningKey, at: datetime) -> dict[str, object]:
        private = json.dumps(key.key.as_dict(private=True)).encode()
        sealed = self._seal.close(private, name=key.kid)
        return {"kid": key.kid, "alg": key.alg, "state": key.state, "sealed": sealed, "created_at": at}

    def _open(self, row: Row[Any]) -> SigningKey:
        key = import_key(json.loads(self._seal.open(bytes(row.sealed), name=row.kid)))
        if not isinstance(key, ECKey | RSAKey):
            raise TypeError(f"key {row.kid}: expected EC or RSA")
        return SigningKey(kid=row.kid, alg=row.alg, state=row.state, key=key)
