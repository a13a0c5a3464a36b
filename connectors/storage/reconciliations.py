"""`connectors.ports.Reconciliations` in SQL."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import RowMapping, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.ledger import NOTICE_KINDS, DeliveryState
from connectors.reconciliation import Comparison, Difference, Ours, Repair, RepairNote
from connectors.storage import claims, rows
from connectors.storage.tables import deliveries, reconciliations, repair_notes

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

    async def begun(self, system: str, *, since: date) -> Mapping[date, bool]:
        wanted = select(reconciliations.c.day, reconciliations.c.compared_at).where(
            reconciliations.c.system == system, reconciliations.c.day >= since
        )
        async with self._reading.connect() as connection:
            return {row.day: row.compared_at is not None for row in await connection.execute(wanted)}

    async def ours(self, system: str, begins: datetime, ends: datetime, *, notices: bool = False) -> Sequence[Ours]:
        kinds = sorted(NOTICE_KINDS) if notices else ["submit"]
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(deliveries, _withdrawn()).where(
                    deliveries.c.system == system,
                    deliveries.c.kind.in_(kinds),
                    deliveries.c.state != DeliveryState.REPLAYED.value,
                    deliveries.c.department_number != "",
                    # The day it left: one found out about later, or looked up again, stays where they have it. It is
                    # confirmed no earlier than that, and by that there is an index.
                    deliveries.c.confirmed_at >= begins,
                    deliveries.c.last_sent_at >= begins,
                    deliveries.c.last_sent_at < ends,
                )
            )
            return [_ours(row) for row in found.mappings()]

    async def known(self, system: str, numbers: Collection[str]) -> Mapping[str, Ours]:
        wanted = sorted(set(numbers))
        found: dict[str, Ours] = {}
        async with self._reading.connect() as connection:
            for begin in range(0, len(wanted), _MOST_NUMBERS):
                for each in await _known(connection, system, wanted[begin : begin + _MOST_NUMBERS]):
                    found.setdefault(each.our_number, each)
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
        """Return, by system, how many lines of its repair lists a person has yet to ask about."""
        compared = select(reconciliations.c.system, reconciliations.c.day, reconciliations.c.differences).where(
            reconciliations.c.compared_at >= since
        )
        async with self._reading.connect() as connection:
            found = (await connection.execute(compared)).all()
            asked = {
                (row.system, row.day, each["our_number"])
                for row in found
                for each in row.differences
                if each["repair"] == Repair.ASK.value
            }
            if not asked:
                return {}
            answered = select(repair_notes.c.system, repair_notes.c.day, repair_notes.c.our_number).where(
                repair_notes.c.day >= min(day for _, day, _ in asked)
            )
            asked -= {(row.system, row.day, row.our_number) for row in await connection.execute(answered)}
        return Counter(system for system, _, _ in asked)

    async def notes(self, system: str, *, since: date) -> Mapping[tuple[date, str], RepairNote]:
        wanted = select(repair_notes).where(repair_notes.c.system == system, repair_notes.c.day >= since)
        async with self._reading.connect() as connection:
            found = await connection.execute(wanted)
            return {
                (row["day"], row["our_number"]): RepairNote(
                    note=row["note"], by=row["by"], who=row["who"], at=row["at"]
                )
                for row in found.mappings()
            }

    async def note(self, system: str, day: date, our_number: str, note: RepairNote) -> bool:
        async with self._engine.begin() as connection:
            kept = await connection.execute(
                rows.insert_new(connection, repair_notes).values(
                    system=system, day=day, our_number=our_number, note=note.note, by=note.by, who=note.who, at=note.at
                )
            )
            return kept.rowcount == 1


async def _known(connection: AsyncConnection, system: str, numbers: Sequence[str]) -> Sequence[Ours]:
    by_own = deliveries.c.case_number.in_(numbers) & deliveries.c.known_as.is_(None)
    found = await connection.execute(
        select(deliveries, _withdrawn())
        .where(
            deliveries.c.system == system,
            deliveries.c.kind != "withdraw",
            deliveries.c.state != DeliveryState.REPLAYED.value,
            or_(by_own, deliveries.c.known_as.in_(numbers)),
        )
        .order_by(deliveries.c.position)
    )
    return [_ours(row) for row in found.mappings()]


def _withdrawn() -> Any:
    told = deliveries.alias("told")
    return (
        exists()
        .where(
            told.c.case_number == deliveries.c.case_number,
            told.c.system == deliveries.c.system,
            told.c.kind == "withdraw",
            told.c.state != DeliveryState.CANCELLED.value,
        )
        .label("is_withdrawn")
    )


def _ours(row: RowMapping) -> Ours:
    return Ours(
        delivery_id=row["id"],
        our_number=row["known_as"] or row["case_number"],
        department_number=row["department_number"],
        state=DeliveryState(row["state"]),
        their_status=row["their_status"],
        is_withdrawn=bool(row["is_withdrawn"]),
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
