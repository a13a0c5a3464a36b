"""Signing keys in SQL, sealed."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers
from joserfc.jwk import ECKey, RSAKey
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
    """`idp.protocol.key_ports.KeyStore`."""

    def __init__(self, engine: AsyncEngine, announcer: Announcer, seal: Seal, chain: AuditChain) -> None:
        self._engine = engine
        self._announcer = announcer
        self._seal = seal
        self._chain = chain
        self._opened: dict[tuple[str, bytes], ECKey | RSAKey] = {}  # by name and seal: each is opened once

    async def load(self) -> tuple[SigningKey, ...]:
        async with readonly(self._engine).connect() as connection:
            found = await connection.execute(select(keys).order_by(keys.c.alg, keys.c.created_at, keys.c.kid))
            rows = found.all()
        self._opened = {(row.kid, bytes(row.sealed)): self._key(row) for row in rows}
        return tuple(self._signing_key(row) for row in rows)

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

    def _key(self, row: Row[Any]) -> ECKey | RSAKey:
        sealed = bytes(row.sealed)
        return self._opened.get((row.kid, sealed)) or _read(json.loads(self._seal.open(sealed, name=row.kid)))

    def _signing_key(self, row: Row[Any]) -> SigningKey:
        # There may be several previous ones for a while, and a state stands once: theirs carries their name.
        state: KeyState = "previous" if row.state.startswith(_PREVIOUS) else row.state
        key = self._opened[row.kid, bytes(row.sealed)]
        return SigningKey(kid=row.kid, alg=row.alg, state=state, key=key, since=row.since or row.created_at)


def _read(jwk: dict[str, str]) -> ECKey | RSAKey:
    """Return a key of our own.

    The search for errors in an RSA key takes 40 ms, in which nobody is answered. It is left out: the key was made
    here, and the seal shows that nobody has touched it since.
    """
    if jwk["kty"] == "EC":
        return ECKey.import_key(dict(jwk))
    n, e, d, p, q, dp, dq, qi = (
        int.from_bytes(urlsafe_b64decode(jwk[name] + "=="), "big")
        for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi")
    )
    numbers = RSAPrivateNumbers(p=p, q=q, d=d, dmp1=dp, dmq1=dq, iqmp=qi, public_numbers=RSAPublicNumbers(e=e, n=n))
    return RSAKey.import_key(numbers.private_key(unsafe_skip_rsa_key_validation=True))


def _previous_state(kid: str) -> str:
    return f"{_PREVIOUS}-{kid[:7]}"
