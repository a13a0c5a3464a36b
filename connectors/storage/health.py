"""`connectors.system_health.HealthBook` in SQL: a few statements for all systems together, each along an index."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.alarms import NOTE as ALARMS
from connectors.alarms import read_alarms
from connectors.certificates import NOTE as CERTIFICATE
from connectors.certificates import read_sighting
from connectors.engine import BreakerState
from connectors.ledger import IN_THE_WAY, DeliveryState, DeskReason
from connectors.limits import NOTE as LIMITS
from connectors.limits import read_limits
from connectors.maintenance import by_system
from connectors.storage import holds, rows
from connectors.storage.maintenance import current
from connectors.storage.tables import breakers, deliveries, desk_tasks, notes
from connectors.storage.usage import WINDOWS, read
from connectors.storage.usage_tables import usage
from connectors.system_health import SystemHealth
from connectors.usage import NOTHING, Usage

FRESH_FOR: Final = timedelta(minutes=15)
_OPEN: Final = [state.value for state in (*IN_THE_WAY, DeliveryState.PENDING_RESULT)]
"""States in which somebody still has to do something: what is over is counted by `usage`."""


class SqlHealthBook:
    """Reads; nothing is kept for it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = readonly(engine)

    async def all(self, systems: Collection[str], at: datetime) -> Mapping[str, SystemHealth]:
        names = sorted(systems)
        if not names:
            return {}
        async with self._reading.connect() as connection:
            counts = await _counts(connection, names)
            oldest = await _oldest(connection, names)
            succeeded = await _last_success(connection, names)
            broken = await _broken(connection)
            held = await holds.standing(connection, names, at)
            desk = await _desk(connection, names, at)
            noted = await _noted(connection)
            used = await _used(connection, names, at)
            windows = by_system(await current(connection, at))
        return {
            name: SystemHealth(
                system=name,
                counts=counts.get(name, {}),
                oldest_waiting_at=oldest.get(name),
                last_success_at=succeeded.get(name),
                breaker=broken.get(name, BreakerState()),
                holds=held.get(name, ()),
                desk={reason: count for reason, (count, _) in desk.get(name, {}).items()},
                overdue=sum(late for _, late in desk.get(name, {}).values()),
                hour=used.get(("1h", name), NOTHING),
                day=used.get(("24h", name), NOTHING),
                alarms=read_alarms(noted.get((name, ALARMS), "")),
                limits=read_limits(noted.get((name, LIMITS), "")),
                certificate=read_sighting(noted.get((name, CERTIFICATE), "")),
                windows=windows.get(name, ()),
            )
            for name in names
        }


async def _counts(connection: AsyncConnection, names: Sequence[str]) -> dict[str, dict[str, int]]:
    found = await connection.execute(
        select(deliveries.c.system, deliveries.c.state, func.count().label("n"))
        .where(deliveries.c.system.in_(names), deliveries.c.state.in_(_OPEN))
        .group_by(deliveries.c.system, deliveries.c.state)
    )
    counts: dict[str, dict[str, int]] = {}
    for row in found:
        counts.setdefault(row.system, {})[row.state] = row.n
    return counts


async def _oldest(connection: AsyncConnection, names: Sequence[str]) -> dict[str, datetime]:
    found = await connection.execute(
        select(deliveries.c.system, func.min(deliveries.c.created_at))
        .where(deliveries.c.system.in_(names), deliveries.c.next_attempt_at.is_not(None))
        .group_by(deliveries.c.system)
    )
    return {row[0]: row[1] for row in found}


async def _last_success(connection: AsyncConnection, names: Sequence[str]) -> dict[str, datetime]:
    last = [
        select(
            literal(name),
            select(func.max(deliveries.c.confirmed_at))
            .where(deliveries.c.system == name, deliveries.c.confirmed_at.is_not(None))
            .scalar_subquery(),
        )
        for name in names
    ]
    found = await connection.execute(union_all(*last))
    return {row[0]: row[1] for row in found if row[1] is not None}


async def _broken(connection: AsyncConnection) -> dict[str, BreakerState]:
    found = await connection.execute(select(breakers))
    return {row["system"]: rows.breaker(row) for row in found.mappings()}


async def _desk(
    connection: AsyncConnection, names: Sequence[str], at: datetime
) -> dict[str, dict[DeskReason, tuple[int, int]]]:
    late = func.sum(case((desk_tasks.c.due_at < at, 1), else_=0)).label("late")
    found = await connection.execute(
        select(desk_tasks.c.system, desk_tasks.c.reason, func.count().label("n"), late)
        .where(desk_tasks.c.system.in_(names), desk_tasks.c.closed_at.is_(None))
        .group_by(desk_tasks.c.system, desk_tasks.c.reason)
    )
    desk: dict[str, dict[DeskReason, tuple[int, int]]] = {}
    for row in found:
        desk.setdefault(row.system, {})[DeskReason(row.reason)] = (row.n, int(row.late))
    return desk


async def _noted(connection: AsyncConnection) -> dict[tuple[str, str], str]:
    found = await connection.execute(
        select(notes.c.system, notes.c.name, notes.c.text).where(
            notes.c.name.in_([ALARMS, LIMITS, CERTIFICATE]), notes.c.text != ""
        )
    )
    return {(row.system, row.name): row.text for row in found}


async def _used(connection: AsyncConnection, names: Sequence[str], at: datetime) -> dict[tuple[str, str], Usage]:
    """Return the last hour (`1h`) and the last day (`24h`) of each; nothing once no worker has summed them for long."""
    found = await connection.execute(
        select(usage).where(
            usage.c.system.in_(names), usage.c.grain.in_(list(WINDOWS)), usage.c.begins_at >= at - FRESH_FOR
        )
    )
    return {(row["grain"], row["system"]): read(row)[2] for row in found.mappings()}
