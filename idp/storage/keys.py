"""Signing keys in SQL, sealed."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from joserfc.jwk import ECKey, RSAKey, import_key
from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from idp.protocol.audit import AuditEvent
from idp.protocol.signing import KeyState, SigningKey
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain
from idp.storage.sealing import Seal
from idp.storage.tables import keys

_PREVIOUS = "previous"


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

    async def rotate(
        self,
        fresh: SigningKey,
        *,
        replaced: str,
        forget_before: datetime,
        at: datetime,
        audited: Sequence[AuditEvent] = (),
    ) -> bool:
        of_alg = keys.c.alg == fresh.alg
        # The condition is the guard: of two who rotate at once the second finds another key current.
        step_down = update(keys).where(of_alg, keys.c.state == "current", keys.c.kid == replaced)
        forgotten = keys.c.state.startswith(_PREVIOUS) & (keys.c.since.is_(None) | (keys.c.since < forget_before))
        async with self._engine.begin() as connection:
            down = await connection.execute(step_down.values(state=_previous_state(replaced), since=at))
            if down.rowcount == 0:
                return False
            await connection.execute(delete(keys).where(of_alg, forgotten))
            await connection.execute(
                update(keys).where(of_alg, keys.c.state == "next").values(state="current", since=at)
            )
            await connection.execute(insert(keys), [self._row(fresh, at)])
            await self._chain.append(connection, *audited)
        await self._announcer.tell("keys", "")
        return True

    async def retire(self, kid: str, *, audited: Sequence[AuditEvent] = ()) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(keys).where(keys.c.kid == kid, keys.c.state.startswith(_PREVIOUS)))
            await self._chain.append(connection, *audited)
        await self._announcer.tell("keys", "")

    async def reseal(self) -> int:
        async with self._engine.begin() as connection:
            rows = (await connection.execute(select(keys.c.kid, keys.c.sealed).with_for_update())).all()
            anew = [{"own": row.kid, "fresh": self._seal.anew(bytes(row.sealed), name=row.kid)} for row in rows]
            if anew:
                write = update(keys).where(keys.c.kid == bindparam("own")).values(sealed=bindparam("fresh"))
                await connection.execute(write, anew)
        return len(anew)

    def _row(self, key: SigningKey, at: datetime) -> dict[str, object]:
        private = json.dumps(key.key.as_dict(private=True)).encode()
        sealed = self._seal.close(private, name=key.kid)
        return {"kid": key.kid, "alg": key.alg, "state": key.state, "sealed": sealed, "created_at": at, "since": at}

    def _open(self, row: Row[Any]) -> SigningKey:
        key = import_key(json.loads(self._seal.open(bytes(row.sealed), name=row.kid)))
        if not isinstance(key, ECKey | RSAKey):
            raise TypeError(f"key {row.kid}: expected EC or RSA")
        # There may be several previous ones for a while, and a state stands once: theirs carries their name.
        state: KeyState = "previous" if row.state.startswith(_PREVIOUS) else row.state
        return SigningKey(kid=row.kid, alg=row.alg, state=state, key=key, since=row.since or row.created_at)


def _previous_state(kid: str) -> str:
    return f"{_PREVIOUS}-{kid[:7]}"
