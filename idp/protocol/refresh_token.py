"""Refresh tokens (RFC 6749 §6, RFC 9700 §4.14): a grant of its own in SQL, revoked as a whole.

A public client's token is replaced at each use. The successor follows from its parent and a key of ours, so a
client that lost the answer and asks again inside the window gets the very same one and no second branch exists.
A token used again after the window, or after its successor was used, revokes the grant.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from idp.protocol.client import Client

LIFETIME: Final = timedelta(days=30)
RETRY_WINDOW: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a person granted a client beyond the session."""

    gid: str
    sub: str
    client_id: str
    scope: tuple[str, ...]
    sid: str
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    userinfo_claims: tuple[str, ...]
    id_token_claims: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None = None
    jkt: str = ""  # RFC 9449 §5: the key of a public client; empty: not bound
    resource: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """One token of a grant; `replaced_at` is when it was first used and replaced."""

    token_hash: str
    grant: Grant
    issued_at: datetime
    expires_at: datetime
    replaced_at: datetime | None
    successor_replaced: bool


class Use(StrEnum):
    """What presenting a token means."""

    KEEP = "keep"  # a confidential client's: stays as it is (FAPI 2.0 §5.3.2.1: no rotation)
    ROTATE = "rotate"  # first use by a public client
    REPEAT = "repeat"  # the answer got lost: the same successor again
    REUSE = "reuse"  # somebody else has it: revoke the grant
    DEAD = "dead"  # expired, revoked, or another client's


def judge(token: RefreshToken | None, client: Client, *, at: datetime) -> Use:
    """Return what presenting this token by this client means."""
    if token is None or token.grant.client_id != client.client_id or token.grant.revoked_at or at >= token.expires_at:
        return Use.DEAD
    if token.replaced_at is not None:
        in_window = at - token.replaced_at <= RETRY_WINDOW and not token.successor_replaced
        return Use.REPEAT if in_window else Use.REUSE
    return Use.ROTATE if client.public else Use.KEEP


def hash_token(token: str) -> str:
    """Return the key a refresh token is kept under."""
    return hashlib.sha256(token.encode()).hexdigest()


def successor_of(token: str, key: bytes) -> str:
    """Return the token that replaces this one; without `key` it can't be foreseen."""
    return base64.urlsafe_b64encode(hmac.digest(key, token.encode(), "sha256")).rstrip(b"=").decode()
