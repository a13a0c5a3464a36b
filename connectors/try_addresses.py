"""The test addresses of systems, and channels to them that share nothing with the real ones.

What a channel has to remember (a watermark, batch numbers, a session) it keeps under a name of its own, so that neither
side ever sees the other's.
"""

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from config.clock import Clock
from connectors.alarms import NOTE as ALARMS
from connectors.availability import HolidayOn
from connectors.batches import Batch, Batches
from connectors.ports import Note, Notes
from connectors.secrets_dir import Secrets
from connectors.system import System
from connectors.transport_kinds import TRANSPORTS
from connectors.transport_ports import Answers, Surroundings, Transport
from connectors.unread import UnreadBook

_WHO: Final = re.compile(r"//[^/?#]*@")
_ASKED_OVER_HTTP: Final = frozenset({"rest_json", "soap", "form_post", "message_queue"})
"""Transports that need the system's own test address; a table and a file area are all in their line."""


@dataclass(frozen=True, slots=True)
class NotesOfTrials:
    """The notes of test channels beside the real ones. Nothing that is wrong at a test address rings an alarm."""

    notes: Notes

    async def read(self, system: str, name: str) -> Note:
        return Note() if name == ALARMS else await self.notes.read(_beside(system), name)

    async def write(self, system: str, name: str, text: str, *, expected: int, at: datetime) -> bool:
        return name != ALARMS and await self.notes.write(_beside(system), name, text, expected=expected, at=at)


@dataclass(frozen=True, slots=True)
class BatchesOfTrials:
    """The batches of test channels: numbers of their own, from 01 each day."""

    batches: Batches

    async def of_deliveries(self, system: str, keys: Collection[str]) -> Mapping[str, Batch]:
        return await self.batches.of_deliveries(_beside(system), keys)

    async def unplaced(self, system: str) -> Sequence[Batch]:
        return await self.batches.unplaced(_beside(system))

    async def reserve(
        self, system: str, day: date, rows: Sequence[tuple[str, str, str]], *, at: datetime
    ) -> Batch | None:
        return await self.batches.reserve(_beside(system), day, rows, at=at)

    async def place(self, batch: Batch, *, at: datetime) -> None:
        await self.batches.place(batch, at=at)

    async def answer(self, batch: Batch, *, at: datetime) -> None:
        await self.batches.answer(batch, at=at)

    async def find(self, system: str, day: date, number: int) -> Batch | None:
        return await self.batches.find(_beside(system), day, number)

    async def placed(self, system: str, begins: datetime, ends: datetime) -> Sequence[Batch]:
        return await self.batches.placed(_beside(system), begins, ends)

    async def unanswered(self, system: str) -> Sequence[Batch]:
        return await self.batches.unanswered(_beside(system))


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTestAddresses:
    """`connectors.trial_sending.TestAddresses` from the endpoints file: `<system>.test`, `<system>.test.<line>`."""

    endpoints: Mapping[str, str]
    secrets: Secrets
    clock: Clock
    notes: Notes
    batches: Batches
    holiday_on: HolidayOn
    offset: timedelta = timedelta(0)

    def address(self, system: System) -> str:
        if self.why_not(system):
            return ""
        shown = self._line(system) or self.endpoints[f"{system.id}.test"]
        return _WHO.sub("//", shown)  # it is shown on a page, whatever somebody put in front of the host

    def why_not(self, system: System) -> str:
        kind = TRANSPORTS.get(system.transport)
        if kind is None:
            return "manual"
        form = system.spec.form_post
        if form is not None and form.log_in.captcha is not None:
            return "captcha"
        missing = [name for name in _needed(system) if not self.endpoints.get(name)]
        if missing:
            return ", ".join(missing)
        if any(_is_same(self.endpoints[name], self.endpoints.get(_live(name), "")) for name in _needed(system)):
            return "live"
        return ""

    @asynccontextmanager
    async def open(self, system: System, unread: UnreadBook) -> AsyncIterator[Transport | Answers]:
        surroundings = Surroundings(
            address=self.endpoints.get(f"{system.id}.test", ""),
            line=self._line(system),
            secrets=self.secrets,
            clock=self.clock,
            notes=NotesOfTrials(self.notes),
            batches=BatchesOfTrials(self.batches),
            holiday_on=self.holiday_on,
            offset=self.offset,
            unread=unread,
        )
        transport = TRANSPORTS[system.transport].make(system, surroundings)
        try:
            yield transport
        finally:
            await transport.aclose()

    def _line(self, system: System) -> str:
        line = TRANSPORTS[system.transport].line
        return self.endpoints.get(f"{system.id}.test.{line}", "") if line else ""


def _needed(system: System) -> Sequence[str]:
    line = TRANSPORTS[system.transport].line
    own = [f"{system.id}.test"] if system.transport in _ASKED_OVER_HTTP else []
    return [*own, *([f"{system.id}.test.{line}"] if line else [])]


def _live(name: str) -> str:
    """Return the name of the real line beside a test one."""
    return name.replace(".test", "", 1)


def _is_same(one: str, other: str) -> bool:
    """Tell whether two lines lead to the same place, however they are spelled."""

    def plain(line: str) -> str:
        bare = line.strip().rstrip("/").lower()
        return bare.removesuffix("?db=0").removesuffix("/0") if bare.startswith(("redis", "unix:")) else bare

    return bool(other) and plain(one) == plain(other)


def _beside(system: str) -> str:
    return f"~{system}"
