"""Looks at personal data in full, in SQL; the database closes the table to changes."""

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from matters.disclosure import Disclosure
from matters.storage.tables import disclosures

_SHOWN = ("case_number", "sub", "by", "unit", "reason", "at")


class SqlDisclosureStore:
    """`matters.ports.DisclosureStore`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, disclosure: Disclosure) -> None:
        values = {name: getattr(disclosure, name) for name in _SHOWN}
        async with self._engine.begin() as connection:
            await connection.execute(insert(disclosures).values(**values))

    async def of_case(self, number: str, *, most: int) -> Sequence[Disclosure]:
        columns = [disclosures.c[name] for name in _SHOWN]
        wanted = (
            select(*columns).where(disclosures.c.case_number == number).order_by(disclosures.c.id.desc()).limit(most)
        )
        async with readonly(self._engine).connect() as connection:
            return [Disclosure(**row._mapping) for row in await connection.execute(wanted)]
