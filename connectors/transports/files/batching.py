"""Many deliveries in one file: those sent within a short window share a batch, and each hears when its `.ok` is in place.

The engine goes on holding each delivery under its own lease, which its heartbeat keeps; nothing is told before the
marker is there. What failed before the marker was renamed has not been delivered, for a file without `.ok` is no file.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime

from config import logs
from config.clock import Clock
from connectors.batches import Batch, Batches
from connectors.outcomes import Answer
from connectors.spec_file_batch import FileBatchSpec
from connectors.transports.files.area import AreaFault, FileArea, said
from connectors.transports.files.lines import MOST_OK_BYTES, file_bytes, file_name, ok_bytes, ok_name, row_number

log = logs.get(__name__)
_NOT_SENT = Answer(error="connect")


@dataclass(slots=True)
class _Entry:
    """A delivery that waits for its file."""

    case_number: str
    line: str
    answer: "asyncio.Future[Answer]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batcher:
    """The batches of one system in this process. `day` gives the department's day, None while it takes no files."""

    def __init__(
        self,
        *,
        system: str,
        spec: FileBatchSpec,
        batches: Batches,
        area: FileArea,
        clock: Clock,
        day: Callable[[datetime], date | None],
    ) -> None:
        self._system = system
        self._spec = spec
        self._batches = batches
        self._area = area
        self._clock = clock
        self._day = day
        self._waiting: dict[str, _Entry] = {}
        self._is_full = asyncio.Event()
        self._collecting: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def deliver(self, key: str, case_number: str, line: str) -> Answer:
        """Put a delivery into a file and return what became of it once that is known."""
        entry = self._waiting.get(key)
        if entry is None:
            entry = self._waiting[key] = _Entry(case_number, line)
        if len(self._waiting) >= self._spec.most_rows:
            self._is_full.set()
        if self._collecting is None or self._collecting.done():
            self._collecting = asyncio.create_task(self._collect(), name=f"batch {self._system}")
        # One delivery given up must not take the file from the others.
        return await asyncio.shield(entry.answer)

    async def look_up(self, key: str) -> Answer:
        """Tell whether a delivery is in a file that is in place; a file whose marker may be there is looked at."""
        batch = (await self._batches.of_deliveries(self._system, [key])).get(key)
        if batch is None:
            return said("absent")
        if batch.placed_at is None:
            try:
                if not await self._is_there(batch):
                    return said("absent")
            except AreaFault as fault:
                return fault.answer
            await self._batches.place(batch, at=self._clock())
        return self._placed(batch, key, "placed")

    async def aclose(self) -> None:
        """Let what is being collected go out, then end the connection."""
        if self._collecting is not None:
            self._is_full.set()
            await asyncio.gather(self._collecting, return_exceptions=True)
        await self._area.aclose()

    async def _collect(self) -> None:
        while self._waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_full.wait(), self._spec.window_seconds)
            self._is_full.clear()
            taken, self._waiting = self._waiting, {}
            async with self._one_at_a_time:
                await self._answer(taken)

    async def _answer(self, entries: Mapping[str, _Entry]) -> None:
        try:
            answers = await self._place_all(entries)
        except Exception as error:
            # Each delivery hears of it, and the engine finds out what arrived; nobody waits for ever.
            for entry in entries.values():
                if not entry.answer.done():
                    entry.answer.set_exception(error)
            log.exception("batch_fault", system=self._system)
            return
        for key, entry in entries.items():
            if not entry.answer.done():
                entry.answer.set_result(answers[key])

    async def _place_all(self, entries: Mapping[str, _Entry]) -> dict[str, Answer]:
        """Place what is left over first: numbers leave in their order. Return each delivery's answer."""
        day = self._day(self._clock())
        if day is None:
            return dict.fromkeys(entries, _NOT_SENT)
        answers = await self._known(entries)
        for batch in await self._batches.unplaced(self._system):
            answer = await self._place(batch)
            mine = {row.delivery_key for row in batch.rows} & entries.keys()
            answers |= {key: self._told(batch, key, entries[key], answer) for key in mine}
            if not _is_placed(answer):
                # None of the rest was sent, whatever is known of this file; a fault of the account concerns all.
                return dict.fromkeys(entries, _NOT_SENT if answer.error else answer) | answers
        return answers | await self._place_new({key: e for key, e in entries.items() if key not in answers}, day)

    async def _known(self, entries: Mapping[str, _Entry]) -> dict[str, Answer]:
        found = await self._batches.of_deliveries(self._system, entries.keys())
        return {
            key: self._told(batch, key, entries[key], said("already"))
            for key, batch in found.items()
            if batch.placed_at is not None
        }

    async def _place_new(self, entries: Mapping[str, _Entry], day: date) -> dict[str, Answer]:
        answers: dict[str, Answer] = dict.fromkeys(entries, _NOT_SENT)
        keys = list(entries)
        for start in range(0, len(keys), self._spec.most_rows):
            chosen = keys[start : start + self._spec.most_rows]
            rows = [(key, entries[key].case_number, entries[key].line) for key in chosen]
            batch = await self._batches.reserve(self._system, day, rows, at=self._clock())
            if batch is None:
                continue  # another worker has one of them in hand: they are looked up next time
            answer = await self._place(batch)
            answers |= {key: self._told(batch, key, entries[key], answer) for key in chosen}
            if not _is_placed(answer):
                break
        return answers

    async def _place(self, batch: Batch) -> Answer:
        name, content = file_name(self._spec, batch), file_bytes(batch, self._spec)
        try:
            if await self._is_there(batch):
                await self._batches.place(batch, at=self._clock())
                return said("placed")
            await self._area.put(self._spec.folder, name, content)
        except AreaFault as fault:
            # Without its marker the file does not count: whatever broke, nothing was delivered.
            return _NOT_SENT if fault.answer.error else fault.answer
        try:
            marker = ok_bytes(name, content, len(batch.rows))
            await self._area.put(self._spec.folder, ok_name(name), marker)
        except AreaFault as fault:
            return fault.answer
        await self._batches.place(batch, at=self._clock())
        log.info("batch_placed", system=self._system, file=name, rows=len(batch.rows), bytes=len(content))
        return said("placed")

    async def _is_there(self, batch: Batch) -> bool:
        """Tell whether file and marker stand there as we would write them.

        Raises:
            AreaFault: also `clash`, where a number of ours is taken by other content.
        """
        name, content = file_name(self._spec, batch), file_bytes(batch, self._spec)
        marker = await self._area.read(self._spec.folder, ok_name(name), most_bytes=MOST_OK_BYTES)
        if marker is None:
            return False
        if marker != ok_bytes(name, content, len(batch.rows)):
            raise AreaFault(said("clash", file=name))
        there = await self._area.read(self._spec.folder, name, most_bytes=len(content))
        return there == content

    def _told(self, batch: Batch, key: str, entry: _Entry, answer: Answer) -> Answer:
        if not _is_placed(answer):
            return answer
        if batch.row_of(key).line != entry.line:
            return said("other", batch=batch.label)
        body = answer.body if isinstance(answer.body, dict) else {}
        return self._placed(batch, key, str(body["result"]))

    def _placed(self, batch: Batch, key: str, result: str) -> Answer:
        position = batch.row_of(key).position
        return said(
            result,
            batch=batch.label,
            file=file_name(self._spec, batch),
            position=f"{position:04d}",
            number=row_number(self._spec, batch, position),
        )


def _is_placed(answer: Answer) -> bool:
    return isinstance(answer.body, dict) and answer.body.get("result") in ("placed", "already")
