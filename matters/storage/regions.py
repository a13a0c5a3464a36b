"""Which regions cases are taken in for, without reading the cases."""

from typing import Final

from sqlalchemy import Select, String, and_, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from matters.storage.tables import cases

MOST: Final = 3000
"""A province has some 1,400 townships; what has more is no list a person chooses from."""


class SqlRegions:
    """Townships by code, each once, out of the index over cases."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = readonly(engine)

    async def within(self, region: str) -> tuple[str, ...]:
        """Return the townships in `region` (a code's beginning; empty gives nothing) that took in a case, by code."""
        if not region:
            return ()
        async with self._reading.connect() as connection:
            return tuple((await connection.execute(_each_once(region))).scalars())


def _each_once(region: str) -> Select[str]:
    """From one code to the next larger one: the index is touched once per region, however many cases there are."""
    # ':' is the character after '9': codes are digits.
    inside = and_(cases.c.region >= region, cases.c.region < f"{region}:")
    found = select(cast(func.min(cases.c.region), String).label("code"), literal(1).label("n")).where(inside)
    walk = found.cte("walk", recursive=True)
    following = (
        select(func.min(cases.c.region))
        .where(and_(cases.c.region > walk.c.code, cases.c.region < f"{region}:"))
        .correlate(walk)
        .scalar_subquery()
    )
    walk = walk.union_all(
        select(cast(following, String), walk.c.n + 1).where(and_(walk.c.code.is_not(None), walk.c.n < MOST))
    )
    return select(walk.c.code).where(walk.c.code.is_not(None))
