"""Receipt files: found by their marker, read once, told row by row; what is half, garbled or unknown is reported.

A marker may be there before its file (a known defect there), so a file that does not hold yet is looked at again, and
reported only after a while. A receipt counts as read when the ledger has kept every row of it.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from config import logs
from config.clock import SHANGHAI, Clock
from connectors.alarm_bell import AlarmBell
from connectors.availability import HolidayOn
from connectors.batches import Batch, Batches
from connectors.ledger import InboundEvent
from connectors.open_minutes import next_open_day_at
from connectors.ports import Notes
from connectors.reporting import event_of
from connectors.spec_file_batch import FileBatchSpec
from connectors.system import System
from connectors.transports.files.area import AreaFault, Entry, FileArea
from connectors.transports.files.lines import (
    MOST_OK_BYTES,
    FileUnreadable,
    Manifest,
    file_name,
    label_in,
    read_ok,
    read_receipt,
    row_number,
    sm3,
)
from connectors.transports.files.restating import restated
from connectors.transports.unreadable import Unreadable

log = logs.get(__name__)
NOTE: Final = "receipts"
"""The note's name: markers read, with their stamps and the rows they told of."""
PATIENCE: Final = timedelta(minutes=30)
_MOST_NAMES: Final = 20_000
_MOST_FILES: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Receipt:
    """A receipt just read; `positions` are rows of `batch` it tells of, `strange` lines that are nobody's.

    `bodies` are its lines as the spec reads them, `status` being what each really says.
    """

    entry: Entry
    batch: Batch | None
    positions: tuple[int, ...] = ()
    strange: int = 0
    events: tuple[InboundEvent, ...] = ()
    bodies: tuple[Mapping[str, str], ...] = ()


@dataclass(slots=True)
class Receipts:
    """The receipts of one system. `fetch` and `confirm` are those of `connectors.transport_ports.Fetches`."""

    system: System
    spec: FileBatchSpec
    area: FileArea
    batches: Batches
    notes: Notes
    clock: Clock
    offset: timedelta
    holiday_on: HolidayOn
    bell: AlarmBell
    unreadable: Unreadable
    _read: tuple[_Receipt, ...] = ()
    _unreadable_since: dict[str, datetime] = field(default_factory=dict)

    async def fetch(self) -> Sequence[InboundEvent]:
        """Return what the receipts not read yet tell; no connection: nothing."""
        self._read = ()
        try:
            self._read = await self._new()
        except AreaFault as fault:
            log.warning("receipts_unreachable", system=self.system.id, fault=str(fault))
        await self._ring()
        return [event for receipt in self._read for event in receipt.events]

    async def confirm(self) -> None:
        """Remember the receipts as read, and batches as answered once each of their rows was told of."""
        read, self._read = self._read, ()
        if not read:
            return
        note, at = await self.notes.read(self.system.id, NOTE), self.clock()
        known = _known(note.text)
        for receipt in read:
            label = receipt.batch.label if receipt.batch else ""
            known[receipt.entry.name] = {
                "stamp": receipt.entry.stamp,
                "batch": label,
                "rows": _spans(receipt.positions),
                "strange": receipt.strange,
            }
        text = json.dumps(self._recent(known, at), sort_keys=True)
        if not await self.notes.write(self.system.id, NOTE, text, expected=note.version, at=at):
            return  # another worker was first: the same receipts come again, and each row counts once
        for batch in {receipt.batch.label: receipt.batch for receipt in read if receipt.batch}.values():
            told = {row for each in known.values() if each["batch"] == batch.label for row in _rows(each)}
            if told >= {row.position for row in batch.rows}:
                await self.batches.answer(batch, at=at)
        await self._ring_strange(known)

    async def answers_to(self, batches: Sequence[Batch]) -> Sequence[Mapping[str, str]] | None:
        """Return the lines of all receipts that answer these batches, the last word on each row; None where a receipt
        is not due yet, not there or can't be read: half of it would look like rows nobody answered.
        """
        if any(not self._is_overdue(batch, self.clock()) for batch in batches):
            return None
        wanted = {batch.label for batch in batches}
        said: dict[str, Mapping[str, str]] = {}
        try:
            for entry in await self._markers(since=min(batch.day for batch in batches)):
                marker = await self.area.read(self.spec.receipt.folder, entry.name, most_bytes=MOST_OK_BYTES)
                label = label_in(read_ok(marker).answers, self.spec.prefix) if marker is not None else None
                if label is None or f"{label[0]}_{label[1]:02d}" not in wanted:
                    continue
                said |= {body["number"]: body for body in (await self._receipt(entry)).bodies}
        except (AreaFault, FileUnreadable) as fault:
            log.warning("receipts_not_listed", system=self.system.id, fault=str(fault))
            return None
        return list(said.values())

    async def _markers(self, *, since: date) -> Sequence[Entry]:
        """Return the markers of receipts written since that day, in the order of their numbers."""
        receipt = self.spec.receipt
        found = [
            (label, entry)
            for entry in await self.area.names(receipt.folder, most=_MOST_NAMES)
            if entry.name.endswith(".ok")
            and (label := label_in(entry.name, receipt.prefix)) is not None
            and label[0] >= f"{since:%Y%m%d}"
        ]
        return [entry for _, entry in sorted(found, key=lambda each: each[0])]

    async def _new(self) -> tuple[_Receipt, ...]:
        known = _known((await self.notes.read(self.system.id, NOTE)).text)
        oldest = self._today() - timedelta(days=self.spec.receipt.look_back_days)
        markers = await self._markers(since=oldest)
        fresh = [entry for entry in markers if known.get(entry.name, {}).get("stamp") != entry.stamp]
        found: list[_Receipt] = []
        broken: dict[str, datetime] = {}
        for entry in fresh[:_MOST_FILES]:
            try:
                found.append(await self._receipt(entry))
            except FileUnreadable as unreadable:
                broken[entry.name] = self._unreadable_since.get(entry.name, self.clock())
                if entry.name not in self._unreadable_since and unreadable.reason != "missing":
                    content, error = unreadable.content, unreadable.reason
                    await self.unreadable.content("receipt", content, error=error, name=entry.name)
                log.info("receipt_unreadable", system=self.system.id, file=entry.name, reason=unreadable.reason)
        self._unreadable_since = broken
        return tuple(found)

    async def _receipt(self, entry: Entry) -> _Receipt:
        folder = self.spec.receipt.folder
        marker = await self.area.read(folder, entry.name, most_bytes=MOST_OK_BYTES)
        if marker is None:
            raise FileUnreadable("missing")
        manifest = read_ok(marker)
        if label_in(manifest.name, self.spec.receipt.prefix) is None:
            raise FileUnreadable("manifest", marker)  # also keeps a name with a path in it from being opened
        try:
            content = await self.area.read(folder, manifest.name, most_bytes=self.spec.receipt.most_bytes)
        except AreaFault as fault:
            if fault.answer.error == "too_large":
                raise FileUnreadable("too_large") from None
            raise
        if content is None:
            raise FileUnreadable("missing")
        lines = read_receipt(content, manifest, self.spec)
        return await self._told(entry, manifest, lines)

    async def _told(self, entry: Entry, manifest: Manifest, lines: Sequence[Mapping[str, str]]) -> _Receipt:
        batch = await self._batch(manifest.answers)
        if batch is None:
            return _Receipt(entry=entry, batch=None, strange=len(lines))
        by_position = {row.position: row for row in batch.rows}
        events, positions, bodies = [], [], []
        for line in lines:
            text = line[self.spec.receipt.row]
            row = by_position.get(int(text)) if text.isascii() and text.isdigit() else None
            if row is None:
                continue
            positions.append(row.position)
            body = {
                **line,
                "case": row.case_number,
                "batch": batch.label,
                "file": manifest.name,
                "number": row_number(self.spec, batch, row.position),
                # By its content: a corrected line is an event of its own, the same line in a second file is none.
                "event": f"{batch.label}:{text}:{sm3(repr(sorted(line.items())).encode())[:12]}",
            }
            if (event := self._event(body)) is not None:
                events.append(event)
                bodies.append({**body, "status": event.status})
        return _Receipt(
            entry=entry,
            batch=batch,
            positions=tuple(positions),
            strange=len(lines) - len(positions),
            events=tuple(events),
            bodies=tuple(bodies),
        )

    def _event(self, body: Mapping[str, str]) -> InboundEvent | None:
        if self.system.results is None:
            return None
        variables = {"body": dict(body)}
        event = event_of(
            self.system.results.report, variables, system=self.system.id, source="results", at=self.clock()
        )
        return None if event is None else restated(self.spec, event, variables)

    async def _batch(self, answers: str) -> Batch | None:
        label = label_in(answers, self.spec.prefix)
        if label is None:
            return None
        try:
            day = date(int(label[0][:4]), int(label[0][4:6]), int(label[0][6:]))
        except ValueError:
            return None
        return await self.batches.find(self.system.id, day, label[1])

    async def _ring(self) -> None:
        at = self.clock()
        overdue = [batch for batch in await self.batches.unanswered(self.system.id) if self._is_overdue(batch, at)]
        await self.bell.set(
            "receipt_missing",
            count=len(overdue),
            oldest_at=overdue[0].placed_at if overdue else None,
            detail=file_name(self.spec, overdue[0]) if overdue else "",
        )
        broken = [name for name, since in self._unreadable_since.items() if at - since >= PATIENCE]
        await self.bell.set("receipt_unreadable", count=len(broken), detail=broken[0] if broken else "")

    async def _ring_strange(self, known: Mapping[str, Mapping[str, object]]) -> None:
        strange = {name: count for name, each in known.items() if (count := int(str(each.get("strange", 0))))}
        await self.bell.set("receipt_unknown", count=sum(strange.values()), detail=next(iter(sorted(strange)), ""))

    def _is_overdue(self, batch: Batch, at: datetime) -> bool:
        placed = ((batch.placed_at or batch.reserved_at) + self.offset).astimezone(SHANGHAI)
        due = next_open_day_at(self.system.spec.availability, placed, self.spec.receipt.due, self.holiday_on)
        return due is not None and at + self.offset > due

    def _recent(self, known: Mapping[str, Mapping[str, object]], at: datetime) -> dict[str, Mapping[str, object]]:
        oldest = f"{self._today() - timedelta(days=self.spec.receipt.look_back_days):%Y%m%d}"
        return {
            name: each
            for name, each in known.items()
            if (label := label_in(name, self.spec.receipt.prefix)) is not None and label[0] >= oldest
        }

    def _today(self) -> date:
        return (self.clock() + self.offset).astimezone(SHANGHAI).date()


def _known(text: str) -> dict[str, dict[str, object]]:
    return dict(json.loads(text)) if text else {}


def _spans(positions: Collection[int]) -> list[list[int]]:
    """Return positions as first and last of each run: the rows of a busy day in a few numbers."""
    spans: list[list[int]] = []
    for position in sorted(set(positions)):
        if spans and spans[-1][1] == position - 1:
            spans[-1][1] = position
        else:
            spans.append([position, position])
    return spans


def _rows(kept: Mapping[str, object]) -> Iterator[int]:
    """Return the positions a note tells of, as spans or, as it was written once, one by one."""
    rows = kept.get("rows")
    for each in rows if isinstance(rows, list) else ():
        yield from range(each[0], each[1] + 1) if isinstance(each, list) else (each,)
