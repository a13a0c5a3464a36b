"""Holds in SQL: one row per system, operation and reason; a breaker's hold is its own row."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, literal, select, tuple_, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.holds import BEFORE_SENDING, Hold, as_shown
from connectors.ledger import Delivery, DeliveryState, HoldReason
from connectors.storage import rows
from connectors.storage.tables import breakers, deliveries, holds


async def kept(connection: AsyncConnection) -> dict[str, list[Hold]]:
    """Return every hold that was written, by system; those of breakers are not among them."""
    found = await connection.execute(select(holds.c.system, holds.c.operation, holds.c.until, holds.c.reason))
    return _by_system(found)


async def standing(connection: AsyncConnection, systems: Collection[str], at: datetime) -> dict[str, list[Hold]]:
    """Return what keeps deliveries of these systems waiting at `at`, open breakers among it."""
    written = select(holds.c.system, holds.c.operation, holds.c.until, holds.c.reason).where(
        holds.c.system.in_(systems), holds.c.until > at
    )
    broken = select(
        breakers.c.system, literal("").label("operation"), breakers.c.open_until, literal("breaker").label("reason")
    ).where(breakers.c.system.in_(systems), breakers.c.open_until > at)
    return _by_system(await connection.execute(union_all(written, broken)))


def _by_system(found: Iterable[Any]) -> dict[str, list[Hold]]:
    by_system: dict[str, list[Hold]] = {}
    for system, operation, until, reason in found:
        hold = Hold(operations=(operation,) if operation else (), until=until, reason=reason)
        by_system.setdefault(system, []).append(hold)
    return by_system


async def shown(connection: AsyncConnection, found: Sequence[Delivery], at: datetime) -> list[Delivery]:
    """Return the deliveries as people see them; what waits for nothing costs no statement."""
    waiting = {each.system for each in found if each.state in BEFORE_SENDING or each.state is DeliveryState.UNKNOWN}
    if not waiting:
        return list(found)
    stands = await standing(connection, waiting, at)
    return [as_shown(each, stands) for each in found]


async def write(
    connection: AsyncConnection,
    *,
    system: str,
    reasons: Collection[HoldReason],
    wanted: Collection[Hold],
    at: datetime,
) -> None:
    """Let exactly these holds of those reasons stand for `system`."""
    values = {
        (operation, hold.reason): {
            "system": system, "operation": operation, "reason": hold.reason, "until": hold.until, "changed_at": at
        }
        for hold in wanted
        for operation in hold.operations or ("",)
    }  # fmt: skip
    gone = delete(holds).where(holds.c.system == system, holds.c.reason.in_(reasons))
    if values:
        gone = gone.where(tuple_(holds.c.operation, holds.c.reason).not_in(list(values)))
    await connection.execute(gone)
    for row in values.values():
        changed = await connection.execute(
            update(holds)
            .where(holds.c.system == system, holds.c.operation == row["operation"], holds.c.reason == row["reason"])
            .values(until=row["until"], changed_at=at)
        )
        if not changed.rowcount:
            await connection.execute(rows.insert_new(connection, holds).values(**row))


async def release(connection: AsyncConnection, *, system: str, reason: HoldReason, at: datetime) -> int:
    """End the holds of that reason, and let deliveries go that were put back one by one for it; return how many."""
    await connection.execute(delete(holds).where(holds.c.system == system, holds.c.reason == reason))
    released = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.system == system,
            deliveries.c.next_attempt_at > at,
            deliveries.c.state == DeliveryState.HELD.value,
            deliveries.c.hold_reason == reason,
        )
        .values(next_attempt_at=at, updated_at=at)
    )
    return released.rowcount
