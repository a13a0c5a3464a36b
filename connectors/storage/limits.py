"""Which waiting deliveries break their promise if they are not delivered by a day; read beside their cases."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from connectors.ledger import DUE
from connectors.storage.tables import deliveries
from matters.storage.tables import cases

_DUE = [state.value for state in DUE]


class SqlLimits:
    """Reads what waits, a system at a time within one statement; the cost grows with that alone."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = readonly(engine)

    async def at_risk(self, before: Mapping[str, date]) -> Mapping[str, tuple[int, date]]:
        """Return, by system, how many waiting deliveries are promised before its day, and the first such day."""
        if not before:
            return {}
        each = [
            select(literal(system).label("system"), func.count().label("n"), func.min(cases.c.promised_on).label("day"))
            .select_from(deliveries)
            .join(cases, cases.c.number == deliveries.c.case_number)
            .where(
                deliveries.c.system == system,
                deliveries.c.next_attempt_at.is_not(None),
                deliveries.c.state.in_(_DUE),
                deliveries.c.kind == "submit",
                cases.c.is_open,
                cases.c.promised_on < day,
            )
            for system, day in sorted(before.items())
        ]
        async with self._reading.connect() as connection:
            found = await connection.execute(union_all(*each))
            return {row.system: (row.n, row.day) for row in found if row.n}
