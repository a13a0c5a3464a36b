"""Writing the rows of one delivery: one transaction, read back and compared inside it and once more after it.

A second INSERT under our key is refused by the table itself; what stands there is compared with what we would write.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from connectors.outcomes import Answer
from connectors.spec_exchange_table import OutTableSpec
from connectors.transports.tables.faults import Stage, answer_of, is_clash, said
from connectors.transports.tables.rows import Row, differing, told
from connectors.transports.tables.schema import Tables


@dataclass(slots=True)
class _Way:
    """How far one write has come; read when it breaks."""

    stage: Stage = "connecting"


class RowWriter:
    """Writes into the department's table and looks up what stands there. Never raises for what a database does."""

    def __init__(self, engine: AsyncEngine, tables: Tables, out: OutTableSpec, *, total_seconds: float) -> None:
        self._engine = engine
        self._reading = engine.execution_options(readonly=True)
        self._table = tables.out
        self._out = out
        self._total_seconds = total_seconds

    async def write(self, rows: Sequence[Row], *, takes_back: str = "") -> Answer:
        """Write `rows`, all or none. `takes_back` is a case's number whose rows must all be waiting still."""
        way = _Way()
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._written(rows, takes_back, way)
                return answer if answer is not None else await self._verified(rows)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            return answer_of(error, way.stage)

    async def look_up(self, rows: Sequence[Row]) -> Answer:
        """Tell whether `rows` stand in the table: same, taken, other, absent."""
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._standing(rows)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            return answer_of(error, "reading")

    async def _written(self, rows: Sequence[Row], takes_back: str, way: _Way) -> Answer | None:
        """Return None once the rows are committed, else why they are not there by this attempt."""
        async with self._engine.connect() as connection:
            way.stage = "reading"
            if takes_back and not await self._is_waiting(connection, takes_back):
                return said("late")
            way.stage = "writing"
            try:
                await connection.execute(insert(self._table), [self._bound(row) for row in rows])
            except SQLAlchemyError as error:
                if not is_clash(error):
                    raise
                await connection.rollback()
                return await self._clashed(rows)
            if (wrong := self._compare(rows, await self._read(connection, rows))) is not None:
                # Nobody has seen it yet: what the table would keep wrong is not kept at all.
                await connection.rollback()
                return wrong
            way.stage = "committing"
            await connection.commit()
            return None

    async def _verified(self, rows: Sequence[Row]) -> Answer:
        """Return what stands there after the commit: a trigger, or a table without transactions, may still have cut it."""
        try:
            async with self._reading.connect() as connection:
                wrong = self._compare(rows, await self._read(connection, rows))
        except (SQLAlchemyError, OSError):
            wrong = None  # the commit was confirmed and its content read back before it: it is there
        return wrong or said("written", row=self._told(rows[0].values), rows=len(rows))

    async def _clashed(self, rows: Sequence[Row]) -> Answer:
        answer = await self._standing(rows)
        # The table has a row of somebody else's under a key that must be one of its kind.
        return said("clash") if isinstance(answer.body, dict) and answer.body.get("result") == "absent" else answer

    async def _standing(self, rows: Sequence[Row]) -> Answer:
        async with self._reading.connect() as connection:
            there = await self._read(connection, rows)
        if not there:
            return said("absent")
        if wrong := self._compare(rows, there):
            return said("other", columns=wrong.body["columns"] if isinstance(wrong.body, dict) else "")
        first = there[rows[0].key]
        return said("same", row=self._told(first), rows=len(rows))

    def _compare(self, rows: Sequence[Row], there: Mapping[str, Mapping[str, object]]) -> Answer | None:
        """Return what is wrong with the rows read back; None when each is what we wrote."""
        names: dict[str, None] = {}
        for row in rows:
            theirs = there.get(row.key)
            found = (self._out.key,) if theirs is None else differing(row.values, theirs, self._out)
            names |= dict.fromkeys(found)
        return said("shortened", columns="、".join(names)) if names else None

    async def _read(self, connection: AsyncConnection, rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
        key = self._table.c[self._out.key]
        found = await connection.execute(select(self._table).where(key.in_([row.key for row in rows])))
        return {str(row[self._out.key]).rstrip(" "): dict(row) for row in found.mappings()}

    async def _is_waiting(self, connection: AsyncConnection, number: str) -> bool:
        """Tell whether nobody has taken the rows of a case; they stay locked until we are done."""
        status = self._table.c[self._out.status.column]
        found = await connection.execute(
            select(status).where(self._table.c[self._out.case] == number).with_for_update()
        )
        statuses = [str(value) for value in found.scalars()]
        return bool(statuses) and all(value == self._out.status.waiting for value in statuses)

    def _bound(self, row: Row) -> dict[str, object]:
        return dict(row.values)

    def _told(self, values: Mapping[str, object]) -> dict[str, str]:
        return told(values, self._out.columns)
