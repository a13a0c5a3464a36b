"""Second factors in SQL: one-time codes, recovery codes, and what is set up at a glance."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from idp.protocol.audit import AuditEvent
from idp.protocol.factors import Factors
from idp.storage.audit import AuditChain
from idp.storage.sealing import Seal
from idp.storage.tables import passkeys, recovery_codes, totp
from idp.storage.upsert import upsert


class SqlFactorStore:
    """`idp.protocol.factor_ports.FactorStore`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, sub: str) -> Factors:
        left = (recovery_codes.c.sub == sub, recovery_codes.c.used_at.is_(None))
        counted = select(
            select(func.count()).where(totp.c.sub == sub).scalar_subquery(),
            select(func.count()).where(passkeys.c.sub == sub).scalar_subquery(),
            select(func.count()).where(*left).scalar_subquery(),
        )
        async with readonly(self._engine).connect() as connection:
            codes, keys, recovery = (await connection.execute(counted)).one()
        return Factors(totp=codes > 0, passkeys=keys, recovery_codes=recovery)


class SqlTotpStore:
    """`idp.protocol.factor_ports.TotpStore`."""

    def __init__(self, engine: AsyncEngine, seal: Seal, chain: AuditChain) -> None:
        self._engine = engine
        self._seal = seal
        self._chain = chain

    async def secret(self, sub: str) -> str | None:
        async with readonly(self._engine).connect() as connection:
            sealed = (await connection.execute(select(totp.c.sealed).where(totp.c.sub == sub))).scalar_one_or_none()
        return None if sealed is None else self._seal.open(bytes(sealed), name=_name(sub)).decode()

    async def put(self, sub: str, secret: str, *, step: int, at: datetime, audited: Sequence[AuditEvent] = ()) -> None:
        sealed = self._seal.close(secret.encode(), name=_name(sub))
        values = {"sub": sub, "sealed": sealed, "last_step": step, "created_at": at}
        async with self._engine.begin() as connection:
            await upsert(connection, totp, values)
            await self._chain.append(connection, *audited)

    async def reseal(self) -> int:
        """Seal every person's key anew under the present secret, in one step; return how many."""
        async with self._engine.begin() as connection:
            rows = (await connection.execute(select(totp.c.sub, totp.c.sealed).with_for_update())).all()
            anew = [{"own": row.sub, "fresh": self._seal.anew(bytes(row.sealed), name=_name(row.sub))} for row in rows]
            if anew:
                write = update(totp).where(totp.c.sub == bindparam("own")).values(sealed=bindparam("fresh"))
                await connection.execute(write, anew)
        return len(anew)

    async def use_step(self, sub: str, step: int) -> bool:
        used = update(totp).where(totp.c.sub == sub, totp.c.last_step < step).values(last_step=step)
        async with self._engine.begin() as connection:
            return (await connection.execute(used)).rowcount == 1

    async def remove(self, sub: str, *, audited: Sequence[AuditEvent] = ()) -> bool:
        async with self._engine.begin() as connection:
            was_there = (await connection.execute(delete(totp).where(totp.c.sub == sub))).rowcount == 1
            await self._chain.append(connection, *(audited if was_there else ()))
        return was_there


class SqlRecoveryCodeStore:
    """`idp.protocol.factor_ports.RecoveryCodeStore`."""

    def __init__(self, engine: AsyncEngine, chain: AuditChain) -> None:
        self._engine = engine
        self._chain = chain

    async def put(self, sub: str, hashes: tuple[str, ...], *, at: datetime, audited: Sequence[AuditEvent] = ()) -> None:
        rows = [{"sub": sub, "code_hash": each, "created_at": at} for each in hashes]
        async with self._engine.begin() as connection:
            await connection.execute(delete(recovery_codes).where(recovery_codes.c.sub == sub))
            if rows:
                await connection.execute(insert(recovery_codes), rows)
            await self._chain.append(connection, *audited)

    async def use(self, sub: str, code_hash: str, *, at: datetime, audited: Sequence[AuditEvent] = ()) -> bool:
        unused = (
            recovery_codes.c.sub == sub,
            recovery_codes.c.code_hash == code_hash,
            recovery_codes.c.used_at.is_(None),
        )
        async with self._engine.begin() as connection:
            used = await connection.execute(update(recovery_codes).where(*unused).values(used_at=at))
            first = used.rowcount == 1
            await self._chain.append(connection, *(audited if first else ()))
        return first

    async def made_at(self, sub: str) -> datetime | None:
        newest = select(recovery_codes.c.created_at).where(recovery_codes.c.sub == sub).limit(1)
        async with readonly(self._engine).connect() as connection:
            made: datetime | None = (await connection.execute(newest)).scalar_one_or_none()
        return made


def _name(sub: str) -> str:
    return f"totp:{sub}"
