"""One bounded HTTP exchange: total deadline, a limit on what is read, no redirects, every fault named."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2

from config import logs
from connectors.errors import EnvelopeRefused, SecretMissing
from connectors.outcomes import Answer
from connectors.signing import Signed, Signer
from connectors.system import System

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    total_seconds: float
    most_bytes: int
    charset: str


def limits_of(system: System) -> Limits:
    """Return how long and how much of an answer is waited for and read."""
    connection = system.spec.connection
    total = connection.total_timeout_seconds or system.spec.latency.timeout_ms / 1000
    return Limits(total_seconds=total, most_bytes=connection.most_answer_bytes, charset=connection.charset)


def client_for(
    system: System, base_url: str, *, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """Return the one client of a system: no redirects, no proxies of the environment, no compressed answers asked for."""
    total = limits_of(system).total_seconds
    return httpx2.AsyncClient(
        base_url=base_url,
        transport=transport,
        timeout=httpx2.Timeout(total, connect=system.spec.connection.connect_timeout_seconds),
        limits=httpx2.Limits(
            max_connections=system.spec.delivery.concurrency + 4,
            max_keepalive_connections=system.spec.delivery.concurrency,
            # Shorter than servers' own keep-alive, so that we don't write into a connection being closed.
            keepalive_expiry=3.0,
        ),
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "onewindow", "accept-encoding": "identity"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What came over the line, unread; `error` is set when nothing whole did."""

    http_status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    error: str = ""

    def answer(self, error: str = "") -> Answer:
        """Return the answer of one that can't be read further."""
        return Answer(http_status=self.http_status, headers=self.headers, error=error or self.error)


async def fetch(client: httpx2.AsyncClient, signed: Signed, limits: Limits, *, may_redirect: bool = False) -> Raw:
    """Send `signed` and return what came back; a fault is a `Raw` with `error` set, never an exception."""
    try:
        async with asyncio.timeout(limits.total_seconds):
            status, headers, content = await _bounded(client, signed, limits.most_bytes)
    except TimeoutError:
        return Raw(error="timeout")
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
        return Raw(error="connect")
    except httpx2.TimeoutException:
        return Raw(error="timeout")
    except (httpx2.TransportError, httpx2.DecodingError):
        return Raw(error="connection_lost")
    if content is None:
        return Raw(http_status=status, headers=headers, error="too_large")
    if 300 <= status < 400 and not may_redirect:
        return Raw(http_status=status, headers=headers, error="redirect")
    return Raw(http_status=status, headers=headers, content=content)


async def exchange(client: httpx2.AsyncClient, signed: Signed, signer: Signer, limits: Limits) -> Answer:
    """Send `signed`, take the proof off what came back and return it read."""
    raw = await fetch(client, signed, limits)
    if raw.error:
        return raw.answer()
    try:
        opened = signer.open(raw.content, limits.charset)
    except SecretMissing as missing:
        # It has been sent: the key to read the answer with is gone, which must not look as if nothing had left.
        log.warning("secret_missing", detail=str(missing))
        return raw.answer("envelope")
    except EnvelopeRefused as refused:
        return raw.answer(refused.reason if refused.reason in ("charset", "not_json") else "envelope")
    return Answer(http_status=raw.http_status, headers=raw.headers, body=opened.body, envelope=opened.envelope)


async def _bounded(
    client: httpx2.AsyncClient, signed: Signed, most_bytes: int
) -> tuple[int, dict[str, str], bytes | None]:
    """Return status, headers and content; None as content when there is more than `most_bytes` of it."""
    request = client.build_request(signed.method, signed.target, headers=dict(signed.headers), content=signed.content)
    response = await client.send(request, stream=True)
    try:
        headers = {name.lower(): value for name, value in response.headers.items()}
        chunks, size = [], 0
        # Counted after decompression, so that a small bomb is a large answer too.
        async for chunk in response.aiter_bytes(65_536):
            size += len(chunk)
            if size > most_bytes:
                return response.status_code, headers, None
            chunks.append(chunk)
        return response.status_code, headers, b"".join(chunks)
    finally:
        await response.aclose()
