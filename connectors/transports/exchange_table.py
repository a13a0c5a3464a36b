"""Exchange tables (前置库): rows we write, rows the department writes back. The transport of those systems.

SEND   map → check lengths and characters → INSERT, read back, compare → COMMIT → read back again
       our key stands there already: the same content is a duplicate, other content goes to a person
BACK   rows with a result, from the watermark less an overlap → kept as our own copy → read flag set, watermark moved
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from config import logs
from config.clock import SHANGHAI
from connectors.alarm_bell import AlarmBell
from connectors.engine import ProbeAnswer
from connectors.ledger import InboundEvent
from connectors.messages import N_
from connectors.open_minutes import open_minutes
from connectors.outcomes import Answer, Outcome, OutcomeClass
from connectors.reconciliation import Listed
from connectors.rendering import render
from connectors.secrets_dir import read_secret
from connectors.spec_exchange_table import ExchangeTableSpec
from connectors.system import Request, System
from connectors.transport_ports import Errand, Surroundings, Transport
from connectors.transports.answers import NO_PROBE, NOT_OFFERED, every_page, found_by, listed, outcome_of
from connectors.transports.tables.engine import open_engine
from connectors.transports.tables.reading import Found, Place, RowReader, begin_at
from connectors.transports.tables.reports import failure_of, results_of
from connectors.transports.tables.rows import Row, make_rows
from connectors.transports.tables.schema import Tables
from connectors.transports.tables.writing import RowWriter
from connectors.transports.unreadable import Unreadable

log = logs.get(__name__)
WATERMARK: Final = "results"
"""The note's name: the latest time of a result that is kept, ISO, without zone as in the table."""

DEFAULTS: Final[Mapping[str, tuple[OutcomeClass, str]]] = {
    "written": (OutcomeClass.ACCEPTED, ""),
    "same": (OutcomeClass.DUPLICATE, ""),
    "other": (OutcomeClass.INVALID, N_("部门表中已有同一主键的行，但内容不同，未再写入")),
    "shortened": (OutcomeClass.INVALID, N_("部门表没有原样保存内容，未提交")),
    "unfit": (OutcomeClass.INVALID, N_("部门表不能保存其中的内容")),
    "clash": (OutcomeClass.INVALID, N_("部门表中已有他人写入的同一业务")),
    "refused": (OutcomeClass.INVALID, ""),
    "late": (OutcomeClass.REFUSED, N_("部门已读取该行，不能再撤回")),
    "denied": (OutcomeClass.AUTH, ""),
    "forbidden": (OutcomeClass.AUTH, ""),
    "missing": (OutcomeClass.AUTH, ""),
    "crowded": (OutcomeClass.THROTTLED, ""),
    "busy": (OutcomeClass.TRANSIENT, ""),
    "full": (OutcomeClass.TRANSIENT, ""),
    "failed": (OutcomeClass.TRANSIENT, ""),
}
"""What `body.result` means where no rule of the spec says otherwise."""
_UNREACHED: Final = frozenset({"denied", "forbidden", "missing", "crowded", "busy", "full", "failed"})


@dataclass(slots=True)
class _Fetched:
    """What the last fetch brought, until it is confirmed."""

    rows: Sequence[Found] = ()
    told: frozenset[str] = frozenset()
    latest: datetime | None = None
    ended_at: Place | None = None


@dataclass(slots=True)
class _Read:
    """What this process has read and confirmed: ids within the overlap, so that they are not received again."""

    told: frozenset[str] = field(default_factory=frozenset)
    after: Place | None = None


class ExchangeTableTransport:
    """`connectors.transport_ports.Transport` and `Fetches` for one system."""

    def __init__(self, system: System, spec: ExchangeTableSpec, around: Surroundings) -> None:
        self._system = system
        self._spec = spec
        self._around = around
        self._tables = Tables.of(spec)
        self._bell = AlarmBell(system.id, around.notes, around.clock)
        self._made: tuple[str, AsyncEngine] | None = None
        self._unreadable = Unreadable(system=system.id, charset="utf-8", clock=around.clock, book=around.unread)
        self._remarked: set[str] = set()
        self._fetched = _Fetched()
        self._read = _Read()

    async def send(self, errand: Errand) -> Outcome:
        operation = errand.operation
        if operation.request is None:
            return NOT_OFFERED
        rows = self._rows(operation.request, errand)
        takes_back = _number(errand) if operation is self._system.withdraw else ""
        answer = await (await self._writer()).write(rows, takes_back=takes_back)
        outcome = outcome_of(self._system, operation, answer)
        return _by_default(outcome, answer) if outcome.rule is None else outcome

    async def probe(self, errand: Errand) -> ProbeAnswer:
        request = errand.operation.request
        if self._system.probe is None or request is None:
            return NO_PROBE
        answer = await (await self._writer()).look_up(self._rows(request, errand))
        if isinstance(answer.body, dict) and answer.body.get("result") in _UNREACHED:
            answer = Answer(error="connect")  # the database did not say; it is asked again
        return found_by(self._system, self._system.probe, answer)

    async def poll(self, errand: Errand) -> InboundEvent | None:
        return None

    async def fetch(self) -> Sequence[InboundEvent]:
        try:
            return await self._fetch()
        except (SQLAlchemyError, OSError) as error:
            log.warning("results_unreachable", system=self._system.id, fault=type(error).__name__)
            self._fetched = _Fetched()
            return ()

    async def confirm(self) -> None:
        fetched, self._fetched = self._fetched, _Fetched()
        reader = RowReader(await self._engine(), self._tables, self._spec)
        try:
            await reader.mark_read(fetched.rows)
        except (SQLAlchemyError, OSError) as error:
            # They come again, and are known then.
            log.warning("read_flag_not_set", system=self._system.id, fault=type(error).__name__)
        if fetched.latest is not None:
            await self._move_watermark(fetched.latest)
        kept = self._read.told if fetched.ended_at or self._read.after else frozenset[str]()
        self._read = _Read(told=kept | fetched.told, after=fetched.ended_at)

    async def list_day(self, day: date) -> Sequence[Listed] | None:
        reconcile, spec = self._system.reconcile, self._system.spec.reconcile
        if reconcile is None or spec is None:
            return None
        reader = RowReader(await self._engine(), self._tables, self._spec)

        async def page_of(page: int) -> list[Listed] | None:
            rows = await reader.of_day(datetime.combine(day, time()), most=spec.page_size, page=page)
            return [listed(reconcile, row) for row in rows]

        try:
            return await every_page(self._system, page_of)
        except (SQLAlchemyError, OSError) as error:
            log.warning("list_unreachable", system=self._system.id, fault=type(error).__name__)
            return None

    async def aclose(self) -> None:
        if self._made is not None:
            await self._made[1].dispose()

    async def _fetch(self) -> Sequence[InboundEvent]:
        reader = RowReader(await self._engine(), self._tables, self._spec)
        at = self._around.clock()
        note = await self._around.notes.read(self._system.id, WATERMARK)
        watermark = datetime.fromisoformat(note.text) if note.text else None
        page = await reader.answered(begin_at(watermark, self._spec.back.overlap_minutes), self._read.after)
        told, strange = await results_of(page.rows, reader, self._system, self._spec, self._tables, at=at)
        await self._remark(strange)
        events = list(told)
        since = _wall(at) - timedelta(days=self._spec.out.look_back_days)
        if self._spec.out.status.failed:
            events += [failure_of(row, self._system, self._spec, at=at) for row in await reader.failed(since)]
        times = [time for row in page.rows if isinstance(time := row[self._spec.back.time], datetime)]
        self._fetched = _Fetched(
            rows=self._unflagged(page.rows),
            told=frozenset(event.event_id for event in events),
            latest=max([*times, *([watermark] if watermark else [])], default=None),
            ended_at=page.ended_at,
        )
        await self._watch(reader, at)
        return [event for event in events if event.event_id not in self._read.told]

    async def _remark(self, strange: Sequence[Mapping[str, str]]) -> None:
        """Keep rows that tell nothing for the owner, each once in this process: within the overlap they come again."""
        for row in strange:
            if row["row_hash"] not in self._remarked:
                text = json.dumps(row, ensure_ascii=False)
                await self._unreadable.content("row", text.encode(), error="shape", name=row["row_hash"][:12])
        self._remarked = {row["row_hash"] for row in strange}

    def _unflagged(self, rows: Sequence[Found]) -> Sequence[Found]:
        flag = self._spec.back.read
        return [row for row in rows if flag is not None and str(row[flag.column]) != flag.done]

    async def _watch(self, reader: RowReader, at: datetime) -> None:
        """Ring when nobody has taken a row for as long as the department should need."""
        waiting, limit = await reader.waiting(), self._spec.out.not_taken_minutes
        oldest = waiting.oldest.replace(tzinfo=SHANGHAI) if waiting.oldest is not None else None
        is_late = oldest is not None and self._open_minutes(oldest, at, limit) >= limit
        await self._bell.set("not_taken", count=waiting.count if is_late else 0, oldest_at=oldest)

    def _open_minutes(self, since: datetime, at: datetime, limit: int) -> int:
        ahead = self._around.offset
        return open_minutes(
            self._system.spec.availability, since + ahead, at + ahead, self._around.holiday_on, at_most=limit
        )

    async def _move_watermark(self, to: datetime) -> None:
        note = await self._around.notes.read(self._system.id, WATERMARK)
        if not note.text or datetime.fromisoformat(note.text) < to:
            await self._around.notes.write(
                self._system.id, WATERMARK, to.isoformat(), expected=note.version, at=self._around.clock()
            )

    def _rows(self, request: Request, errand: Errand) -> tuple[Row, ...]:
        body = render(request, errand.values).body
        return make_rows(body, self._spec.out, self._spec.charset, self._around.secrets.current)

    async def _writer(self) -> RowWriter:
        total = self._system.spec.connection.total_timeout_seconds or self._system.spec.latency.timeout_ms / 1000
        return RowWriter(await self._engine(), self._tables, self._spec.out, total_seconds=min(total, 60.0))

    async def _engine(self) -> AsyncEngine:
        """Return the engine; a changed password makes a new one, so that rotation needs no restart."""
        name = self._spec.password
        password = read_secret(self._around.secrets, name, bytes.decode) if name is not None else ""
        if self._made is None or self._made[0] != password:
            before = self._made
            engine = open_engine(self._around.line, self._spec, self._system, password=password)
            self._made = (password, engine)
            if before is not None:
                await before[1].dispose()
        return self._made[1]


def make_exchange_table(system: System, around: Surroundings) -> Transport:
    """Return the transport of a system whose spec has an `exchange_table` section."""
    if system.spec.exchange_table is None:
        raise ValueError("the spec has no exchange_table section")
    return ExchangeTableTransport(system, system.spec.exchange_table, around)


def _by_default(outcome: Outcome, answer: Answer) -> Outcome:
    body = answer.body if isinstance(answer.body, dict) else {}
    kind, message = DEFAULTS.get(str(body.get("result")), (outcome.kind, ""))
    columns = str(body.get("columns", ""))
    said = str(body.get("message", "")) or (f"{message}：{columns}" if columns else message)
    return replace(outcome, kind=kind, message=said, error=outcome.error or str(body.get("result", ""))[:20])


def _number(errand: Errand) -> str:
    case = errand.values.get("case")
    return str(case.get("number", "")) if isinstance(case, Mapping) else ""


def _wall(at: datetime) -> datetime:
    """Return a moment as the table spells it: Beijing time without a zone."""
    return at.astimezone(SHANGHAI).replace(tzinfo=None)
