"""Batch files over SFTP (文件交换): many cases in one file, receipts the next day. The transport of those systems.

SEND  map → check bytes and characters → batch (number and rows kept) → file under another name → rename → `.ok`
BACK  `.ok` of a receipt → its file whole, by SM3 → a line per case; none by the morning after: the owner is told
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from config.clock import SHANGHAI
from connectors.alarm_bell import AlarmBell
from connectors.availability import is_open
from connectors.batches import Batches
from connectors.engine import ProbeAnswer
from connectors.ledger import InboundEvent
from connectors.messages import N_
from connectors.outcomes import Answer, Outcome, OutcomeClass
from connectors.reconciliation import Listed
from connectors.rendering import render
from connectors.spec_file_batch import FileBatchSpec
from connectors.system import System
from connectors.transport_ports import Errand, Surroundings, Transport
from connectors.transports.answers import NO_PROBE, NOT_OFFERED, found_by, listed, outcome_of
from connectors.transports.files.area import FileArea
from connectors.transports.files.batching import Batcher
from connectors.transports.files.lines import make_line
from connectors.transports.files.receipts import Receipts
from connectors.transports.unreadable import Unreadable

DEFAULTS: Final[Mapping[str, tuple[OutcomeClass, str]]] = {
    "placed": (OutcomeClass.ACCEPTED, ""),
    "already": (OutcomeClass.DUPLICATE, ""),
    "other": (OutcomeClass.INVALID, N_("这个办件已在批次文件中，但内容不同，未再写入")),
    "clash": (OutcomeClass.INVALID, N_("部门目录中已有同名文件，但内容不同，未覆盖")),
    "denied": (OutcomeClass.AUTH, ""),
    "stranger": (OutcomeClass.AUTH, N_("对方服务器的密钥与登记的不一致，未发送")),
    "forbidden": (OutcomeClass.AUTH, ""),
    "missing": (OutcomeClass.AUTH, ""),
    "full": (OutcomeClass.TRANSIENT, ""),
    "failed": (OutcomeClass.TRANSIENT, ""),
}
"""What `body.result` means where no rule of the spec says otherwise."""
_UNREACHED: Final = frozenset({"denied", "stranger", "forbidden", "missing", "full", "failed"})


class FileBatchTransport:
    """`connectors.transport_ports.Transport`, `Fetches` and `Lists` for one system."""

    def __init__(self, system: System, spec: FileBatchSpec, around: Surroundings, batches: Batches) -> None:
        connection = system.spec.connection
        self._system = system
        self._spec = spec
        self._around = around
        self._batches = batches
        area = FileArea(
            around.line,
            spec,
            around.secrets,
            connect_seconds=connection.connect_timeout_seconds,
            total_seconds=connection.total_timeout_seconds or 30.0,
        )
        self._batcher = Batcher(
            system=system.id, spec=spec, batches=batches, area=area, clock=around.clock, day=self._day
        )
        self._receipts = Receipts(
            system=system,
            spec=spec,
            area=area,
            batches=batches,
            notes=around.notes,
            clock=around.clock,
            offset=around.offset,
            holiday_on=around.holiday_on,
            bell=AlarmBell(system.id, around.notes, around.clock),
            unreadable=Unreadable(system=system.id, charset=spec.charset, clock=around.clock, book=around.unread),
        )

    async def send(self, errand: Errand) -> Outcome:
        operation = errand.operation
        if operation.request is None:
            return NOT_OFFERED
        line = make_line(render(operation.request, errand.values).body, self._spec)
        answer = await self._batcher.deliver(_of(errand, "delivery", "key"), _of(errand, "case", "number"), line)
        outcome = outcome_of(self._system, operation, answer)
        return _by_default(outcome, answer) if outcome.rule is None else outcome

    async def probe(self, errand: Errand) -> ProbeAnswer:
        if self._system.probe is None:
            return NO_PROBE
        answer = await self._batcher.look_up(_of(errand, "delivery", "key"))
        if isinstance(answer.body, dict) and answer.body.get("result") in _UNREACHED:
            answer = Answer(error="connect")  # the server did not say; it is asked again
        return found_by(self._system, self._system.probe, answer)

    async def poll(self, errand: Errand) -> InboundEvent | None:
        return None

    async def fetch(self) -> Sequence[InboundEvent]:
        return await self._receipts.fetch()

    async def list_day(self, day: date) -> Sequence[Listed] | None:
        """Return what their receipts say of the files that came to them on `day`."""
        reconcile = self._system.reconcile
        begins = datetime.combine(day, time(), SHANGHAI)
        batches = await self._batches.placed(self._system.id, begins, begins + timedelta(days=1))
        if reconcile is None or not batches:
            return None if reconcile is None else []
        answers = await self._receipts.answers_to(batches)
        return None if answers is None else [listed(reconcile, body) for body in answers]

    async def confirm(self) -> None:
        await self._receipts.confirm()

    async def aclose(self) -> None:
        await self._batcher.aclose()

    def _day(self, at: datetime) -> date | None:
        there = at + self._around.offset
        if not is_open(self._system.spec.availability, "", there, self._around.holiday_on):
            return None
        return there.astimezone(SHANGHAI).date()


def make_file_batch(system: System, around: Surroundings) -> Transport:
    """Return the transport of a system whose spec has a `file_batch` section."""
    if system.spec.file_batch is None or around.batches is None:
        raise ValueError("expected a file_batch section, and the place where batch numbers are kept")
    return FileBatchTransport(system, system.spec.file_batch, around, around.batches)


def _of(errand: Errand, root: str, name: str) -> str:
    values = errand.values.get(root)
    return str(values.get(name, "")) if isinstance(values, Mapping) else ""


def _by_default(outcome: Outcome, answer: Answer) -> Outcome:
    body = answer.body if isinstance(answer.body, dict) else {}
    kind, message = DEFAULTS.get(str(body.get("result")), (outcome.kind, ""))
    return replace(outcome, kind=kind, message=message, error=outcome.error or str(body.get("result", ""))[:20])
