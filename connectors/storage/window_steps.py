"""`connectors.window_steps.StepBook` and what the daily look for overdue supplements reads, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.ledger import SUPPLEMENT_TASKS, DeliveryState, DeskReason
from connectors.reflux import Moved
from connectors.storage.case_moves import Follow
from connectors.storage.commits import until_uncontested
from connectors.storage.desk import close_tasks, has_task, open_task
from connectors.storage.nothing_awaited import await_no_more
from connectors.storage.of_cases import lock_deliveries
from matters.case import Case, CaseStatus, Evidence, may_move, move
from matters.storage.cases import append_event, load_case
from matters.storage.rows import case_of
from matters.storage.tables import cases, events

_AWAITED: Final = CaseStatus.SUPPLEMENT_REQUIRED.value


class SqlStepBook:
    """Steps at the window; `follow` writes what follows from them in the same commit."""

    def __init__(self, engine: AsyncEngine, follow: Follow | None) -> None:
        self._engine = engine
        self._reading = readonly(engine)
        self._follow = follow

    async def case(self, number: str) -> Case | None:
        async with self._reading.connect() as connection:
            return await load_case(connection, number)

    async def asked_at(self, number: str) -> datetime | None:
        async with self._reading.connect() as connection:
            return (await _asked_at(connection, [number])).get(number)

    async def take(
        self,
        number: str,
        to: CaseStatus,
        *,
        by: str,
        evidence: Evidence,
        at: datetime,
        carry: DeskReason | None = None,
        due_at: datetime | None = None,
    ) -> Case | None:
        async def commit(connection: AsyncConnection) -> Case | None:
            # Deliveries first, as everywhere.
            held = await lock_deliveries(connection, [number])
            case = await load_case(connection, number)
            if case is None or not may_move(case.status, to):
                return None
            moved, event = move(case, to, at=at, by=by, evidence=evidence)
            await append_event(connection, moved, event)
            if self._follow is not None:
                await self._follow(connection, [Moved(case=moved, event=event)], at=at)
            for row in held:
                await close_tasks(connection, row["id"], reasons=SUPPLEMENT_TASKS, by=by, result=to.value, at=at)
            if to is CaseStatus.TERMINATED_NO_SUPPLEMENT:
                await await_no_more(connection, number, at=at)
            sent = _sent(held)
            if carry is not None and due_at is not None and sent is not None:
                await _carry(connection, sent, carry, note=evidence.note or "", at=at, due_at=due_at)
            return moved

        return await until_uncontested(self._engine, commit)

    async def awaited(self, *, after: str, most: int) -> Sequence[tuple[Case, datetime]]:
        """Return cases that await a supplement, with when it was asked for, in the order of their numbers."""
        wanted = select(cases).where(cases.c.status == _AWAITED, cases.c.number > after)
        async with self._reading.connect() as connection:
            read = await connection.execute(wanted.order_by(cases.c.number).limit(most))
            found = [case_of(dict(row)) for row in read.mappings()]
            asked = await _asked_at(connection, [case.number for case in found])
        return [(case, asked.get(case.number, case.received_at)) for case in found]

    async def put_on_desk(self, number: str, *, at: datetime, due_at: datetime) -> bool:
        """Have a person find out about a supplement whose day is over; False when somebody has it, or it came."""
        async with self._engine.begin() as connection:
            row = _sent(await lock_deliveries(connection, [number]))
            case = await load_case(connection, number)
            if row is None or case is None or case.status is not CaseStatus.SUPPLEMENT_REQUIRED:
                return False
            if await has_task(connection, row["id"], DeskReason.SUPPLEMENT_LATE):
                return False
            await open_task(connection, row, DeskReason.SUPPLEMENT_LATE, note="", at=at, due_at=due_at)
            return True


def _sent(held: Sequence[Any]) -> Any | None:
    """Return the delivery the department has the case by."""
    states = (DeliveryState.PENDING_RESULT.value, DeliveryState.CONFIRMED.value)
    return next((row for row in reversed(held) if row["kind"] == "submit" and row["state"] in states), None)


async def _carry(
    connection: AsyncConnection, row: Any, reason: DeskReason, *, note: str, at: datetime, due_at: datetime
) -> None:
    # Where the department's decision is awaited by hand there is a task already, and the clerk goes there anyway.
    if not await has_task(connection, row["id"], DeskReason.RESULT):
        await open_task(connection, row, reason, note=note, at=at, due_at=due_at)


async def _asked_at(connection: AsyncConnection, numbers: Sequence[str]) -> dict[str, datetime]:
    """Return when each case was last asked for a supplement."""
    if not numbers:
        return {}
    found = await connection.execute(
        select(events.c.number, func.max(events.c.at))
        .where(events.c.number.in_(numbers), events.c.status == _AWAITED, events.c.previous != _AWAITED)
        .group_by(events.c.number)
    )
    return {row[0]: row[1] for row in found}
