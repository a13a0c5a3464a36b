"""Sums what systems were used for: counted from the ledger while it is fresh, read as sums for ever after."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.desk import CONCLUDES
from connectors.ledger import DeliveryState
from connectors.outcomes import DELIVERED
from connectors.storage.tables import attempts, deliveries, desk_tasks, inbound
from connectors.storage.usage_tables import usage
from connectors.usage import LENGTH, NOTHING, Grain, Usage, begins, total

SETTLES_WITHIN: Final = timedelta(minutes=3)
"""An attempt that began in a span is finished so long after its end; until then the span is counted again."""
MOST_BACK: Final = timedelta(days=31)
KEPT: Final[Mapping[Grain, timedelta]] = {"slot": timedelta(hours=6), "hour": timedelta(days=3)}
_LONGEST_MS: Final = 9_900_000
_AT_ONCE: Final = 200
_COARSER: Final[tuple[tuple[Grain, Grain], ...]] = (("slot", "hour"), ("hour", "day"))

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
        """Count what has happened since the last count, and bring the sums up to date."""
        async with self._reading.connect() as connection:
            since = await _since(connection, at)
            counted = await _count(connection, sorted(systems), since)
        async with self._engine.begin() as connection:
            mark = {(_MARK, begins("slot", at)): NOTHING}
            await _write(connection, "slot", mark | {key: total(parts) for key, parts in counted.items()})
            touched = {begin for _, begin in counted}
            for finer, coarser in _COARSER:
                touched = {begins(coarser, begin) for begin in touched}
                await _write(connection, coarser, await _sums(connection, finer, coarser, touched))
            for grain, kept in KEPT.items():
                await connection.execute(delete(usage).where(usage.c.grain == grain, usage.c.begins_at < at - kept))

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


async def _since(connection: AsyncConnection, at: datetime) -> datetime:
    last = await connection.scalar(select(func.max(usage.c.begins_at)).where(usage.c.grain == "slot"))
    if last is None or last < at - MOST_BACK:
        return begins("slot", at - MOST_BACK)
    return begins("slot", min(last, at - SETTLES_WITHIN))


async def _count(connection: AsyncConnection, systems: Sequence[str], since: datetime) -> Counted:
    """Return the parts of each span's usage; each statement goes along an index."""
    counted: Counted = {}
    slots = _Slots(connection)
    for statement, read in (
        _taken(slots, systems, since),
        _delivered(slots, systems, since),
        _by_hand(slots, systems, since),
        _told(slots, systems, since),
        _tried(slots, systems, since),
    ):
        for row in await connection.execute(statement):
            counted.setdefault((row.system, _moment(row.slot)), []).append(read(row))
    return counted


class _Slots:
    """`2026-11-23 10:2`: the ten minutes of UTC a moment lies in, as both databases can write them."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._is_postgres = connection.dialect.name == "postgresql"

    def of(self, column: ColumnElement[datetime]) -> ColumnElement[str]:
        text = func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI") if self._is_postgres else column
        return func.substr(text, 1, 15, type_=String).label("slot")


def _taken(slots: _Slots, systems: Sequence[str], since: datetime) -> Part:
    slot = slots.of(deliveries.c.created_at)
    counted = (
        select(deliveries.c.system, slot, func.count().label("n"))
        .where(deliveries.c.system.in_(systems), deliveries.c.created_at >= since, deliveries.c.kind == "submit")
        .group_by(deliveries.c.system, slot)
    )
    return counted, lambda row: Usage(taken=row.n)


def _delivered(slots: _Slots, systems: Sequence[str], since: datetime) -> Part:
    slot = slots.of(deliveries.c.confirmed_at)
    is_at_once = (
        (deliveries.c.state == DeliveryState.CONFIRMED.value)
        & deliveries.c.status_at.is_(None)
        & deliveries.c.outcome.in_([each.value for each in DELIVERED])
    )
    at_once = func.sum(case((is_at_once, 1), else_=0)).label("at_once")
    counted = (
        select(deliveries.c.system, slot, func.count().label("n"), at_once)
        .where(
            deliveries.c.system.in_(systems),
            deliveries.c.confirmed_at >= since,
            deliveries.c.kind == "submit",
            deliveries.c.state != DeliveryState.REFUSED.value,
        )
        .group_by(deliveries.c.system, slot)
    )
    return counted, lambda row: Usage(delivered=row.n, concluded=int(row.at_once))


def _by_hand(slots: _Slots, systems: Sequence[str], since: datetime) -> Part:
    slot = slots.of(desk_tasks.c.closed_at)
    counted = (
        select(desk_tasks.c.system, slot, func.count().label("n"))
        .where(desk_tasks.c.system.in_(systems), desk_tasks.c.closed_at >= since, desk_tasks.c.result.in_(CONCLUDES))
        .group_by(desk_tasks.c.system, slot)
    )
    return counted, lambda row: Usage(concluded=row.n)


def _told(slots: _Slots, systems: Sequence[str], since: datetime) -> Part:
    slot = slots.of(inbound.c.received_at)
    counted = (
        select(inbound.c.system, slot, inbound.c.status, func.count().label("n"))
        .where(inbound.c.system.in_(systems), inbound.c.received_at >= since, inbound.c.was_stale.is_(False))
        .group_by(inbound.c.system, slot, inbound.c.status)
    )
    return counted, lambda row: Usage(statuses={row.status: row.n})


def _tried(slots: _Slots, systems: Sequence[str], since: datetime) -> Part:
    slot, rounded = slots.of(attempts.c.started_at), _rounded(attempts.c.duration_ms).label("ms")
    kind = (attempts.c.outcome, attempts.c.error, attempts.c.http_status)
    counted = (
        select(attempts.c.system, slot, *kind, rounded, func.count().label("n"))
        .where(attempts.c.system.in_(systems), attempts.c.started_at >= since, attempts.c.finished_at.is_not(None))
        .group_by(attempts.c.system, slot, *kind, rounded)
    )

    def read(row: Any) -> Usage:
        times = {} if row.ms is None else {str(int(row.ms)): row.n}
        return Usage(outcomes={f"{row.outcome} {row.error} {row.http_status}": row.n}, times=times)

    return counted, read


def _moment(slot: str) -> datetime:
    return datetime.strptime(f"{slot}0", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


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


async def _write(connection: AsyncConnection, grain: Grain, sums: Mapping[tuple[str, datetime], Usage]) -> None:
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


def read(row: Mapping[str, Any]) -> tuple[str, datetime, Usage]:
    """Return `(system, begin of the span, usage)` of a row."""
    counts = {name: row[name] for name in ("taken", "delivered", "concluded", "outcomes", "statuses", "times")}
    return row["system"], row["begins_at"], Usage(**counts)
