"""The file scan and the receipts; over HTTP there are only its pages and what tests ask.

A batch put down again counts by its last `.ok`. A line that holds is reviewed (20) or decided in the receipt of the next
day; a photo that is no good is found by eye, so it is one line in twelve.
"""

import asyncio
import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from starlette.routing import BaseRoute

from config import logs
from config.clock import SHANGHAI
from demo.faults.files import spoiled
from demo.faults.switch import Fault
from demo.ground import hours, received_sql
from demo.ground.callbacks import Message, due_messages
from demo.ground.context import SystemContext
from demo.ground.exchange import run_often, run_scans
from demo.ground.hours import SATURDAY, Hours
from demo.ground.received import NewSubmission, Step
from demo.ground.results import Event, Told, run_results
from demo.ground.routes import ground_routes
from demo.rs_card.files import (
    NAME,
    FileRefused,
    ReceiptLine,
    decide,
    read_lines,
    read_marker,
    write_marker,
    write_receipt,
)
from demo.rs_card.server import run_server

log = logs.get(__name__)
SCAN_EVERY: Final = timedelta(minutes=5)
RECEIPT: Final = timedelta(hours=18)
SECOND_RECEIPT: Final = timedelta(hours=48)
TOGETHER_SECONDS: Final = 1.0
"""Lines of a file are due within moments of each other; their receipt is written once all of them are."""
HOURS: Final = Hours(weekdays=frozenset({0, 1, 2, 3, 4, SATURDAY}), closures=(hours.on_holidays(),))
_RECEIPT_NAME: Final = re.compile(r"HZ_(\d{8})_(\d{2,6})\.(?:ok|txt)")


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register its server and scans."""
    if context.line and context.directory is not None:
        desk = _Desk(context, context.directory)
        desk.make_folders()
        if context.serves_line:
            run_server(context, context.directory)
        run_scans(context, hours=HOURS, every=SCAN_EVERY, prepare=_nothing, scan=desk.scan, close=_nothing)
        run_results(context, desk.announce)
        run_often(context, hours=HOURS, work=desk.write_receipts)
    return ground_routes(context)


async def _nothing() -> None:
    return None


class _Desk:
    """What the department does with its file area."""

    def __init__(self, context: SystemContext, root: Path) -> None:
        self._context = context
        self._root = root

    def make_folders(self) -> None:
        for folder in ("in", "out", "done"):
            (self._root / folder).mkdir(parents=True, exist_ok=True)

    async def scan(self) -> None:
        """Take every file whose marker is there and describes it; others stay for the next scan."""
        for marker in await asyncio.to_thread(lambda: sorted(self._root.glob("in/ZK_*.ok"))):
            if NAME.fullmatch(marker.name):
                await self._take(marker, marker.with_suffix(".txt"))

    async def _take(self, marker: Path, file: Path) -> None:
        try:
            lines = await asyncio.to_thread(_lines_of, marker, file)
        except FileNotFoundError:
            return  # the marker came first
        except FileRefused as refused:
            log.warning("file_refused", system=self._context.id, file=file.name, reason=str(refused))
            return
        at = self._context.clock()
        for line in lines:
            await self._context.store.seen(line["WBBH"])
            await self._context.store.record(self._new(file.stem, line), at=at)
        # Moved only after all of it is recorded: a scan that dies in between takes the same lines once more, as repeats.
        for done in (marker, file):
            await asyncio.to_thread(done.replace, self._root / "done" / done.name)

    def _new(self, batch: str, line: dict[str, str]) -> NewSubmission:
        row = f"{batch}-{line['XH']}"
        return NewSubmission(
            number=line["WBBH"],
            operation="BKKP",
            payload={**{name: value for name, value in line.items() if value}, "batch": batch},
            status="20",
            name_it=lambda _serial: row,
            request_key=row,
            plan=self._plan(line),
        )

    def _plan(self, line: dict[str, str]) -> Sequence[Step]:
        dice, scaled = self._context.dice("plan", line["WBBH"]), self._context.scaled
        decision = decide(line, photo_holds=dice.random() >= 1 / 12)
        if decision.status == "00" and dice.random() < 0.15:
            return (
                Step(after=scaled(RECEIPT), status="20", facts={"message": "审核中"}),
                Step(after=scaled(SECOND_RECEIPT), status=decision.status, facts=decision.facts),
            )
        return (Step(after=scaled(RECEIPT), status=decision.status, facts=decision.facts),)

    def announce(self, told: Told) -> Sequence[Event]:
        serial = f"{told.submission.department_number}-{told.step}"
        return (Event(event_id=serial, status=told.status, facts=told.facts, happened_at=told.at),)

    async def write_receipts(self) -> None:
        """Write a receipt file per batch that has lines due."""
        context = self._context
        latest = context.clock().timestamp() - TOGETHER_SECONDS
        due = await context.store.run(partial(_due, latest))
        batches: dict[str, list[tuple[int, Message]]] = {}
        for event, message in due:
            batches.setdefault(str(message.submission.payload["batch"]), []).append((event, message))
        for batch, told in batches.items():
            await self._write(batch, [message for _, message in told])
            for event, _ in told:
                await context.store.run(partial(_told, event, context.clock().timestamp()))

    async def _write(self, batch: str, messages: Sequence[Message]) -> None:
        fault = self._context.faults.take()
        in_order = sorted(messages, key=lambda each: str(each.submission.payload["XH"]))
        lines = [_line(message, is_failure=fault is Fault.ERROR_INSIDE) for message in in_order]
        content = write_receipt(lines)
        await self._put(batch, content, len(lines), fault)
        if fault is Fault.TWICE:
            await self._put(batch, content, len(lines), Fault.NONE)

    async def _put(self, batch: str, content: bytes, rows: int, fault: Fault) -> None:
        name = self._next_name()
        content, spoken_of = spoiled(fault, content)
        marker = write_marker(f"{name}.txt", spoken_of, rows, f"{batch}.txt")
        marker_first = self._context.dice("order", name).random() < 0.2
        if marker_first:
            _whole(self._root / "out" / f"{name}.ok", marker)
            await asyncio.sleep(self._context.scaled(timedelta(seconds=20)).total_seconds())
        _whole(self._root / "out" / f"{name}.txt", content)
        if not marker_first:
            _whole(self._root / "out" / f"{name}.ok", marker)

    def _next_name(self) -> str:
        day = f"{self._context.department_time().astimezone(SHANGHAI):%Y%m%d}"
        taken = [
            int(found[2])
            for each in (self._root / "out").iterdir()
            if (found := _RECEIPT_NAME.fullmatch(each.name)) is not None and found[1] == day
        ]
        return f"HZ_{day}_{max(taken, default=0) + 1:02d}"


def _lines_of(marker: Path, file: Path) -> list[dict[str, str]]:
    return read_lines(file.read_bytes(), read_marker(marker.read_bytes()))


def _line(message: Message, *, is_failure: bool) -> ReceiptLine:
    facts: Mapping[str, object] = message.facts
    if is_failure:
        return ReceiptLine(str(message.submission.payload["XH"]), "99", "ORA-00257", "")
    return ReceiptLine(
        str(message.submission.payload["XH"]), message.status, str(facts.get("message", "")), str(facts.get("card", ""))
    )


def _whole(path: Path, content: bytes) -> None:
    beside = path.with_name(f"{path.name}.part")
    beside.write_bytes(content)
    beside.replace(path)


def _due(latest: float, connection: sqlite3.Connection) -> list[tuple[int, Message]]:
    return due_messages(connection, latest, most=1000)


def _told(event: int, at: float, connection: sqlite3.Connection) -> None:
    received_sql.settle_event(connection, event, "taken", at)
