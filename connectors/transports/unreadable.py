"""Keeps what came back and could not be made sense of: one per transport, told of every answer it gives up on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from config.clock import Clock
from connectors.engine import CantTell, ProbeAnswer
from connectors.ledger import InboundEvent
from connectors.outcomes import Answer, Outcome
from connectors.transport_ports import Errand
from connectors.unread import NoUnreadBook, Unread, UnreadBook, Where, beginning

_SILENT = frozenset({"connect"})
"""Nothing came back at all."""


@dataclass(slots=True, kw_only=True)
class Unreadable:
    """`charset` is the one agreed with the department. `is_sealed`: what comes over the line is cipher text."""

    system: str
    charset: str
    clock: Clock
    book: UnreadBook = field(default_factory=NoUnreadBook)
    is_sealed: bool = False

    async def sent(self, errand: Errand, answer: Answer, outcome: Outcome) -> Outcome:
        """Return the outcome of a case that was sent, keeping an answer no rule knew."""
        if outcome.rule is None and (answer.head or answer.http_status):
            await self.answer("send", answer, delivery_id=errand.delivery_id)
        return outcome

    async def probed(self, errand: Errand, answer: Answer, told: ProbeAnswer) -> ProbeAnswer:
        """Return what a probe told, keeping an answer that told nothing."""
        if isinstance(told, CantTell):
            await self.answer("probe", answer, delivery_id=errand.delivery_id)
        return told

    async def polled(self, errand: Errand, answer: Answer, event: InboundEvent | None) -> InboundEvent | None:
        """Return what a poll told, keeping an answer that can't be read; one that has nothing to tell is none."""
        if event is None and (answer.error or answer.http_status >= 500):
            await self.answer("poll", answer, delivery_id=errand.delivery_id)
        return event

    async def polled_many(
        self, answer: Answer, events: Mapping[str, InboundEvent] | None
    ) -> Mapping[str, InboundEvent] | None:
        """Return what a poll of many told, keeping an answer that is none to it."""
        if events is None:
            await self.answer("poll", answer)
        return events

    async def answer(self, where: Where, answer: Answer, *, delivery_id: str = "", name: str = "") -> None:
        """Keep an answer; nothing where nothing came back."""
        if answer.error in _SILENT or not (answer.head or answer.http_status):
            return
        kind = answer.headers.get("content-type", "")
        if self.is_sealed and not answer.error:
            text = json.dumps(answer.body, ensure_ascii=False, default=str)[:4_000]
        else:
            text = beginning(answer.head, content_type=kind, otherwise=self.charset)
        await self._keep(where, answer.error, text, answer.http_status, kind, delivery_id, name)

    async def content(self, where: Where, content: bytes, *, error: str, name: str) -> None:
        """Keep what came on a results channel: a message, a receipt, a row as JSON."""
        await self._keep(where, error, beginning(content, otherwise=self.charset), 0, "", "", name)

    async def _keep(
        self, where: Where, error: str, text: str, status: int, kind: str, delivery_id: str, name: str
    ) -> None:
        at = self.clock()
        await self.book.keep(
            Unread(
                system=self.system,
                where=where,
                error=error,
                text=text,
                http_status=status,
                content_type=kind,
                name=name,
                delivery_id=delivery_id,
                first_at=at,
                last_at=at,
            )
        )
