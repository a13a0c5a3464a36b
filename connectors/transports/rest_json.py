"""JSON over HTTP: the transport of the REST systems. One client per system, shared by all its deliveries."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import httpx2

from config.clock import Clock
from connectors.engine import CantTell, Found, NotFound, ProbeAnswer
from connectors.ledger import InboundEvent
from connectors.messages import N_
from connectors.outcomes import Answer, Outcome, OutcomeClass, classify, extract, map_status
from connectors.ports import Errand, Surroundings
from connectors.rendering import render
from connectors.reporting import moment
from connectors.secrets_dir import Secrets
from connectors.signing import Signed, signer_for
from connectors.spec_auth import OAuth2ClientCredentials
from connectors.system import Request, System
from connectors.transports.exchange import Limits, exchange
from connectors.transports.oauth2 import TokenCache, TokenRefused

_ACCEPT_ENCODING = {"accept-encoding": "identity"}


class RestJsonTransport:
    """`connectors.ports.Transport` for one system."""

    def __init__(
        self,
        system: System,
        *,
        base_url: str,
        secrets: Secrets,
        clock: Clock,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        connection = system.spec.connection
        total = connection.total_timeout_seconds or system.spec.latency.timeout_ms / 1000
        self._system = system
        self._clock = clock
        self._limits = Limits(total_seconds=total, most_bytes=connection.most_answer_bytes, charset=connection.charset)
        self._signer = signer_for(connection.auth, secrets)
        self._client = httpx2.AsyncClient(
            base_url=base_url,
            transport=transport,
            timeout=httpx2.Timeout(total, connect=connection.connect_timeout_seconds),
            limits=httpx2.Limits(
                max_connections=system.spec.delivery.concurrency + 4,
                max_keepalive_connections=system.spec.delivery.concurrency,
                # Shorter than servers' own keep-alive, so that we don't write into a connection being closed.
                keepalive_expiry=3.0,
            ),
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "onewindow", **_ACCEPT_ENCODING},
        )
        self._tokens = (
            TokenCache(connection.auth, secrets, self._client, self._limits)
            if isinstance(connection.auth, OAuth2ClientCredentials)
            else None
        )

    async def send(self, errand: Errand) -> Outcome:
        operation = errand.operation
        if operation.request is None:
            return Outcome(kind=OutcomeClass.INVALID, message=N_("这个业务没有接口，由人工办理"))
        answer = await self._ask(operation.request, errand.values)
        return classify(operation.outcomes, self._system.spec.statuses, answer)

    async def probe(self, errand: Errand) -> ProbeAnswer:
        probe = self._system.probe
        if probe is None:
            return CantTell(outcome=Outcome(kind=OutcomeClass.UNKNOWN, error="no_probe"))
        answer = await self._ask(probe.request, errand.values)
        variables = answer.variables()
        outcome = Outcome(kind=OutcomeClass.UNKNOWN, http_status=answer.http_status, error=answer.error)
        if answer.error in ("connect", "timeout", "connection_lost"):
            return CantTell(outcome=replace(outcome, kind=OutcomeClass.TRANSIENT))
        if probe.found.holds(variables):
            status, unmapped = map_status(self._system.spec.statuses, extract(probe.status, variables))
            return Found(
                outcome=replace(
                    outcome,
                    kind=OutcomeClass.DUPLICATE,
                    department_number=extract(probe.department_number, variables),
                    message=extract(probe.message, variables),
                    status=status,
                    unmapped_status=unmapped,
                )
            )
        if probe.not_found.holds(variables):
            return NotFound(outcome=replace(outcome, kind=OutcomeClass.TRANSIENT))
        return CantTell(outcome=outcome)

    async def poll(self, errand: Errand) -> InboundEvent | None:
        poll = self._system.poll
        if poll is None:
            return None
        answer = await self._ask(poll.request, errand.values)
        variables = answer.variables()
        if not poll.found.holds(variables):
            return None
        return InboundEvent(
            system=self._system.id,
            event_id="",
            source="poll",
            our_number="",
            department_number=extract(poll.department_number, variables),
            status=extract(poll.status, variables),
            message=extract(poll.message, variables),
            occurred_at=moment(extract(poll.occurred_at, variables)),
            received_at=self._clock(),
            facts={name: text for name, e in poll.facts.items() if (text := extract(e, variables))},
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _ask(self, request: Request, values: Mapping[str, object]) -> Answer:
        rendered = render(request, values)
        at, nonce = self._clock(), str(values["nonce"])
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
        system, base_url=surroundings.address, secrets=surroundings.secrets, clock=surroundings.clock
    )
