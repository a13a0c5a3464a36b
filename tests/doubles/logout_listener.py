"""Relying parties that are told of logouts: what they got, and what they answer, by host."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from urllib.parse import parse_qs

import httpx2

from config.egress import EgressClient, EgressRules


@dataclass
class Listener:
    """`answers` maps a host to a status, to an error to raise, or to an event to wait for."""

    answers: dict[str, int | Exception | asyncio.Event] = field(default_factory=dict)
    received: list[tuple[str, str]] = field(default_factory=list)
    requests: list[httpx2.Request] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    def egress(self) -> EgressClient:
        """The way out of a provider that ends here: every name resolves, nothing leaves the process."""

        async def resolve(_host: str, _port: int) -> tuple[str, ...]:
            return ("198.51.100.7",)

        rules = EgressRules(allowed=(ip_network("198.51.100.0/24"),))
        transport: Callable[[], httpx2.AsyncBaseTransport] = lambda: httpx2.MockTransport(self._answer)  # noqa: E731
        return EgressClient(rules, resolve=resolve, transport=transport)

    def tokens(self, host: str) -> list[str]:
        """The logout tokens a host got, in order."""
        return [token for at, token in self.received if at == host]

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        host = request.headers["host"]
        self.requests.append(request)
        self.called.set()
        self.received.append((host, parse_qs(request.content.decode())["logout_token"][0]))
        answer = self.answers.get(host, 200)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            return httpx2.Response(200, stream=httpx2.ByteStream(b""))
        headers = {"location": "https://elsewhere.example/"} if answer == 302 else {}
        return httpx2.Response(answer, headers=headers, stream=httpx2.ByteStream(b""))
