"""Desk tasks: opened with a delivery's change, closed with the person's or the department's answer."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, RowMapping, and_, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from config.paging import Page, page_of, place_of
from config.storage.keyset import answered_for, later
from connectors.desk_ports import TasksOf
from connectors.ledger import DeskReason, DeskTask
from connectors.storage import rows
from connectors.storage.tables import deliveries, desk_tasks


async def open_task(
    connection: AsyncConnection, row: Any, reason: DeskReason, *, note: str, at: datetime, due_at: datetime
) -> None:
    """Put the delivery in `row` on its unit's desk; one open task per delivery and reason."""
    if await has_task(connection, row["id"], reason):
        return
    await connection.execute(
        desk_tasks.insert().values(
            id=str(uuid4()),
            delivery_id=row["id"],
            system=row["system"],
            unit=row["unit"],
            region=row["region"],
            reason=reason.value,
            note=note,
            created_at=at,
            due_at=due_at,
        )
    )


async def has_task(connection: AsyncConnection, delivery_id: str, reason: DeskReason) -> bool:
    """Tell whether the delivery has an open task of this reason."""
    found = exists().where(
        desk_tasks.c.delivery_id == delivery_id,
        desk_tasks.c.reason == reason.value,
        desk_tasks.c.closed_at.is_(None),
    )
    return bool((await connection.execute(select(found))).scalar())


async def close_tasks(
    connection: AsyncConnection,
    delivery_id: str,
    *,
    reasons: Collection[DeskReason],
    by: str,
    result: str,
    at: datetime,
) -> int:
    """Close the delivery's open tasks of these reasons; return how many."""
    closed = await connection.execute(
        update(desk_tasks)
        .where(
            desk_tasks.c.delivery_id == delivery_id,
            desk_tasks.c.closed_at.is_(None),
            desk_tasks.c.reason.in_([reason.value for reason in reasons]),
        )
        .values(closed_at=at, closed_by=by, result=result)
    )
    return closed.rowcount


async def close_tasks_of(
    connection: AsyncConnection,
    delivery_ids: Collection[str],
    *,
    reasons: Collection[DeskReason],
    result: str,
    at: datetime,
) -> None:
    """Close the open tasks of these reasons of many deliveries, as settled by the systems they go to."""
    await connection.execute(
        update(desk_tasks)
        .where(
            desk_tasks.c.delivery_id.in_(list(delivery_ids)),
            desk_tasks.c.closed_at.is_(None),
            desk_tasks.c.reason.in_([reason.value for reason in reasons]),
        )
        .values(closed_at=at, closed_by=desk_tasks.c.system, result=result)
    )


async def close_task(connection: AsyncConnection, task_id: str, *, by: str, result: str, at: datetime) -> bool:
    """Close one task; False when it was closed already."""
    closed = await connection.execute(
        update(desk_tasks)
        .where(desk_tasks.c.id == task_id, desk_tasks.c.closed_at.is_(None))
        .values(closed_at=at, closed_by=by, result=result)
    )
    return closed.rowcount == 1


_SELECTED = (
    desk_tasks.c.id.label("task_id"),
    desk_tasks.c.reason,
    desk_tasks.c.note,
    desk_tasks.c.created_at.label("task_created_at"),
    desk_tasks.c.due_at,
    desk_tasks.c.closed_at,
    desk_tasks.c.closed_by,
    desk_tasks.c.result,
    *deliveries.c,
)


async def tasks_of(
    connection: AsyncConnection, which: TasksOf, *, most: int, after: str | None = None
) -> Page[DeskTask]:
    """Return a page of open tasks: a unit's, and those that belong to no unit in `which.region`; the most urgent first."""
    whose = [desk_tasks.c.unit == which.unit] if which.unit else []
    if which.region is not None:
        whose.append(and_(desk_tasks.c.unit == "", answered_for(desk_tasks.c.region, which.region)))
    found = [row for each in whose for row in await _open_tasks(connection, each, which, most=most, after=after)]
    in_order = sorted(found, key=lambda row: (row["due_at"], row["task_id"]))
    return page_of(
        in_order,
        most,
        lambda row: rows.desk_task(row, rows.delivery(row)),
        lambda row: (row["due_at"], row["task_id"]),
    )


async def _open_tasks(
    connection: AsyncConnection, whose: ColumnElement[bool], which: TasksOf, *, most: int, after: str | None
) -> Sequence[RowMapping]:
    # A statement for each, so that each walks the index in its own order.
    wanted = (
        select(*_SELECTED)
        .join(deliveries, deliveries.c.id == desk_tasks.c.delivery_id)
        .where(whose, desk_tasks.c.closed_at.is_(None), *_narrowed(which))
    )
    if (place := place_of(after)) is not None:
        wanted = wanted.where(later(desk_tasks.c.due_at, desk_tasks.c.id, place))
    wanted = wanted.order_by(desk_tasks.c.due_at, desk_tasks.c.id).limit(most + 1)
    return (await connection.execute(wanted)).mappings().all()


async def counts(connection: AsyncConnection, which: TasksOf) -> Mapping[str, int]:
    """Return how many open tasks a unit has, by system."""
    found = await connection.execute(
        select(desk_tasks.c.system, func.count())
        .join(deliveries, deliveries.c.id == desk_tasks.c.delivery_id)
        .where(desk_tasks.c.unit == which.unit, desk_tasks.c.closed_at.is_(None), *_narrowed(which))
        .group_by(desk_tasks.c.system)
    )
    return {str(system): int(count) for system, count in found}


def _narrowed(which: TasksOf) -> Iterator[ColumnElement[bool]]:
    if which.system:
        yield desk_tasks.c.system == which.system
    if which.reason is not None:
        yield desk_tasks.c.reason == which.reason.value
    if which.kind:
        yield deliveries.c.kind == which.kind


async def task(connection: AsyncConnection, task_id: str) -> DeskTask | None:
    """Return one task, open or closed."""
    found = await connection.execute(
        select(*_SELECTED)
        .join(deliveries, deliveries.c.id == desk_tasks.c.delivery_id)
        .where(desk_tasks.c.id == task_id)
    )
    row = found.mappings().first()
    return None if row is None else rows.desk_task(row, rows.delivery(row))
