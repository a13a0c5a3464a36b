"""Access tokens of this department's API: opaque, two hours, forgotten at a restart (RFC 6749 §4.4)."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

LASTS: Final = timedelta(hours=2)
SCOPES: Final = frozenset({"registrations", "persons"})
CLIENT_ID: Final = "onewindow"


def credentials(authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
    """Return client_id and client_secret from HTTP Basic or from the form (RFC 6749 §2.3.1); empty when neither is there."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client_id, secret


def is_client(client_id: str, secret: str, *, known_secret: bytes) -> bool:
    return client_id == CLIENT_ID and hmac.compare_digest(secret.encode(), known_secret)


class Tokens:
    """The tokens given out since the start."""

    def __init__(self) -> None:
        self._scopes: dict[str, tuple[frozenset[str], datetime]] = {}

    def issue(self, scope: str, *, at: datetime) -> tuple[str, str]:
        """Return a new token and its scope; no scope asked for means registrations."""
        granted = (frozenset(scope.split()) or frozenset({"registrations"})) & SCOPES
        self._scopes = {token: kept for token, kept in self._scopes.items() if kept[1] > at}
        token = secrets.token_urlsafe(32)
        self._scopes[token] = (granted, at + LASTS)
        return token, " ".join(sorted(granted))

    def scopes_of(self, authorization: str, *, at: datetime) -> frozenset[str] | None:
        """Return what a Bearer header may do; None when it is unknown or over."""
        scheme, _, token = authorization.partition(" ")
        kept = self._scopes.get(token) if scheme.lower() == "bearer" else None
        return kept[0] if kept is not None and kept[1] > at else None
