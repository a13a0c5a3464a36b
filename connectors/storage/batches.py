"""`connectors.batches.Batches` in SQL. The number is the day's highest plus one, in the commit that keeps the rows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.batches import Batch, BatchRow
from connectors.storage.tables import batch_rows, batches

_TRIES: Final = 5
_MOST: Final = 500


class SqlBatches:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def of_deliveries(self, system: str, keys: Collection[str]) -> Mapping[str, Batch]:
        async with self._reading.connect() as connection:
            found = await _of_deliveries(connection, system, keys)
        return {row.delivery_key: batch for batch in found for row in batch.rows if row.delivery_key in keys}

    async def unplaced(self, system: str) -> Sequence[Batch]:
        wanted = (batches.c.system == system) & batches.c.placed_at.is_(None)
        async with self._reading.connect() as connection:
            return await _whole(connection, wanted)

    async def unanswered(self, system: str) -> Sequence[Batch]:
        wanted = select(batches).where(
            batches.c.system == system, batches.c.placed_at.is_not(None), batches.c.answered_at.is_(None)
        )
        async with self._reading.connect() as connection:
            found = await connection.execute(wanted.order_by(batches.c.day, batches.c.number).limit(_MOST))
            return [_batch(row, ()) for row in found.mappings()]

    async def placed(self, system: str, begins: datetime, ends: datetime) -> Sequence[Batch]:
        in_time = (batches.c.placed_at >= begins) & (batches.c.placed_at < ends)
        async with self._reading.connect() as connection:
            return await _whole(connection, (batches.c.system == system) & in_time)

    async def find(self, system: str, day: date, number: int) -> Batch | None:
        wanted = (batches.c.system == system) & (batches.c.day == day) & (batches.c.number == number)
        async with self._reading.connect() as connection:
            return next(iter(await _whole(connection, wanted)), None)

    async def reserve(
        self, system: str, day: date, rows: Sequence[tuple[str, str, str]], *, at: datetime
    ) -> Batch | None:
        keys = [key for key, _, _ in rows]
        for _ in range(_TRIES):
            try:
                async with self._engine.begin() as connection:
                    return await _reserve(connection, system, day, rows, at)
            except IntegrityError:
                # Either another worker took this number: then the next one is ours; or it took one of the deliveries.
                if await self.of_deliveries(system, keys):
                    return None
        return None

    async def place(self, batch: Batch, *, at: datetime) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                update(batches).where(_is(batch), batches.c.placed_at.is_(None)).values(placed_at=at)
            )

    async def answer(self, batch: Batch, *, at: datetime) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                update(batches).where(_is(batch), batches.c.answered_at.is_(None)).values(answered_at=at)
            )


async def _reserve(
    connection: AsyncConnection, system: str, day: date, rows: Sequence[tuple[str, str, str]], at: datetime
) -> Batch:
    highest = select(func.coalesce(func.max(batches.c.number), 0)).where(
        batches.c.system == system, batches.c.day == day
    )
    number = int((await connection.execute(highest)).scalar_one()) + 1
    place = {"system": system, "day": day, "number": number}
    await connection.execute(insert(batches).values(**place, reserved_at=at))
    made = tuple(
        BatchRow(delivery_key=key, case_number=case, position=n, line=line)
        for n, (key, case, line) in enumerate(rows, 1)
    )
    await connection.execute(
        insert(batch_rows),
        [
            {
                **place,
                "delivery_key": row.delivery_key,
                "case_number": row.case_number,
                "position": row.position,
                "line": row.line,
            }
            for row in made
        ],
    )
    return Batch(system=system, day=day, number=number, rows=made, reserved_at=at)


async def _of_deliveries(connection: AsyncConnection, system: str, keys: Collection[str]) -> Sequence[Batch]:
    found = await connection.execute(
        select(batch_rows.c.day, batch_rows.c.number)
        .where(batch_rows.c.system == system, batch_rows.c.delivery_key.in_(list(keys)))
        .distinct()
    )
    places = [(row.day, row.number) for row in found]
    if not places:
        return []
    one_of = tuple_(batches.c.day, batches.c.number).in_(places)
    return await _whole(connection, (batches.c.system == system) & one_of)


async def _whole(connection: AsyncConnection, wanted: Any) -> list[Batch]:
    joined = batches.join(
        batch_rows,
        (batch_rows.c.system == batches.c.system)
        & (batch_rows.c.day == batches.c.day)
        & (batch_rows.c.number == batches.c.number),
    )
    found = await connection.execute(
        select(
            batches,
            batch_rows.c.delivery_key,
            batch_rows.c.case_number,
            batch_rows.c.position,
            batch_rows.c.line,
        )
        .select_from(joined)
        .where(wanted)
        .order_by(batches.c.day, batches.c.number, batch_rows.c.position)
    )
    whole: dict[tuple[str, int], list[Any]] = {}
    for row in found.mappings():
        whole.setdefault((row["day"], row["number"]), []).append(row)
    return [_batch(rows[0], tuple(_row(row) for row in rows)) for rows in whole.values()]


def _is(batch: Batch) -> Any:
    return (batches.c.system == batch.system) & (batches.c.day == batch.day) & (batches.c.number == batch.number)


def _batch(row: Any, rows: tuple[BatchRow, ...]) -> Batch:
    return Batch(
        system=row["system"],
        day=row["day"],
        number=row["number"],
        rows=rows,
        reserved_at=row["reserved_at"],
        placed_at=row["placed_at"],
        answered_at=row["answered_at"],
    )


def _row(row: Any) -> BatchRow:
    return BatchRow(
        delivery_key=row["delivery_key"], case_number=row["case_number"], position=row["position"], line=row["line"]
    )
