"""The poll of T_WB_KH and the answers in its rows; over HTTP there are only its pages and what tests ask."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import BaseRoute

from demo.gjj_core.rules import Account, capped, check, decide
from demo.gjj_core.tables import T_WB_KH, metadata
from demo.ground import hours, received_sql
from demo.ground.callbacks import Message, due_messages
from demo.ground.context import SystemContext
from demo.ground.exchange import make_tables, open_exchange, run_often, run_scans, wall
from demo.ground.hours import Hours
from demo.ground.received import NewSubmission, Step
from demo.ground.results import Event, Told, about, run_results
from demo.ground.routes import ground_routes

SCAN_EVERY: Final = timedelta(minutes=30)
DECISION: Final = timedelta(minutes=30)
MOST_ROWS: Final = 500
WAITING, TAKEN, WRONG = "0", "1", "9"
HOURS: Final = Hours(
    weekdays=frozenset(range(5)),
    opens=time(8, 30),
    closes=time(17, 30),
    closures=(hours.on_holidays(), lambda local: (local.month, local.day) == (6, 30)),
)
_ACCOUNTS: Final = (
    "CREATE TABLE IF NOT EXISTS accounts (person TEXT PRIMARY KEY, unit TEXT NOT NULL, number TEXT NOT NULL)"
)


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register its polls."""
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

    async def prepare(self) -> None:
        await make_tables(self.engine, metadata)
        await self._context.store.run(_make_accounts)

    async def scan(self) -> None:
        """Take what waits, a case at a time; a wrong row concerns only itself."""
        async with self.engine.connect() as connection:
            waiting = select(T_WB_KH).where(T_WB_KH.c.STATUS == WAITING).order_by(T_WB_KH.c.ID).limit(MOST_ROWS)
            rows = [dict(row) for row in (await connection.execute(waiting)).mappings()]
        batches: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            batches.setdefault(str(row["PCH"]), []).append(row)
        for batch in batches.values():
            await self._context.store.seen(str(batch[0]["WBBH"]))
            await self._take(batch)

    async def _take(self, rows: Sequence[Mapping[str, Any]]) -> None:
        good = []
        for row in rows:
            if wrong := check(row):
                reason = "；".join(str(complaint) for complaint in wrong)[:200]
                await self._mark(row, STATUS=WRONG, RET_MSG=reason)
            else:
                good.append(row)
        if not good:
            return
        await self._context.store.record(self._new(good), at=self._context.clock())
        for row in good:
            base = capped(row["JCJS"])
            await self._mark(row, STATUS=TAKEN, JCJS=str(base) if self.engine.dialect.name == "sqlite" else base)

    async def _mark(self, row: Mapping[str, Any], **values: object) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(update(T_WB_KH).where(row["ID"] == T_WB_KH.c.ID).values(**values))

    def _new(self, rows: Sequence[Mapping[str, Any]]) -> NewSubmission:
        first, number = rows[0], str(rows[0]["WBBH"])
        kept = [
            {name: str(value) for name, value in row.items() if value is not None and name != "STATUS"} for row in rows
        ]
        dice = self._context.dice("plan", number)
        return NewSubmission(
            number=number,
            operation="GRZHSL",
            payload={"ZGXM": first["ZGXM"], "SFZHM": first["SFZHM"], "rows": kept},
            status=WAITING,
            name_it=lambda serial: f"KH{serial:08d}",
            request_key=str(first["PCH"]),
            plan=(Step(after=self._context.scaled(about(DECISION, dice)), status="1"),),
        )

    def announce(self, told: Told) -> Sequence[Event]:
        serial = f"{told.submission.department_number}-{told.step}"
        return (Event(event_id=serial, status=told.status, facts=told.facts, happened_at=told.at),)

    async def write_back(self) -> None:
        """Answer the rows of every case that is due."""
        context = self._context
        due = await context.store.run(lambda connection: due_messages(connection, context.clock().timestamp()))
        for event, message in due:
            await self._answer(message)
            await context.store.run(partial(_told, event, context.clock().timestamp()))

    async def _answer(self, message: Message) -> None:
        rows = message.submission.payload["rows"]
        for n, row in enumerate(rows if isinstance(rows, list) else (), 1):
            fresh = f"{message.submission.row:06d}{n:03d}"
            known = await self._context.store.run(partial(account_of, str(row["SFZHM"])))
            answer = decide(row, known, fresh)
            if known is None:
                await self._context.store.run(partial(open_account, row, fresh))
            await self._mark(
                row,
                RET_CODE=answer.code,
                RET_MSG=answer.message,
                GRZH=answer.account or None,
                HZSJ=wall(self._context.clock()),
            )


def _make_accounts(connection: sqlite3.Connection) -> None:
    connection.execute(_ACCOUNTS)


def account_of(person: str, connection: sqlite3.Connection) -> Account | None:
    """Return somebody's account."""
    row = connection.execute("SELECT number, unit FROM accounts WHERE person = ?", (person,)).fetchone()
    return None if row is None else Account(number=row["number"], unit=row["unit"])


def open_account(row: Mapping[str, object], number: str, connection: sqlite3.Connection) -> None:
    """Open an account for the person of a row."""
    connection.execute(
        "INSERT INTO accounts (person, unit, number) VALUES (?, ?, ?)", (row["SFZHM"], row["DWZH"], number)
    )


def _told(event: int, at: float, connection: sqlite3.Connection) -> None:
    received_sql.settle_event(connection, event, "taken", at)
