"""The world beyond the provider, as its egress client sees it: pages at addresses, and a count of who asked."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2

from config.egress import EgressClient, EgressRules

_PUBLIC = "93.184.216.34"


@dataclass
class Outside(httpx2.AsyncBaseTransport):
    """`pages` are bodies by address, or a status; `names` are the addresses of hosts that aren't public."""

    pages: dict[str, bytes | int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def egress(self) -> EgressClient:
        """Return a client whose name server and network this is; its rules are those of production."""
        return EgressClient(EgressRules(), resolve=self._resolve, transport=lambda: self)

    async def _resolve(self, host: str, port: int) -> tuple[str, ...]:
        return (self.names.get(host, _PUBLIC),)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        address = f"https://{request.headers['host']}{urlsplit(str(request.url)).path}"
        self.asked.append(address)
        page = self.pages.get(address, 404)
        status, body = (page, b"") if isinstance(page, int) else (200, page)
        return httpx2.Response(status, stream=httpx2.ByteStream(body))
