"""SOAP over HTTP: one client, one contract and, where the department wants one, one session per system and worker."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from secrets import token_hex
from typing import Final

import anyio
import httpx2

from connectors.engine import CantTell, ProbeAnswer
from connectors.expression import Expression, parse
from connectors.ledger import InboundEvent
from connectors.outcomes import Answer, Outcome, OutcomeClass
from connectors.paths import ANSWER_ROOTS
from connectors.predicates import Predicate, parse_predicate
from connectors.reconciliation import Listed
from connectors.rendering import render
from connectors.signing import Signed
from connectors.spec_soap import LogInSpec, SoapSpec
from connectors.system import Request, System
from connectors.transport_ports import Asked, Errand, Surroundings
from connectors.transports.answers import (
    NO_PROBE,
    NOT_OFFERED,
    every_page,
    found_by,
    outcome_of,
    polled,
    polled_many,
    question_about,
    rows_of,
)
from connectors.transports.exchange import client_for, fetch, limits_of
from connectors.transports.soap_answers import answer_of
from connectors.transports.soap_contract import Contract
from connectors.transports.soap_envelope import Call, UsernameToken, written
from connectors.transports.soap_log_in import LogInRefused, Sessions
from connectors.transports.unreadable import Unreadable

LARGE: Final = 200_000
"""Characters of a message that is written in a thread."""


class SoapTransport:
    """`connectors.transport_ports.Transport`, `PollsMany` and `Lists` for one system."""

    def __init__(
        self,
        system: System,
        spec: SoapSpec,
        surroundings: Surroundings,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._system = system
        self._spec = spec
        self._secrets = surroundings.secrets
        self._clock = surroundings.clock
        self._charset = system.spec.connection.charset
        self._limits = limits_of(system)
        self._client = client_for(system, surroundings.address, transport=transport)
        self._unreadable = Unreadable(
            system=system.id, charset=self._charset, clock=surroundings.clock, book=surroundings.unread
        )
        self._contract = Contract(spec.wsdl, self._client, self._limits)
        self._sessions: Sessions | None = None
        self._expired: Predicate | None = None
        if spec.log_in is not None:
            self._sessions = self._sessions_for(spec.log_in)
            self._expired = parse_predicate(spec.log_in.expired)

    async def send(self, errand: Errand) -> Outcome:
        operation = errand.operation
        if operation.request is None:
            return NOT_OFFERED
        if (objection := await self._contract.objection(self._clock())) is not None:
            return objection
        try:
            answer = await self._ask(operation.request, errand.values)
        except LogInRefused as refused:
            return _not_let_in(outcome_of(self._system, operation, refused.answer))
        return await self._unreadable.sent(errand, answer, outcome_of(self._system, operation, answer))

    async def answer(self, errand: Errand) -> Answer:
        request = errand.operation.request
        if request is None or await self._contract.objection(self._clock()) is not None:
            return Answer(error="connect")
        try:
            return await self._ask(request, errand.values)
        except LogInRefused as refused:
            return refused.answer

    async def not_understood(self, errand: Errand, answer: Answer) -> None:
        await self._unreadable.answer("upload", answer, delivery_id=errand.delivery_id)

    async def probe(self, errand: Errand) -> ProbeAnswer:
        probe = self._system.probe
        if probe is None:
            return NO_PROBE
        if (objection := await self._contract.objection(self._clock())) is not None:
            # It can't be asked now; a department that can't be asked is waited for.
            return CantTell(outcome=replace(objection, kind=OutcomeClass.TRANSIENT))
        try:
            answer = await self._ask(probe.request, errand.values)
            told = found_by(self._system, probe, answer, errand.operation)
            return await self._unreadable.probed(errand, answer, told)
        except LogInRefused as refused:
            return CantTell(outcome=Outcome(kind=OutcomeClass.TRANSIENT, error=refused.answer.error or "log_in"))

    async def poll(self, errand: Errand) -> InboundEvent | None:
        poll = self._system.poll
        if poll is None or await self._contract.objection(self._clock()) is not None:
            return None
        try:
            answer = await self._ask(poll.request, errand.values)
            return await self._unreadable.polled(errand, answer, polled(self._system, answer, at=self._clock()))
        except LogInRefused:
            return None

    async def poll_many(self, asked: Sequence[Asked]) -> Mapping[str, InboundEvent] | None:
        poll = self._system.poll
        if poll is None or await self._contract.objection(self._clock()) is not None:
            return None
        try:
            answer = await self._ask(poll.request, question_about(asked, at=self._clock(), nonce=token_hex(16)))
            return await self._unreadable.polled_many(answer, polled_many(self._system, answer, at=self._clock()))
        except LogInRefused:
            return None

    async def list_day(self, day: date) -> Sequence[Listed] | None:
        reconcile = self._system.reconcile
        if reconcile is None or await self._contract.objection(self._clock()) is not None:
            return None

        async def page_of(page: int) -> list[Listed] | None:
            values = {"day": day, "page": page, "now": self._clock(), "nonce": token_hex(16)}
            answer = await self._ask(reconcile.request, values)
            if (rows := rows_of(reconcile, answer, is_xml=True)) is None:
                await self._unreadable.answer("list", answer)
            return rows

        try:
            return await every_page(self._system, page_of)
        except LogInRefused:
            return None

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _ask(self, request: Request, values: Mapping[str, object]) -> Answer:
        if self._sessions is None or self._expired is None:
            return await self._call(request, values)
        session = await self._sessions.current(self._clock())
        answer = await self._call(request, {**values, "session": session})
        if not self._expired.holds(answer.variables()):
            return answer
        # It had ended before the request was looked at: nothing was done, one fresh one is tried.
        session = await self._sessions.current(self._clock(), not_this=session)
        return await self._call(request, {**values, "session": session})

    async def _call(self, request: Request, values: Mapping[str, object]) -> Answer:
        body = render(request, values).body
        arguments = body if isinstance(body, Mapping) else {}
        return await self._exchange(request.call, arguments, nonce=str(values["nonce"]))

    async def _exchange(self, name: str, arguments: Mapping[str, object], *, nonce: str = "") -> Answer:
        spec = self._spec
        call = Call(
            version=spec.version,
            namespace=spec.namespace,
            name=name,
            arguments=arguments,
            payload_root=spec.payload_root,
            payload_charset=spec.payload_charset,
            token=self._token(nonce),
        )
        content = await _written(call, self._charset)
        signed = Signed(method="POST", target=spec.path, headers=self._headers(name), content=content)
        raw = await fetch(self._client, signed, self._limits)
        return answer_of(raw, spec, charset=self._charset)

    def _headers(self, name: str) -> Mapping[str, str]:
        action = self._spec.actions.get(name, "")
        if self._spec.version == "1.1":
            return {"content-type": f"text/xml; charset={self._charset}", "soapaction": f'"{action}"'}
        return {"content-type": f'application/soap+xml; charset={self._charset}; action="{action}"'}

    def _token(self, nonce: str) -> UsernameToken | None:
        wanted = self._spec.username_token
        if wanted is None:
            return None
        password = self._secrets.current(wanted.password)
        return UsernameToken(username=wanted.username, password=password, nonce=nonce.encode(), created=self._clock())

    def _sessions_for(self, spec: LogInSpec) -> Sessions:
        return Sessions(
            spec=spec,
            succeeded=parse_predicate(spec.succeeded),
            session=_answer_path(spec.session),
            secrets=self._secrets,
            log_in=self._exchange,
        )


async def _written(call: Call, charset: str) -> bytes:
    """Return the message's bytes; one that holds a file is written in a thread, for it takes a while."""
    if _size(call.arguments) < LARGE:
        return written(call, charset=charset)
    return await anyio.to_thread.run_sync(lambda: written(call, charset=charset))


def _size(value: object) -> int:
    match value:
        case str():
            return len(value)
        case Mapping():
            return sum(map(_size, value.values()))
        case _:
            return 0


def _answer_path(text: str) -> Expression:
    return parse(text, roots=ANSWER_ROOTS, tables={})


def _not_let_in(outcome: Outcome) -> Outcome:
    """Return what a refused log-in means for the case behind it, which was not sent: to wait, never to have arrived."""
    if outcome.error in ("connect", "timeout", "connection_lost"):
        return Outcome(kind=OutcomeClass.TRANSIENT, error=outcome.error)
    if outcome.kind in (OutcomeClass.TRANSIENT, OutcomeClass.THROTTLED):
        return outcome
    return Outcome(kind=OutcomeClass.AUTH, error="log_in", message=outcome.message, http_status=outcome.http_status)


def make_soap(system: System, surroundings: Surroundings) -> SoapTransport:
    """Return the transport; the spec has a soap section, or it would not have been compiled."""
    if system.spec.soap is None:
        raise ValueError(f"{system.id}: no soap section")
    return SoapTransport(system, system.spec.soap, surroundings)
