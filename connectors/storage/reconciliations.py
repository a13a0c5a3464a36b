"""`connectors.ports.Reconciliations` in SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import RowMapping, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from connectors.ledger import DeliveryState
from connectors.reconciliation import Comparison, Difference, Ours, Repair
from connectors.storage import claims, rows
from connectors.storage.tables import deliveries, reconciliations

_MOST_NUMBERS: Final = 500
"""In one statement; SQLite and asyncpg both bound the number of parameters."""


class SqlReconciliations:
    """Comparisons by system and day."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def take(self, system: str, day: date, *, owner: str, at: datetime, until: datetime) -> bool:
        async with self._engine.begin() as connection:
            new = await connection.execute(
                rows.insert_new(connection, reconciliations).values(
                    system=system, day=day, owner=owner, held_until=until, differences=[]
                )
            )
            if new.rowcount == 1:
                return True
            again = await connection.execute(
                update(reconciliations)
                .where(
                    reconciliations.c.system == system,
                    reconciliations.c.day == day,
                    reconciliations.c.compared_at.is_(None),
                    reconciliations.c.held_until <= at,
                )
                .values(owner=owner, held_until=until)
            )
            return again.rowcount == 1

    async def ours(self, system: str, begins: datetime, ends: datetime) -> Sequence[Ours]:
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(deliveries).where(
                    deliveries.c.system == system,
                    deliveries.c.kind == "submit",
                    deliveries.c.state != DeliveryState.REPLAYED.value,
                    deliveries.c.department_number != "",
                    deliveries.c.confirmed_at >= begins,
                    deliveries.c.confirmed_at < ends,
                )
            )
            return [_ours(row) for row in found.mappings()]

    async def known(self, system: str, numbers: Collection[str]) -> Mapping[str, Ours]:
        wanted = sorted(set(numbers))
        found: dict[str, Ours] = {}
        async with self._reading.connect() as connection:
            for begin in range(0, len(wanted), _MOST_NUMBERS):
                chunk = wanted[begin : begin + _MOST_NUMBERS]
                some = await connection.execute(
                    select(deliveries).where(
                        deliveries.c.system == system,
                        deliveries.c.kind != "withdraw",
                        deliveries.c.state != DeliveryState.REPLAYED.value,
                        or_(deliveries.c.case_number.in_(chunk), deliveries.c.known_as.in_(chunk)),
                    )
                )
                found |= {row["known_as"] or row["case_number"]: _ours(row) for row in some.mappings()}
        return found

    async def finish(self, comparison: Comparison, *, at: datetime) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                update(reconciliations)
                .where(reconciliations.c.system == comparison.system, reconciliations.c.day == comparison.day)
                .values(
                    compared_at=comparison.compared_at,
                    held_until=at,
                    ours=comparison.ours,
                    theirs=comparison.theirs,
                    ours_sha256=comparison.ours_sha256,
                    theirs_sha256=comparison.theirs_sha256,
                    differences=[_written(each) for each in comparison.differences],
                )
            )

    async def doubt(self, delivery_ids: Collection[str], *, at: datetime) -> int:
        async with self._engine.begin() as connection:
            return await claims.doubt(connection, delivery_ids, at=at)

    async def latest(self, system: str, *, most: int = 14) -> Sequence[Comparison]:
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(reconciliations)
                .where(reconciliations.c.system == system, reconciliations.c.compared_at.is_not(None))
                .order_by(reconciliations.c.day.desc())
                .limit(most)
            )
            return [_comparison(row) for row in found.mappings()]

    async def to_ask(self, *, since: datetime) -> Mapping[str, int]:
        """Return, by system, how many lines of its latest comparison a person has to ask about."""
        compared = (
            select(reconciliations.c.system, reconciliations.c.differences)
            .where(reconciliations.c.compared_at >= since)
            .order_by(reconciliations.c.day)
        )
        async with self._reading.connect() as connection:
            latest = {row.system: row.differences for row in await connection.execute(compared)}
        asked = {name: sum(each["repair"] == Repair.ASK.value for each in found) for name, found in latest.items()}
        return {name: count for name, count in asked.items() if count}


def _ours(row: RowMapping) -> Ours:
    return Ours(
        delivery_id=row["id"],
        our_number=row["case_number"],
        department_number=row["department_number"],
        state=DeliveryState(row["state"]),
        their_status=row["their_status"],
    )


def _written(difference: Difference) -> dict[str, Any]:
    return {
        "our_number": difference.our_number,
        "repair": difference.repair.value,
        "ours": difference.ours,
        "theirs": difference.theirs,
        "delivery_id": difference.delivery_id,
        "department_number": difference.department_number,
    }


def _comparison(row: RowMapping) -> Comparison:
    return Comparison(
        system=row["system"],
        day=row["day"],
        compared_at=row["compared_at"],
        ours=row["ours"],
        theirs=row["theirs"],
        ours_sha256=row["ours_sha256"],
        theirs_sha256=row["theirs_sha256"],
        differences=tuple(Difference(**{**each, "repair": Repair(each["repair"])}) for each in row["differences"]),
    )
