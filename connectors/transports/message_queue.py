"""Messages over a broker: published once, answered later on another topic, looked up over REST when in doubt."""

import secrets as random
from collections.abc import Sequence
from datetime import date

from config import logs
from connectors.engine import ProbeAnswer
from connectors.errors import EnvelopeRefused
from connectors.ledger import InboundEvent
from connectors.outcomes import Answer, Outcome, OutcomeClass
from connectors.reconciliation import Listed
from connectors.rendering import render
from connectors.reporting import event_of
from connectors.signing import Incoming, signer_for
from connectors.spec_message_queue import MessageQueueSpec
from connectors.system import System
from connectors.transport_ports import Errand, Surroundings
from connectors.transports.answers import NOT_OFFERED, outcome_of
from connectors.transports.broker import Broker, BrokerRefused, Entry
from connectors.transports.exchange import limits_of
from connectors.transports.rest_json import RestJsonTransport
from connectors.transports.unreadable import Unreadable

log = logs.get(__name__)
PUBLISHED = 202
"""`status` in a rule: the broker has the message. The department has not seen it yet."""


class MessageQueueTransport:
    """`connectors.transport_ports.Transport`, `Fetches` and `Lists` for one system; all but sending and fetching asks its REST address."""

    def __init__(self, system: System, spec: MessageQueueSpec, surroundings: Surroundings) -> None:
        self._system = system
        self._clock = surroundings.clock
        self._limits = limits_of(system)
        self._signer = signer_for(system.spec.connection.auth, surroundings.secrets)
        self._rest = RestJsonTransport(
            system,
            base_url=surroundings.address,
            secrets=surroundings.secrets,
            clock=surroundings.clock,
            unread=surroundings.unread,
        )
        self._unreadable = Unreadable(
            system=system.id,
            charset=system.spec.connection.charset,
            clock=surroundings.clock,
            book=surroundings.unread,
        )
        self._broker = Broker(
            surroundings.line,
            spec,
            surroundings.secrets,
            consumer=f"onewindow-{random.token_hex(8)}",
            seconds=self._limits.total_seconds,
            most_bytes=self._limits.most_bytes,
        )
        self._taken: list[str] = []

    async def send(self, errand: Errand) -> Outcome:
        operation = errand.operation
        if operation.request is None:
            return NOT_OFFERED
        rendered = render(operation.request, errand.values)
        signed = self._signer.sign(rendered, at=self._clock(), nonce=str(errand.values["nonce"]))
        try:
            entry = await self._broker.publish(signed.content)
        except BrokerRefused as refused:
            if refused.error == "log_in":
                return Outcome(kind=OutcomeClass.AUTH, error="log_in")
            return outcome_of(self._system, operation, Answer(error=refused.error))
        return outcome_of(self._system, operation, Answer(http_status=PUBLISHED, body={"id": entry}))

    async def probe(self, errand: Errand) -> ProbeAnswer:
        return await self._rest.probe(errand)

    async def poll(self, errand: Errand) -> InboundEvent | None:
        return await self._rest.poll(errand)

    async def list_day(self, day: date) -> Sequence[Listed] | None:
        return await self._rest.list_day(day)

    async def fetch(self) -> list[InboundEvent]:
        """Return what the responses say. One that proves nothing or can't be read is remarked and passed over."""
        self._taken = []
        try:
            entries = await self._broker.take()
        except BrokerRefused as refused:
            log.warning("broker_away", system=self._system.id, error=refused.error)
            return []
        self._taken = [entry.id for entry in entries]
        return [event for entry in entries if (event := await self._read(entry)) is not None]

    async def confirm(self) -> None:
        try:
            await self._broker.acknowledge(self._taken)
        except BrokerRefused:
            # They come again and count once: what was received is known by its event id.
            log.warning("broker_away", system=self._system.id, error="acknowledge")
        self._taken = []

    async def aclose(self) -> None:
        await self._rest.aclose()
        await self._broker.aclose()

    async def _read(self, entry: Entry) -> InboundEvent | None:
        """Return what a message tells; one that can't be read or proves nothing is kept for the owner."""
        found = self._event(entry)
        if not isinstance(found, str):
            return found
        log.warning("message_refused", system=self._system.id, entry=entry.id, reason=found)
        await self._unreadable.content("message", entry.content, error=found, name=entry.id)
        return None

    def _event(self, entry: Entry) -> InboundEvent | str | None:
        """Return what a message tells, or in a word why it can't be told."""
        results, spec = self._system.results, self._system.spec
        if results is None:
            return None
        incoming = Incoming(method="", target="", headers={}, content=entry.content)
        if len(entry.content) > self._limits.most_bytes:
            return "too_large"
        try:
            opened = self._signer.verify(incoming, spec.connection.charset)
        except EnvelopeRefused as refused:
            return refused.reason
        except UnicodeEncodeError:
            return "charset"
        variables = Answer(http_status=200, body=opened.body, envelope=opened.envelope).variables()
        event = event_of(results.report, variables, system=spec.id, source="results", at=self._clock())
        return "shape" if event is None else event


def make_message_queue(system: System, surroundings: Surroundings) -> MessageQueueTransport:
    """Return the transport; the spec has the section, or it would not have been compiled."""
    if system.spec.message_queue is None:
        raise ValueError(f"{system.id}: no message_queue section")
    return MessageQueueTransport(system, system.spec.message_queue, surroundings)
