"""JSON over HTTP: the transport of the REST systems. One client per system, shared by all its deliveries."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from secrets import token_hex
from typing import Final

import anyio
import httpx2

from config.clock import Clock
from connectors.engine import ProbeAnswer
from connectors.errors import MappingRefused
from connectors.ledger import InboundEvent
from connectors.messages import N_
from connectors.outcomes import Answer, Outcome
from connectors.reconciliation import Listed
from connectors.rendering import render
from connectors.secrets_dir import Secrets
from connectors.signing import Signed, signer_for
from connectors.spec_addresses import is_below
from connectors.spec_auth import OAuth2ClientCredentials
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
from connectors.transports.exchange import client_for, exchange, fetch, limits_of
from connectors.transports.oauth2 import TokenCache, TokenRefused
from connectors.transports.unreadable import Unreadable
from connectors.unread import NoUnreadBook, UnreadBook

ELSEWHERE: Final = N_("部门给出的上传地址不在该部门的地址之下，附件没有发送；请联系部门系统负责人")


class RestJsonTransport:
    """`connectors.transport_ports.Transport`, `PollsMany` and `Lists` for one system."""

    def __init__(
        self,
        system: System,
        *,
        base_url: str,
        secrets: Secrets,
        clock: Clock,
        unread: UnreadBook | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        connection = system.spec.connection
        self._unreadable = Unreadable(
            system=system.id,
            charset=connection.charset,
            clock=clock,
            book=unread or NoUnreadBook(),
            is_sealed=connection.auth.kind == "tif_envelope",
        )
        self._system = system
        self._clock = clock
        self._limits = limits_of(system)
        self._signer = signer_for(connection.auth, secrets)
        self._client = client_for(system, base_url, transport=transport)
        self._tokens = (
            TokenCache(connection.auth, secrets, self._client, self._limits)
            if isinstance(connection.auth, OAuth2ClientCredentials)
            else None
        )

    async def send(self, errand: Errand) -> Outcome:
        operation = errand.operation
        if operation.request is None:
            return NOT_OFFERED
        answer = await self._ask(operation.request, errand.values)
        return await self._unreadable.sent(errand, answer, outcome_of(self._system, operation, answer))

    async def answer(self, errand: Errand) -> Answer:
        request = errand.operation.request
        return Answer(error="connect") if request is None else await self._ask(request, errand.values)

    async def put_file(self, path: str, content: bytes, media_type: str) -> Answer:
        if not is_below(path) or not path.isascii():
            raise MappingRefused("put", ELSEWHERE)
        signed = Signed(method="PUT", target=path, headers={"content-type": media_type}, content=content)
        # Stores of files answer with an empty body.
        return (await fetch(self._client, signed, self._limits)).answer()

    async def not_understood(self, errand: Errand, answer: Answer) -> None:
        await self._unreadable.answer("upload", answer, delivery_id=errand.delivery_id)

    async def probe(self, errand: Errand) -> ProbeAnswer:
        probe = self._system.probe
        if probe is None:
            return NO_PROBE
        answer = await self._ask(probe.request, errand.values)
        return await self._unreadable.probed(errand, answer, found_by(self._system, probe, answer))

    async def poll(self, errand: Errand) -> InboundEvent | None:
        poll = self._system.poll
        if poll is None:
            return None
        answer = await self._ask(poll.request, errand.values)
        return await self._unreadable.polled(errand, answer, polled(self._system, answer, at=self._clock()))

    async def poll_many(self, asked: Sequence[Asked]) -> Mapping[str, InboundEvent] | None:
        poll = self._system.poll
        if poll is None:
            return None
        answer = await self._ask(poll.request, question_about(asked, at=self._clock(), nonce=token_hex(16)))
        return await self._unreadable.polled_many(answer, polled_many(self._system, answer, at=self._clock()))

    async def list_day(self, day: date) -> Sequence[Listed] | None:
        reconcile = self._system.reconcile
        if reconcile is None:
            return None

        async def page_of(page: int) -> list[Listed] | None:
            values = {"day": day, "page": page, "now": self._clock(), "nonce": token_hex(16)}
            answer = await self._ask(reconcile.request, values)
            if (rows := rows_of(reconcile, answer)) is None:
                await self._unreadable.answer("list", answer)
            return rows

        return await every_page(self._system, page_of)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _ask(self, request: Request, values: Mapping[str, object]) -> Answer:
        rendered = render(request, values)
        at, nonce = self._clock(), str(values["nonce"])
        if "file" in values:
            # A file in the message takes a while to write out and to sign.
            signed = await anyio.to_thread.run_sync(lambda: self._signer.sign(rendered, at=at, nonce=nonce))
        else:
            signed = self._signer.sign(rendered, at=at, nonce=nonce)
        if self._tokens is None:
            return await exchange(self._client, signed, self._signer, self._limits)
        return await self._ask_with_token(self._tokens, signed, at)

    async def _ask_with_token(self, tokens: TokenCache, signed: Signed, at: datetime) -> Answer:
        try:
            token = await tokens.token(at)
            answer = await exchange(self._client, _bearing(signed, token), self._signer, self._limits)
            if answer.http_status != 401:
                return answer
            # It may have ended early or been revoked; one fresh one is tried, nothing was done with a refused one.
            token = await tokens.token(at, not_this=token)
        except TokenRefused as refused:
            return _without_token(refused)
        return await exchange(self._client, _bearing(signed, token), self._signer, self._limits)


def _bearing(signed: Signed, token: str) -> Signed:
    return replace(signed, headers={**signed.headers, "authorization": f"Bearer {token}"})


def _without_token(refused: TokenRefused) -> Answer:
    """Return the answer for a case that was never sent: the token endpoint's refusal, or no connection."""
    if refused.http_status in (400, 401, 403):
        return Answer(http_status=401)
    return Answer(error="connect")


def make_rest_json(system: System, surroundings: Surroundings) -> RestJsonTransport:
    return RestJsonTransport(
        system,
        base_url=surroundings.address,
        secrets=surroundings.secrets,
        clock=surroundings.clock,
        unread=surroundings.unread,
    )
