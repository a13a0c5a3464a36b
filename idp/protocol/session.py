"""The end-user's session at the provider: bound to a person, a window and a shift.

The cookie is `<sid>.<secret>`: `sid` is public (it stands in id_tokens), the secret is kept hashed. Signing in again
gives a new secret under the same sid, so the cookie changes while relying parties keep their session; another
person gets another sid.

LIVE answers sign-ons. Left alone for `IDLE`, or LOCKED by the clerk, it answers nothing until the same person gives
the password again. It is over at the shift's end, after `ABSOLUTE`, or when somebody ends it; then every relying
party it was used for is told (`logout.py`). What was ended stays kept, dead, until telling them is on paper.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from idp.protocol import acr as acr_rules
from idp.protocol.account import Account

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=12)
# Writing on every use would double the store's work; a minute's grain is enough for a half-hour limit.
NOTE_USE_EVERY: Final = timedelta(minutes=1)
# How long after its end a session can still be found, to tell relying parties even if no process ran at that moment.
KEPT_AFTER_END: Final = timedelta(hours=6)
WINDOW_AT_MOST: Final = 32
_COOKIE = re.compile(r"\A([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})\Z")
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


class Ending(StrEnum):
    """Why relying parties are told that a session is over for them."""

    SIGNED_OUT = "signed_out"  # by the person, in the session's own browser
    ENDED_ELSEWHERE = "ended_elsewhere"  # by the person, from another browser
    HANDED_OVER = "handed_over"  # the next clerk takes the window
    BY_ADMINISTRATOR = "by_administrator"
    SHIFT_END = "shift_end"
    EXPIRED = "expired"  # the absolute limit
    ACCOUNT_STOPPED = "account_stopped"
    ACCOUNT_CHANGED = "account_changed"  # password or roles
    LOCKED = "locked"  # not over at the provider: the same person may unlock it


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser's sign-in. `clients` are the relying parties it was used for, for logout.

    `window` is the counter's name as the clerk gave it, "" for none. `ended_by` names the occasion that ended it.
    """

    sid: str
    secret_hash: str
    sub: str
    started_at: datetime
    auth_time: datetime
    used_at: datetime
    acr: str
    amr: tuple[str, ...]
    clients: tuple[str, ...] = ()
    window: str = ""
    ends_at: datetime | None = None  # the shift's end or the absolute limit, whichever is first
    locked_at: datetime | None = None
    unlock_to: str = ""  # where the person goes to sign in again; a registered address of a relying party
    ended_by: str = ""
    ending: Ending | None = None

    @property
    def over_at(self) -> datetime:
        """When it is over whatever happens."""
        limit = self.started_at + ABSOLUTE
        return limit if self.ends_at is None else min(limit, self.ends_at)


def parse_cookie(cookie: str | None) -> tuple[str, str] | None:
    """Return sid and secret, or None when it isn't a session cookie of ours."""
    match = _COOKIE.match(cookie or "")
    return (match[1], match[2]) if match else None


def hash_secret(secret: str) -> str:
    """Return what is kept of a session secret (256 random bits)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def window_name(text: str) -> str:
    """Return a window's name as it is kept: one line, at most 32 characters, nothing invisible."""
    return _NOT_SHOWN.sub("", text).strip()[:WINDOW_AT_MOST].strip()


def start(
    account: Account,
    *,
    previous: Session | None,
    at: datetime,
    token_urlsafe: Callable[[int], str],
    window: str = "",
    ends_at: datetime | None = None,
    amr: tuple[str, ...] = acr_rules.AMR_PASSWORD,
) -> tuple[Session, str]:
    """Return the session of a fresh sign-in and its cookie; the id is always new (RFC 9700 §4.7)."""
    secret = token_urlsafe(32)
    same = previous if previous is not None and previous.sub == account.sub else None
    session = Session(
        sid=same.sid if same else token_urlsafe(16),
        secret_hash=hash_secret(secret),
        sub=account.sub,
        started_at=at,
        auth_time=at,
        used_at=at,
        acr=acr_rules.acr_of(amr),
        amr=amr,
        clients=same.clients if same else (),
        window=window or (same.window if same else ""),
        ends_at=ends_at,
    )
    return session, f"{session.sid}.{secret}"


def strengthened(session: Session, amr: tuple[str, ...], *, token_urlsafe: Callable[[int], str]) -> tuple[Session, str]:
    """Return the session after one more proof, and its new cookie: the old one opens it no more (RFC 9700 §4.7).

    `auth_time` stays: the first proof is as old as it was, and max_age asks for the oldest.
    """
    secret = token_urlsafe(32)
    joint = (*session.amr, *(word for word in amr if word not in session.amr))
    changed = replace(session, secret_hash=hash_secret(secret), acr=acr_rules.acr_of(joint), amr=joint)
    return changed, f"{session.sid}.{secret}"


def is_kept(session: Session, secret: str | None, account: Account | None, *, at: datetime) -> bool:
    """Tell whether the session is this cookie's and not over, be it idle or locked; `secret` None asks by sid."""
    return (
        (secret is None or hmac.compare_digest(session.secret_hash, hash_secret(secret)))
        and not session.ended_by
        and at < session.over_at
        and account is not None
        and account.sub == session.sub
        and account.honours(session.auth_time)
    )


def holds(session: Session, secret: str | None, account: Account | None, *, at: datetime) -> bool:
    """Tell whether the session answers for this cookie: kept, not locked and not idle."""
    return (
        session.locked_at is None
        and at < session.used_at + IDLE + NOTE_USE_EVERY
        and is_kept(session, secret, account, at=at)
    )


def used(session: Session, client_id: str, *, at: datetime) -> Session:
    """Return the session after use for a client; the same object when there is nothing worth writing."""
    if client_id not in session.clients:
        return replace(session, clients=(*session.clients, client_id), used_at=at)
    if at - session.used_at >= NOTE_USE_EVERY:
        return replace(session, used_at=at)
    return session


def locked(session: Session, *, unlock_to: str, at: datetime) -> Session:
    """Return the session locked: it answers nothing until the same person signs in again in this browser."""
    return replace(session, locked_at=session.locked_at or at, unlock_to=unlock_to)


def ended(session: Session, reason: Ending, occasion: str) -> Session:
    """Return the session dead, with what is needed to tell its relying parties."""
    return replace(session, ended_by=occasion, ending=reason)


def why_over(session: Session) -> Ending:
    """Return why a session that reached its end by the clock is over."""
    return Ending.SHIFT_END if session.over_at < session.started_at + ABSOLUTE else Ending.EXPIRED


def lifetime(session: Session, *, at: datetime) -> timedelta:
    """Return how long the store keeps it: past its end, so that whoever tells relying parties still finds it."""
    return max(session.over_at - at, timedelta(0)) + KEPT_AFTER_END
