"""The end-user's session at the provider.

The cookie is `<sid>.<secret>`: `sid` is public (it stands in id_tokens), the secret is kept hashed. Signing in again
gives a new secret under the same sid, so the cookie changes while relying parties keep their session; another
person gets another sid.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from idp.protocol.account import Account
from idp.protocol.claims import ACR_PASSWORD

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=12)
# Writing on every use would double the store's work; a minute's grain is enough for a half-hour limit.
NOTE_USE_EVERY: Final = timedelta(minutes=1)
_COOKIE = re.compile(r"\A([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser's sign-in. `clients` are the relying parties it was used for, for logout."""

    sid: str
    secret_hash: str
    sub: str
    started_at: datetime
    auth_time: datetime
    used_at: datetime
    acr: str
    amr: tuple[str, ...]
    clients: tuple[str, ...] = ()


def parse_cookie(cookie: str | None) -> tuple[str, str] | None:
    """Return sid and secret, or None when it isn't a session cookie of ours."""
    match = _COOKIE.match(cookie or "")
    return (match[1], match[2]) if match else None


def hash_secret(secret: str) -> str:
    """Return what is kept of a session secret (256 random bits)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def start(
    account: Account, *, previous: Session | None, at: datetime, token_urlsafe: Callable[[int], str]
) -> tuple[Session, str]:
    """Return the session of a fresh password sign-in and its cookie; the id is always new (RFC 9700 §4.7)."""
    secret = token_urlsafe(32)
    same = previous if previous is not None and previous.sub == account.sub else None
    session = Session(
        sid=same.sid if same else token_urlsafe(16),
        secret_hash=hash_secret(secret),
        sub=account.sub,
        started_at=at,
        auth_time=at,
        used_at=at,
        acr=ACR_PASSWORD,
        amr=("pwd",),
        clients=same.clients if same else (),
    )
    return session, f"{session.sid}.{secret}"


def holds(session: Session, secret: str | None, account: Account | None, *, at: datetime) -> bool:
    """Tell whether the session is alive for this cookie; `secret` None asks for the session alone (by sid)."""
    return (
        (secret is None or hmac.compare_digest(session.secret_hash, hash_secret(secret)))
        and at < session.used_at + IDLE + NOTE_USE_EVERY
        and at < session.started_at + ABSOLUTE
        and account is not None
        and account.sub == session.sub
        and account.honours(session.auth_time)
    )


def used(session: Session, client_id: str, *, at: datetime) -> Session:
    """Return the session after use for a client; the same object when there is nothing worth writing."""
    if client_id not in session.clients:
        return replace(session, clients=(*session.clients, client_id), used_at=at)
    if at - session.used_at >= NOTE_USE_EVERY:
        return replace(session, used_at=at)
    return session


def lifetime(session: Session, *, at: datetime) -> timedelta:
    """Return how long the store keeps it: the idle limit, cut by the absolute one."""
    return min(IDLE + NOTE_USE_EVERY, session.started_at + ABSOLUTE - at)
