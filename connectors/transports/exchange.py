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
from connectors.unread import MOST_BYTES

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
    """What came over the line, unread; `error` is set when nothing whole did, `head` is how far it got, at most so far."""

    http_status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)
    error: str = ""
    head: bytes = field(default=b"", repr=False)

    def answer(self, error: str = "") -> Answer:
        """Return the answer of one that can't be read further."""
        return Answer(http_status=self.http_status, headers=self.headers, error=error or self.error, head=self.head)


@dataclass(slots=True)
class _Coming:
    """An answer as it comes in, so that one that never ends has a beginning."""

    http_status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    head: bytes = b""

    def failed(self, error: str) -> Raw:
        """Return what there is of one that did not come whole; a status without its end is none."""
        status = 0 if error in ("timeout", "connection_lost") else self.http_status
        return Raw(http_status=status, headers=self.headers, error=error, head=self.head)


async def fetch(client: httpx2.AsyncClient, signed: Signed, limits: Limits, *, may_redirect: bool = False) -> Raw:
    """Send `signed` and return what came back; a fault is a `Raw` with `error` set, never an exception."""
    coming = _Coming()
    try:
        async with asyncio.timeout(limits.total_seconds):
            content = await _bounded(client, signed, limits.most_bytes, coming)
    except TimeoutError:
        return coming.failed("timeout")
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
        return Raw(error="connect")
    except httpx2.TimeoutException:
        return coming.failed("timeout")
    except (httpx2.TransportError, httpx2.DecodingError):
        return coming.failed("connection_lost")
    if content is None:
        return coming.failed("too_large")
    status = coming.http_status
    if 300 <= status < 400 and not may_redirect:
        return coming.failed("redirect")
    return Raw(http_status=status, headers=coming.headers, content=content, head=coming.head)


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
    return Answer(
        http_status=raw.http_status, headers=raw.headers, body=opened.body, envelope=opened.envelope, head=raw.head
    )


async def _bounded(client: httpx2.AsyncClient, signed: Signed, most_bytes: int, coming: _Coming) -> bytes | None:
    """Return the content, None when there is more than `most_bytes` of it; `coming` tells of the rest meanwhile."""
    request = client.build_request(signed.method, signed.target, headers=dict(signed.headers), content=signed.content)
    response = await client.send(request, stream=True)
    try:
        coming.http_status = response.status_code
        coming.headers = {name.lower(): value for name, value in response.headers.items()}
        chunks, size = [], 0
        # Counted after decompression, so that a small bomb is a large answer too.
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            # One byte more than is shown tells that there was more.
            coming.head += chunk[: MOST_BYTES + 1 - len(coming.head)]
            if size > most_bytes:
                return None
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        await response.aclose()
