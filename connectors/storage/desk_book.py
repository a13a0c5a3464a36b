"""`connectors.desk_ports.DeskBook` in SQL."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.paging import Page
from config.storage.sql import readonly
from connectors.desk_ports import DeskChange, TasksOf
from connectors.ledger import LEASED, SUPPLEMENT_TASKS, Delivery, DeliveryState, DeskReason, DeskTask, Submission
from connectors.storage import rows
from connectors.storage.case_moves import Report
from connectors.storage.claims import cancel_withdrawals
from connectors.storage.commits import until_uncontested
from connectors.storage.desk import close_task, close_tasks, counts, open_task, task, tasks_of
from connectors.storage.nothing_awaited import await_no_more
from connectors.storage.settling import Settling
from connectors.storage.tables import deliveries, desk_tasks, submissions

_ENDED = ("pending_result", "confirmed")


class SqlDeskBook:
    """Tasks with their deliveries and cases."""

    def __init__(self, engine: AsyncEngine, settling: Settling) -> None:
        self._engine = engine
        self._reading = readonly(engine)
        self._settling = settling

    async def tasks_of(self, which: TasksOf, *, most: int, after: str | None = None) -> Page[DeskTask]:
        async with self._reading.connect() as connection:
            return await tasks_of(connection, which, most=most, after=after)

    async def task(self, task_id: str) -> DeskTask | None:
        async with self._reading.connect() as connection:
            return await task(connection, task_id)

    async def counts(self, which: TasksOf) -> Mapping[str, int]:
        async with self._reading.connect() as connection:
            return await counts(connection, which)

    async def submissions_of(self, tasks: Collection[DeskTask]) -> Mapping[str, Submission]:
        wanted = select(submissions).where(submissions.c.id.in_([task.delivery.submission_id for task in tasks]))
        async with self._reading.connect() as connection:
            found = (await connection.execute(wanted)).mappings()
            return {row["id"]: rows.submission(row) for row in found}

    async def submission_of(self, task: DeskTask) -> Submission:
        async with self._reading.connect() as connection:
            found = await connection.execute(select(submissions).where(submissions.c.id == task.delivery.submission_id))
            return rows.submission(found.mappings().one())

    async def count_open(self, unit: str) -> int:
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(func.count())
                .select_from(desk_tasks)
                .where(desk_tasks.c.unit == unit, desk_tasks.c.closed_at.is_(None))
            )
            return int(found.scalar_one())

    async def close(self, task: DeskTask, change: DeskChange, *, by: str, who: str, at: datetime) -> Delivery | None:
        async def commit(connection: AsyncConnection) -> Delivery | None:
            return await self._close(connection, task, change, by=by, who=who, at=at)

        return await until_uncontested(self._engine, commit)

    async def _close(
        self, connection: AsyncConnection, task: DeskTask, change: DeskChange, *, by: str, who: str, at: datetime
    ) -> Delivery | None:
        locked = await connection.execute(
            select(deliveries).where(deliveries.c.id == task.delivery.id).with_for_update()
        )
        before = locked.mappings().one()
        if DeliveryState(before["state"]) in LEASED:
            return None
        if not await close_task(connection, task.id, by=by, result=change.result, at=at):
            return None
        changed = await connection.execute(
            update(deliveries)
            .where(deliveries.c.id == task.delivery.id)
            .values(**_values(before, change, at))
            .returning(deliveries)
        )
        after = changed.mappings().one()
        if change.state in ("confirmed", "cancelled"):
            await close_tasks(connection, after["id"], reasons=SUPPLEMENT_TASKS, by=by, result=change.result, at=at)
        if after["kind"] == "withdraw" and after["state"] == DeliveryState.CONFIRMED.value:
            await await_no_more(connection, after["case_number"], at=at, system=after["system"])
        if change.state == "cancelled":
            await cancel_withdrawals(connection, task.delivery.case_number, at)
        if task.delivery.kind == "submit":
            number = after["department_number"] or None
            reports = [
                Report(word=word, source="desk", who=who, number=number, note=change.note or None)
                for word in change.reports
            ]
            await self._settling.cases.report(connection, task.delivery.case_number, reports, at=at, by=by)
            if change.opens_result_task:
                await open_task(connection, after, DeskReason.RESULT, note="", at=at, due_at=self._settling.due_on(at))
        return rows.delivery(after)


def _values(before: Any, change: DeskChange, at: datetime) -> dict[str, Any]:
    is_withdrawal = before["kind"] == "withdraw" and change.state == "pending_result"
    values: dict[str, Any] = {
        "state": DeliveryState.CONFIRMED.value if is_withdrawal else change.state,
        "updated_at": at,
        "next_attempt_at": at if change.state == "queued" else None,
        "hold_reason": "",
    }
    if change.number:
        values["department_number"] = change.number
    if change.state in _ENDED:
        values["confirmed_at"] = before["confirmed_at"] or at
    return values
