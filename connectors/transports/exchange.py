"""One bounded HTTP exchange: total deadline, a limit on what is read, no redirects, every fault named."""

import asyncio
from dataclasses import dataclass

import httpx2

from connectors.errors import EnvelopeRefused
from connectors.outcomes import Answer
from connectors.signing import Signed, Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    total_seconds: float
    most_bytes: int
    charset: str


async def exchange(client: httpx2.AsyncClient, signed: Signed, signer: Signer, limits: Limits) -> Answer:
    """Send `signed` and return what came back; a fault is an answer with `error` set, never an exception."""
    try:
        async with asyncio.timeout(limits.total_seconds):
            status, headers, content = await _bounded(client, signed, limits.most_bytes)
    except TimeoutError:
        return Answer(error="timeout")
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
        return Answer(error="connect")
    except httpx2.TimeoutException:
        return Answer(error="timeout")
    except (httpx2.TransportError, httpx2.DecodingError):
        return Answer(error="connection_lost")
    if content is None:
        return Answer(http_status=status, headers=headers, error="too_large")
    if 300 <= status < 400:
        return Answer(http_status=status, headers=headers, error="redirect")
    try:
        opened = signer.open(content, limits.charset)
    except EnvelopeRefused as refused:
        error = refused.reason if refused.reason in ("charset", "not_json") else "envelope"
        return Answer(http_status=status, headers=headers, error=error)
    return Answer(http_status=status, headers=headers, body=opened.body, envelope=opened.envelope)


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
