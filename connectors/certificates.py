"""When certificates end: those of the departments' own servers, and those among our secrets.

A server's is seen by a handshake at night. Nothing is sent over that connection and nothing is believed from it, so
the certificate is read whether it holds or not: an expired one is what we want to hear of.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

NOTE: Final = "certificate"
"""The note's name, one per system."""
WITHIN: Final = timedelta(seconds=5)
AT_ONCE: Final = 4
_LARGEST_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The certificate a server showed; `not_after` is None when it could not be seen, `error` then says why in a word."""

    seen_at: datetime
    not_after: datetime | None = None
    error: str = ""


def not_after(content: bytes) -> datetime | None:
    """Return when the first of the certificates in a file to end does; None when it holds none.

    PEM with any number of them, or one in DER. Its key is not looked at, so SM2 certificates are read too.
    """
    if len(content) > _LARGEST_BYTES:
        return None
    try:
        if b"-----BEGIN CERTIFICATE-----" in content:
            return min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(content))
        if content[:1] == b"\x30":
            return x509.load_der_x509_certificate(content).not_valid_after_utc
    except ValueError:
        return None
    return None


async def see(addresses: Mapping[str, str], at: datetime) -> Mapping[str, Sighting]:
    """Return what each server with an https address shows; `AT_ONCE` are asked at a time, each `WITHIN` a few seconds."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(address: str) -> Sighting:
        async with turns:
            return await _see(address, at)

    secure = {system: address for system, address in addresses.items() if address.startswith("https:")}
    seen = await asyncio.gather(*(one(address) for address in secure.values()))
    return dict(zip(secure, seen, strict=True))


async def _see(address: str, at: datetime) -> Sighting:
    parts = urlsplit(address)
    try:
        async with asyncio.timeout(WITHIN.total_seconds()):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or 443, ssl=_whatever_it_shows(), server_hostname=parts.hostname
            )
        try:
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        finally:
            writer.transport.abort()
    except (OSError, TimeoutError, ValueError) as error:
        return Sighting(seen_at=at, error=type(error).__name__[:40])
    end = not_after(shown or b"")
    return Sighting(seen_at=at, not_after=end, error="" if end else "unreadable")


def _whatever_it_shows() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def write_sighting(sighting: Sighting) -> str:
    """Return the note's text."""
    end = sighting.not_after.isoformat() if sighting.not_after else ""
    return json.dumps({"seen_at": sighting.seen_at.isoformat(), "not_after": end, "error": sighting.error})


def read_sighting(text: str) -> Sighting | None:
    """Return what `write_sighting` wrote."""
    if not text:
        return None
    kept = json.loads(text)
    return Sighting(
        seen_at=datetime.fromisoformat(kept["seen_at"]),
        not_after=datetime.fromisoformat(kept["not_after"]) if kept["not_after"] else None,
        error=kept["error"],
    )
