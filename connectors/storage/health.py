"""`connectors.ports.HealthBook` in SQL: five statements for all systems together."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.alarms import NOTE, Alarm, read_alarms
from connectors.engine import BreakerState
from connectors.ledger import DUE
from connectors.outcomes import DELIVERED
from connectors.ports import SystemHealth
from connectors.storage import rows
from connectors.storage.tables import attempts, breakers, deliveries, desk_tasks, notes

LOOKED_AT: Final = timedelta(days=1)
_MOST_TIMES: Final = 20_000


class SqlHealthBook:
    """Reads; nothing is kept for it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = readonly(engine)

    async def all(self, at: datetime) -> Mapping[str, SystemHealth]:
        """Return the health of every system that ever had a delivery."""
        async with self._reading.connect() as connection:
            stands = await _stands(connection)
            tried = await _tried(connection, at - LOOKED_AT)
            found = await connection.execute(select(breakers))
            broken = {row["system"]: rows.breaker(row) for row in found.mappings()}
            open_tasks = await connection.execute(
                select(desk_tasks.c.system, func.count())
                .where(desk_tasks.c.closed_at.is_(None))
                .group_by(desk_tasks.c.system)
            )
            tasks = {row[0]: int(row[1]) for row in open_tasks}
            alarms = await _alarms(connection)
        return {
            system: replace(
                _health(system, stands.get(system, {}), tried.get(system, []), broken.get(system), tasks),
                alarms=alarms.get(system, ()),
            )
            for system in sorted({*stands, *tried, *broken, *tasks, *alarms})
        }


async def _alarms(connection: AsyncConnection) -> dict[str, tuple[Alarm, ...]]:
    found = await connection.execute(
        select(notes.c.system, notes.c.text).where(notes.c.name == NOTE, notes.c.text != "")
    )
    return {row.system: read_alarms(row.text) for row in found}


async def _stands(connection: AsyncConnection) -> dict[str, dict[str, Any]]:
    waiting = case((deliveries.c.state.in_([state.value for state in DUE]), deliveries.c.created_at))
    found = await connection.execute(
        select(
            deliveries.c.system,
            deliveries.c.state,
            func.count().label("how_many"),
            func.min(waiting).label("oldest"),
            func.max(deliveries.c.confirmed_at).label("last_success"),
        ).group_by(deliveries.c.system, deliveries.c.state)
    )
    stands: dict[str, dict[str, Any]] = {}
    for row in found.mappings():
        stands.setdefault(row["system"], {})[row["state"]] = row
    return stands


async def _tried(connection: AsyncConnection, since: datetime) -> dict[str, list[Any]]:
    found = await connection.execute(
        select(attempts.c.system, attempts.c.outcome, attempts.c.error, attempts.c.duration_ms)
        .where(attempts.c.started_at >= since, attempts.c.finished_at.is_not(None))
        .order_by(attempts.c.started_at.desc())
        .limit(_MOST_TIMES)
    )
    tried: dict[str, list[Any]] = {}
    for row in found.mappings():
        tried.setdefault(row["system"], []).append(row)
    return tried


def _health(
    system: str,
    stands: Mapping[str, Any],
    tried: list[Any],
    broken: BreakerState | None,
    tasks: Mapping[str, int],
) -> SystemHealth:
    oldest = [row["oldest"] for row in stands.values() if row["oldest"] is not None]
    succeeded = [row["last_success"] for row in stands.values() if row["last_success"] is not None]
    delivered = {outcome.value for outcome in DELIVERED}
    failure = next((row for row in tried if row["outcome"] not in delivered), None)
    times = sorted(row["duration_ms"] for row in tried if row["duration_ms"] is not None)
    return SystemHealth(
        system=system,
        counts={state: int(row["how_many"]) for state, row in stands.items()},
        oldest_waiting_at=min(oldest) if oldest else None,
        last_success_at=max(succeeded) if succeeded else None,
        last_outcome=tried[0]["outcome"] if tried else "",
        last_error=(failure["error"] or failure["outcome"]) if failure else "",
        attempts=len(tried),
        p50_ms=_percentile(times, 50),
        p95_ms=_percentile(times, 95),
        breaker=broken or BreakerState(),
        open_tasks=tasks.get(system, 0),
    )


def _percentile(times: list[int], percent: int) -> int | None:
    if not times:
        return None
    return times[min(len(times) - 1, round((len(times) - 1) * percent / 100))]
