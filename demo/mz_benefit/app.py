"""The scan of OUT_BIZ and the rows of IN_RESULT; over HTTP there are only its pages and what tests ask.

CD_OPERATION I new · U of somebody paid already (a death: suspend, resume, end) · D taken back, which holds only while the row it means is still waiting.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import BaseRoute

from config.clock import SHANGHAI
from demo.faults.rows import spoiled
from demo.faults.switch import Fault
from demo.ground import hours, received_sql
from demo.ground.callbacks import Message, due_messages
from demo.ground.context import SystemContext
from demo.ground.exchange import make_tables, open_exchange, run_often, run_scans, wall
from demo.ground.hours import Hours
from demo.ground.received import NewSubmission, Step
from demo.ground.results import Event, Told, about, run_results
from demo.ground.routes import ground_routes
from demo.ground.sm import Undecryptable
from demo.mz_benefit.rules import PAYMENTS, check, decide, opened
from demo.mz_benefit.tables import IN_RESULT, OUT_BIZ, metadata

SCAN_EVERY: Final = timedelta(minutes=10)
REVIEW: Final = timedelta(minutes=20)
DECISION: Final = timedelta(hours=1)
LATE: Final = timedelta(minutes=30)
MOST_ROWS: Final = 200
CLEARED: Final = 0.1
"""How likely a scan clears the results that were marked as read."""
WAITING, TAKEN, WITHDRAWN, WRONG = "0", "1", "8", "9"
HOURS: Final = Hours(
    weekdays=frozenset(range(5)), opens=time(8, 30), closes=time(17, 30), closures=(hours.on_holidays(),)
)


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register its scans."""
    if context.line:
        desk = _Desk(context, open_exchange(context.line))
        run_scans(
            context, hours=HOURS, every=SCAN_EVERY, prepare=desk.prepare, scan=desk.scan, close=desk.engine.dispose
        )
        run_results(context, desk.announce)
        run_often(context, hours=HOURS, work=desk.write_back)
    return ground_routes(context)


class _Desk:
    """What the department does with its front database."""

    def __init__(self, context: SystemContext, engine: AsyncEngine) -> None:
        self.engine = engine
        self._context = context
        self._scans = 0

    async def prepare(self) -> None:
        await make_tables(self.engine, metadata)

    async def scan(self) -> None:
        """Take what waits, oldest first; a wrong row concerns only itself."""
        self._scans += 1
        async with self.engine.connect() as connection:
            waiting = select(OUT_BIZ).where(OUT_BIZ.c.STATUS == WAITING).order_by(OUT_BIZ.c.CD_TIME).limit(MOST_ROWS)
            rows = [dict(row) for row in (await connection.execute(waiting)).mappings()]
        taken_back = {row["WBBH"] for row in rows if row["CD_OPERATION"] == "D"}
        for row in rows:
            await self._context.store.seen(str(row["WBBH"]))
            if row["CD_OPERATION"] == "D":
                await self._take_back(row, rows)
            elif row["WBBH"] in taken_back:
                await self._mark(row, WITHDRAWN)
            else:
                await self._take(row)
        if self._context.dice("clear", str(self._scans)).random() < CLEARED:
            await self._clear()

    async def _take(self, row: Mapping[str, Any]) -> None:
        try:
            clear = opened(row, bytes.fromhex(self._context.secrets("mz-benefit.sm4").decode()))
        except Undecryptable:
            await self._mark(row, WRONG, "敏感列未按约定加密")
            return
        if wrong := check(clear):
            await self._mark(row, WRONG, "；".join(str(complaint) for complaint in wrong)[:200])
            return
        at = self._context.clock()
        # Recorded before the row is marked: a scan that dies in between finds the record again by its ROW_GUID.
        await self._context.store.record(self._new(clear), at=at)
        await self._mark(row, TAKEN)

    async def _take_back(self, row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        meant = [each for each in rows if each["WBBH"] == row["WBBH"] and each["CD_OPERATION"] != "D"]
        if meant:
            await self._mark(row, TAKEN)
        else:
            await self._mark(row, WRONG, "原业务行已受理或不存在，不能撤回")

    async def _mark(self, row: Mapping[str, Any], status: str, reason: str | None = None) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(
                update(OUT_BIZ).where(row["ROW_GUID"] == OUT_BIZ.c.ROW_GUID).values(STATUS=status, ERR_MSG=reason)
            )

    async def _clear(self) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(delete(IN_RESULT).where(IN_RESULT.c.READ_FLAG == "1"))

    def _new(self, row: Mapping[str, object]) -> NewSubmission:
        number = str(row["WBBH"])
        day = self._context.clock().astimezone(SHANGHAI)
        payload = {name: str(value) for name, value in row.items() if name not in ("STATUS", "ERR_MSG")}
        return NewSubmission(
            number=number,
            operation=str(row["YWLX"]),
            payload=payload,
            status=TAKEN,
            name_it=lambda serial: f"{day:%Y%m%d}{serial:08d}",
            request_key=str(row["ROW_GUID"]),
            plan=self._plan(number, row),
        )

    def _plan(self, number: str, row: Mapping[str, object]) -> Sequence[Step]:
        dice, scaled = self._context.dice("plan", number), self._context.scaled
        if row["YWLX"] in PAYMENTS:
            decision = decide(row)
            return (Step(after=timedelta(), status=decision.status, facts=decision.facts),)
        review = about(REVIEW, dice)
        decision = decide(row)
        return (
            Step(after=timedelta(), status=TAKEN, facts={"message": "已受理"}),
            Step(after=scaled(review), status="2", facts={"message": "审核中"}),
            Step(after=scaled(review + about(DECISION, dice)), status=decision.status, facts=decision.facts),
        )

    def announce(self, told: Told) -> Sequence[Event]:
        """Plan the result row; some are written late, with the time at which they were decided."""
        dice = self._context.dice("late", told.submission.number, str(told.step))
        after = self._context.scaled(LATE) if dice.random() < 0.15 else timedelta()
        serial = f"HZ{told.submission.department_number}{told.step:06d}"
        return (Event(event_id=serial, status=told.status, facts=told.facts, happened_at=told.at, after=after),)

    async def write_back(self) -> None:
        """Write the result rows that are due."""
        context = self._context
        due = await context.store.run(lambda connection: due_messages(connection, context.clock().timestamp()))
        for event, message in due:
            await self._write(message)
            await context.store.run(partial(_told, event, context.clock().timestamp()))
        if due:
            context.store.wake()

    async def _write(self, message: Message) -> None:
        fault = self._context.faults.take()
        row = spoiled(fault, result_row(message), code="HZ_CODE", text="HZ_MSG")
        await self._insert(row)
        if fault is Fault.TWICE:
            await self._insert({**row, "HZ_LSH": f"{row['HZ_LSH']}B"[-30:]})

    async def _insert(self, row: Mapping[str, object]) -> None:
        serial = IN_RESULT.c.HZ_LSH
        async with self.engine.begin() as connection:
            there = await connection.execute(select(serial).where(serial == row["HZ_LSH"]))
            if there.first() is None:
                await connection.execute(insert(IN_RESULT).values(**row))


def result_row(message: Message) -> dict[str, object]:
    """Return the row of IN_RESULT that tells of a status."""
    payload, decided = message.submission.payload, message.status == "3"
    return {
        "HZ_LSH": message.event_id[:30],
        "BATCH_ID": payload["CD_BATCH"],
        "ROW_GUID": payload["ROW_GUID"],
        "HZ_CODE": message.status,
        "HZ_MSG": str(message.facts.get("message", "")),
        "HZ_TIME": wall(message.happened_at),
        "BTJE": message.facts.get("amount") if decided else None,
        "QFYF": _next_month(message.happened_at) if decided else None,
        "READ_FLAG": "0",
    }


def _next_month(at: datetime) -> str:
    there = at.astimezone(SHANGHAI)
    return f"{there.year + there.month // 12}{there.month % 12 + 1:02d}"


def _told(event: int, at: float, connection: sqlite3.Connection) -> None:
    received_sql.settle_event(connection, event, "taken", at)
