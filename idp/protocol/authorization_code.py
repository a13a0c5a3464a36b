"""The authorization code: what it stands for, and how it is redeemed once (RFC 6749 §4.1.2, RFC 9700 §2.1)."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idp.protocol.client import Client
from idp.protocol.errors import InvalidGrant

LIFETIME: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """What the person granted; kept under the code's hash for a minute."""

    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    sub: str
    sid: str
    nonce: str | None
    code_challenge: str | None
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    id_token_claims: tuple[str, ...]
    userinfo_claims: tuple[str, ...]
    issued_at: datetime
    dpop_jkt: str = ""  # RFC 9449 §10; empty: not bound
    resource: tuple[str, ...] = ()


def hash_code(code: str) -> str:
    """Return the key a code is kept under; the code itself is nowhere."""
    return hashlib.sha256(code.encode()).hexdigest()


def grant_id_of(code: str) -> str:
    """Return the id of the grant a code gives.

    It follows from the code, so that a second use names what the first one gave even when nothing else is left.
    """
    return base64.urlsafe_b64encode(hashlib.sha256(b"grant:" + code.encode()).digest()[:16]).rstrip(b"=").decode()


def verify_code(kept: AuthorizationCode, client: Client, redirect_uri: str | None, *, at: datetime) -> None:
    """Check that the code was this client's, for this redirect_uri, and in time (RFC 6749 §4.1.3).

    Raises:
        InvalidGrant: any of them does not hold.
    """
    if kept.client_id != client.client_id:
        raise InvalidGrant("The code does not hold.", detail="other client")
    if redirect_uri != kept.redirect_uri:
        raise InvalidGrant("redirect_uri is not that of the authorization request.")
    if not kept.issued_at <= at < kept.issued_at + LIFETIME:
        raise InvalidGrant("The code does not hold.", detail="expired")
