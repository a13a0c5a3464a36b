"""Looks at personal data in full, in SQL; the database closes the table to changes."""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.paging import Page
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

    async def of_case(self, number: str, *, most: int, after: str | None = None) -> Page[Disclosure]:
        wanted = select(disclosures).where(disclosures.c.case_number == number)
        if after is not None and after.isdecimal() and len(after) < 18:
            wanted = wanted.where(disclosures.c.id < int(after))
        wanted = wanted.order_by(disclosures.c.id.desc()).limit(most + 1)
        async with readonly(self._engine).connect() as connection:
            found = (await connection.execute(wanted)).mappings().all()
        looks = tuple(Disclosure(**{name: row[name] for name in _SHOWN}) for row in found[:most])
        return Page(items=looks, after=str(found[most - 1]["id"]) if len(found) > most else None)
