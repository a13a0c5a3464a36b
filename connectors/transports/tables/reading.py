"""Reading what a department wrote: results from a watermark on, failed rows, and how long rows have been waiting.

Rows committed late carry an earlier time than rows already read, so reading begins before the watermark; a read flag
brings what is older still. Pages go by time and key, so that a full page never hides what comes after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, and_, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.spec_exchange_table import ExchangeTableSpec
from connectors.transports.tables.schema import Tables, bounded

_MOST_PAGES: Final = 10
Found = Mapping[str, Any]
Place = tuple[Any, ...]
"""Where a page ended: time, then key columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`ended_at` is where reading stopped before the end; None when there was nothing more."""

    rows: Sequence[Found]
    ended_at: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Rows nobody has taken; `oldest` is the table's own time, without zone."""

    count: int
    oldest: datetime | None


class RowReader:
    """Reads the department's tables; raises what SQLAlchemy raises."""

    def __init__(self, engine: AsyncEngine, tables: Tables, spec: ExchangeTableSpec) -> None:
        self._engine = engine
        self._reading = engine.execution_options(readonly=True)
        self._out = tables.out
        self._back = tables.back
        self._spec = spec
        # Ours may be the same table; what the department writes of its own accord may be as long as it likes.
        whole = {spec.out.key, *(spec.out.columns.keys() if spec.back.table is None else spec.back.key)}
        self._of_back = bounded(self._back, tables.back_columns, whole=whole - {spec.out.status.reason})
        self._of_out = bounded(self._out, spec.out.columns, whole=set(spec.out.columns) - {spec.out.status.reason})

    async def answered(self, since: datetime | None, after: Place | None) -> Page:
        """Return rows with a result, oldest first, from `since` or from where the last page ended."""
        found: list[Found] = []
        async with self._reading.connect() as connection:
            for _ in range(_MOST_PAGES):
                page = (await connection.execute(self._page(since, after))).mappings().all()
                found += [dict(row) for row in page]
                if len(page) < self._spec.back.most_rows:
                    return Page(rows=found, ended_at=None)
                after = self._place(page[-1])
        return Page(rows=found, ended_at=after)

    async def rows_of_cases(self, numbers: Sequence[str]) -> Sequence[Found]:
        """Return every row of ours for those cases."""
        case = self._out.c[self._spec.out.case]
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(*self._of_back).where(case.in_(numbers)).order_by(self._out.c[self._spec.out.key])
            )
            return [dict(row) for row in found.mappings()]

    async def failed(self, since: datetime) -> Sequence[Found]:
        """Return our rows the department could not read, latest first."""
        status, written = self._out.c[self._spec.out.status.column], self._out.c[self._spec.out.written_at]
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(*self._of_out)
                .where(status.in_(self._spec.out.status.failed), written >= since)
                .order_by(written.desc())
                .limit(self._spec.back.most_rows)
            )
            return [dict(row) for row in found.mappings()]

    async def of_day(self, begins: datetime, *, most: int, page: int) -> Sequence[Found]:
        """Return a page of the rows written from `begins` on for a day, by the table's own clock; pages count from 1."""
        written, key = self._out.c[self._spec.out.written_at], self._out.c[self._spec.out.key]
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(*self._of_out)
                .where(written >= begins, written < begins + timedelta(days=1))
                .order_by(key)
                .limit(most)
                .offset((page - 1) * most)
            )
            return [dict(row) for row in found.mappings()]

    async def waiting(self) -> Waiting:
        """Return how many rows nobody has taken, and since when the oldest waits."""
        status, written = self._out.c[self._spec.out.status.column], self._out.c[self._spec.out.written_at]
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(func.count(), func.min(written)).where(status == self._spec.out.status.waiting)
            )
            count, oldest = found.one()
        return Waiting(count=int(count), oldest=oldest)

    async def mark_read(self, rows: Sequence[Found]) -> None:
        """Set the read flag of rows whose copies are kept; a row cleared meanwhile is no fault."""
        flag = self._spec.back.read
        if flag is None or not rows:
            return
        async with self._engine.begin() as connection:
            for n in range(0, len(rows), 200):
                wanted = [self._key_of(row) for row in rows[n : n + 200]]
                await connection.execute(
                    update(self._back).where(tuple_(*self._keys()).in_(wanted)).values({flag.column: flag.done})
                )

    def _page(self, since: datetime | None, after: Place | None) -> Any:
        back, spec = self._back, self._spec.back
        time, answered = back.c[spec.time], back.c[spec.answered]
        wanted: list[ColumnElement[bool]] = [answered.is_not(None)]
        if since is not None:
            fresh: ColumnElement[bool] = time >= since
            wanted.append(fresh if spec.read is None else or_(fresh, _unread(back.c[spec.read.column], spec.read.done)))
        if after is not None:
            wanted.append(_beyond((time, *self._keys()), after))
        return select(*self._of_back).where(and_(*wanted)).order_by(time, *self._keys()).limit(spec.most_rows)

    def _place(self, row: Any) -> Place:
        return (row[self._spec.back.time], *self._key_of(row))

    def _key_of(self, row: Any) -> tuple[Any, ...]:
        return tuple(row[name] for name in self._spec.back.key)

    def _keys(self) -> "list[Column[Any]]":
        return [self._back.c[name] for name in self._spec.back.key]


def _unread(flag: "Column[Any]", done: str) -> ColumnElement[bool]:
    return or_(flag.is_(None), flag != done)


def _beyond(columns: "Sequence[Column[Any]]", place: Place) -> ColumnElement[bool]:
    """Return the condition for rows behind `place` in the order of `columns`."""
    first, value = columns[0], place[0]
    behind: ColumnElement[bool] = first > value
    if len(columns) == 1:
        return behind
    return or_(behind, and_(first == value, _beyond(columns[1:], place[1:])))


def begin_at(watermark: datetime | None, overlap_minutes: int) -> datetime | None:
    """Return where reading begins; None from the very beginning."""
    return None if watermark is None else watermark - timedelta(minutes=overlap_minutes)
