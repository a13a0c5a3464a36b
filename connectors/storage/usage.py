"""Sums what systems were used for: counted from the ledger while it is fresh, read as sums for ever after."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, Select, String, and_, case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.desk import CONCLUDES
from connectors.ledger import DeliveryState
from connectors.outcomes import DELIVERED
from connectors.storage.tables import attempts, deliveries, desk_tasks, inbound
from connectors.storage.usage_tables import usage
from connectors.usage import LENGTH, NOTHING, Grain, Usage, Window, begins, total

SETTLES_WITHIN: Final = timedelta(minutes=3)
"""An attempt that began in a span is finished so long after its end; until then the span is counted again."""
MOST_BACK: Final = timedelta(days=31)
KEPT: Final[Mapping[Grain, timedelta]] = {"slot": timedelta(hours=6), "hour": timedelta(days=3)}
_LONGEST_MS: Final = 9_900_000
_AT_ONCE: Final = 200
_COARSER: Final[tuple[tuple[Grain, Grain], ...]] = (("slot", "hour"), ("hour", "day"))
_COARSER_FROM: Final[Mapping[Grain, int]] = {"slot": 0, "hour": 1}
WINDOWS: Final[Mapping[Window, tuple[Grain, timedelta]]] = {
    "1h": ("slot", timedelta(hours=1)),
    "24h": ("hour", timedelta(days=1)),
}
"""What the board shows, summed beforehand: from which grain, and how far back. Such a row begins when it was summed."""

_MARK: Final = ""
"""A system that is none: its row says how far was counted when nothing happened."""

Counted = dict[tuple[str, datetime], list[Usage]]
Part = tuple[Select[Any], Callable[[Any], Usage]]
"""What counts one thing of each span, and how its rows are read."""


class SqlUsage:
    """`roll` may be called by any process and any number of times: it counts, it never adds to what is there."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def roll(self, systems: Collection[str], at: datetime) -> None:
        """Count what has happened since the last count, and bring the sums up to date.

        What is older than the finest grain is kept for is counted by the hour, a day to a commit: a month that nobody
        counted holds no window's commit up.
        """
        names, edge = sorted(systems), begins("hour", at - KEPT["slot"])
        since = await self._since(at)
        while since < edge:
            until = min(begins("day", since) + LENGTH["day"], edge)
            await self._roll_part(names, "hour", begins("hour", since), until)
            since = until
        await self._roll_part(names, "slot", since, begins("slot", at) + LENGTH["slot"])
        async with self._engine.begin() as connection:
            for grain, kept in KEPT.items():
                await connection.execute(delete(usage).where(usage.c.grain == grain, usage.c.begins_at < at - kept))
            for window, (finer, length) in WINDOWS.items():
                parts = await _read_since(connection, finer, at - length)
                await connection.execute(delete(usage).where(usage.c.grain == window))
                await _write(connection, window, {(system, at): total(each) for system, each in parts.items()})

    async def _since(self, at: datetime) -> datetime:
        async with self._reading.connect() as connection:
            last = await connection.scalar(select(func.max(usage.c.begins_at)).where(usage.c.grain == "slot"))
        if last is None or last < at - MOST_BACK:
            return begins("day", at - MOST_BACK)
        return begins("slot", min(last, at - SETTLES_WITHIN))

    async def _roll_part(self, systems: Sequence[str], grain: Grain, since: datetime, until: datetime) -> None:
        async with self._reading.connect() as connection:
            counted = await _count(connection, systems, _Spans(connection, grain, since, until))
        async with self._engine.begin() as connection:
            await _write(connection, grain, {key: total(parts) for key, parts in counted.items()})
            await _write(connection, "slot", {(_MARK, until - LENGTH["slot"]): NOTHING})
            touched = {begin for _, begin in counted}
            for finer, coarser in _COARSER[_COARSER_FROM[grain] :]:
                touched = {begins(coarser, begin) for begin in touched}
                await _write(connection, coarser, await _sums(connection, finer, coarser, touched))

    async def since(
        self, grain: Grain, begin: datetime, *, system: str | None = None
    ) -> Sequence[tuple[str, datetime, Usage]]:
        """Return `(system, begin of the span, usage)` of the spans from `begin` on, the oldest first."""
        wanted = select(usage).where(usage.c.grain == grain, usage.c.begins_at >= begin, usage.c.system != _MARK)
        wanted = wanted.order_by(usage.c.begins_at)
        if system is not None:
            wanted = wanted.where(usage.c.system == system)
        async with self._reading.connect() as connection:
            return [read(row) for row in (await connection.execute(wanted)).mappings()]


async def _count(connection: AsyncConnection, systems: Sequence[str], spans: "_Spans") -> Counted:
    """Return the parts of each span's usage; each statement goes along an index."""
    counted: Counted = {}
    for part in (_taken, _delivered, _by_hand, _told, _tried):
        statement, read_part = part(spans, systems)
        for row in await connection.execute(statement):
            counted.setdefault((row.system, _moment(row.span)), []).append(read_part(row))
    return counted


class _Spans:
    """The spans of one grain between two moments, as both databases can tell them apart.

    A span is the beginning of its moment's text in UTC: `2026-11-23 10` an hour, `2026-11-23 10:2` ten minutes.
    """

    def __init__(self, connection: AsyncConnection, grain: Grain, since: datetime, until: datetime) -> None:
        self._is_postgres = connection.dialect.name == "postgresql"
        self._characters = 15 if grain == "slot" else 13
        self._since, self._until = since, until

    def of(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        text = func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI") if self._is_postgres else column
        return func.substr(text, 1, self._characters, type_=String).label("span")

    def hold(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        return and_(column >= self._since, column < self._until)


def _taken(spans: _Spans, systems: Sequence[str]) -> Part:
    moment = deliveries.c.created_at
    counted = (
        select(deliveries.c.system, spans.of(moment), func.count().label("n"))
        .where(deliveries.c.system.in_(systems), spans.hold(moment), deliveries.c.kind == "submit")
        .group_by(deliveries.c.system, "span")
    )
    return counted, lambda row: Usage(taken=row.n)


def _delivered(spans: _Spans, systems: Sequence[str]) -> Part:
    moment = deliveries.c.confirmed_at
    is_at_once = (
        (deliveries.c.state == DeliveryState.CONFIRMED.value)
        & deliveries.c.status_at.is_(None)
        & deliveries.c.outcome.in_([each.value for each in DELIVERED])
    )
    at_once = func.sum(case((is_at_once, 1), else_=0)).label("at_once")
    counted = (
        select(deliveries.c.system, spans.of(moment), func.count().label("n"), at_once)
        .where(
            deliveries.c.system.in_(systems),
            spans.hold(moment),
            deliveries.c.kind == "submit",
            deliveries.c.state != DeliveryState.REFUSED.value,
        )
        .group_by(deliveries.c.system, "span")
    )
    return counted, lambda row: Usage(delivered=row.n, concluded=int(row.at_once))


def _by_hand(spans: _Spans, systems: Sequence[str]) -> Part:
    moment = desk_tasks.c.closed_at
    counted = (
        select(desk_tasks.c.system, spans.of(moment), func.count().label("n"))
        .where(desk_tasks.c.system.in_(systems), spans.hold(moment), desk_tasks.c.result.in_(CONCLUDES))
        .group_by(desk_tasks.c.system, "span")
    )
    return counted, lambda row: Usage(concluded=row.n)


def _told(spans: _Spans, systems: Sequence[str]) -> Part:
    moment = inbound.c.received_at
    counted = (
        select(inbound.c.system, spans.of(moment), inbound.c.status, func.count().label("n"))
        .where(inbound.c.system.in_(systems), spans.hold(moment), inbound.c.was_stale.is_(False))
        .group_by(inbound.c.system, "span", inbound.c.status)
    )
    return counted, lambda row: Usage(statuses={row.status: row.n})


def _tried(spans: _Spans, systems: Sequence[str]) -> Part:
    moment, rounded = attempts.c.started_at, _rounded(attempts.c.duration_ms).label("ms")
    kind = (attempts.c.outcome, attempts.c.error, attempts.c.http_status)
    counted = (
        select(attempts.c.system, spans.of(moment), *kind, rounded, func.count().label("n"))
        .where(attempts.c.system.in_(systems), spans.hold(moment), attempts.c.finished_at.is_not(None))
        .group_by(attempts.c.system, "span", *kind, "ms")
    )

    def read_part(row: Any) -> Usage:
        times = {} if row.ms is None else {str(int(row.ms)): row.n}
        return Usage(outcomes={f"{row.outcome} {row.error} {row.http_status}": row.n}, times=times)

    return counted, read_part


def _moment(span: str) -> datetime:
    return datetime.fromisoformat(f"{span}0" if len(span) > len("2026-11-23 10") else f"{span}:00").replace(tzinfo=UTC)


def _rounded(milliseconds: ColumnElement[int | None]) -> ColumnElement[int | None]:
    """Return the duration by its first two digits: so few different ones that they can be counted."""
    steps = [(10**power, 10 ** (power - 1)) for power in range(2, 7)]
    return case(
        (milliseconds < 100, milliseconds),
        *((milliseconds < bound * 10, milliseconds - milliseconds % step) for bound, step in steps),
        else_=_LONGEST_MS,
    )


async def _sums(
    connection: AsyncConnection, finer: Grain, coarser: Grain, touched: Collection[datetime]
) -> dict[tuple[str, datetime], Usage]:
    if not touched:
        return {}
    found = await connection.execute(
        select(usage).where(
            usage.c.grain == finer,
            usage.c.system != _MARK,
            usage.c.begins_at >= min(touched),
            usage.c.begins_at < max(touched) + LENGTH[coarser],
        )
    )
    parts: Counted = {}
    for system, begin, part in map(read, found.mappings()):
        span = begins(coarser, begin)
        if span in touched:
            parts.setdefault((system, span), []).append(part)
    return {key: total(each) for key, each in parts.items()}


async def _read_since(connection: AsyncConnection, grain: Grain, since: datetime) -> dict[str, list[Usage]]:
    wanted = select(usage).where(usage.c.grain == grain, usage.c.begins_at >= since, usage.c.system != _MARK)
    found: dict[str, list[Usage]] = {}
    for system, _, part in map(read, (await connection.execute(wanted)).mappings()):
        found.setdefault(system, []).append(part)
    return found


async def _write(
    connection: AsyncConnection, grain: Grain | Window, sums: Mapping[tuple[str, datetime], Usage]
) -> None:
    rows = [
        {
            "grain": grain, "system": system, "begins_at": begin, "taken": each.taken, "delivered": each.delivered,
            "concluded": each.concluded, "outcomes": dict(each.outcomes), "statuses": dict(each.statuses),
            "times": dict(each.times),
        }
        for (system, begin), each in sums.items()
    ]  # fmt: skip
    key = [column.name for column in usage.primary_key]
    for first in range(0, len(rows), _AT_ONCE):
        insert: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(usage)
        insert = insert.values(rows[first : first + _AT_ONCE])
        changed = {column.name: insert.excluded[column.name] for column in usage.c if column.name not in key}
        await connection.execute(insert.on_conflict_do_update(index_elements=key, set_=changed))


def read(row: RowMapping) -> tuple[str, datetime, Usage]:
    """Return `(system, begin of the span, usage)` of a row."""
    counts = {name: row[name] for name in ("taken", "delivered", "concluded", "outcomes", "statuses", "times")}
    return row["system"], row["begins_at"], Usage(**counts)
