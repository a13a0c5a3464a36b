"""Checking a logout token, for relying parties (OpenID Connect Back-Channel Logout 1.0 §2.6).

Two steps, because the key lies with whoever reads it: `kid_of` says which one is needed, `verify` does the rest.
That a token is taken once (`jti`) is for the caller to keep.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
ALGORITHMS: Final = ("ES256", "RS256")
LEEWAY: Final = timedelta(seconds=30)
_AT_MOST_CHARACTERS: Final = 8 * 1024
# RFC 8725 §3.1: nothing in a token may say where its key is, or how else to read it.
_HEADERS: Final = frozenset({"alg", "typ", "kid"})


class LogoutTokenRefused(Exception):
    """It is not a logout token for us; the message is for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutToken:
    """A token that holds. `sid` or `sub` may be empty, never both; `remember` is how long `jti` could be replayed."""

    sub: str
    sid: str
    jti: str
    remember: timedelta


def kid_of(token: str) -> str:
    """Return which key a token needs, once its header is of the kind we accept; nothing of it is trusted yet.

    Raises:
        LogoutTokenRefused: it can't be one; an id_token or access token is refused by its `typ` (RFC 8725 §3.11).
    """
    header = _header(token)
    kid = header.get("kid")
    typ = str(header.get("typ", "")).lower().removeprefix("application/")
    if not header.keys() <= _HEADERS or header.get("alg") not in ALGORITHMS or typ != "logout+jwt":
        raise LogoutTokenRefused("header")
    if not isinstance(kid, str):
        raise LogoutTokenRefused("kid")
    return kid


def verify(token: str, key: Key, *, issuer: str, client_id: str, at: datetime) -> LogoutToken:
    """Return the token if `key` signed it, it is meant for this client, and everything §2.6 asks is there.

    Raises:
        LogoutTokenRefused: the first thing that does not hold.
    """
    try:
        # RFC 8725 §3.2: the algorithm is the key's, whatever the header says.
        claims = jwt.decode(token, key, algorithms=[_alg_of(key)]).claims
    except (JoseError, ValueError, TypeError) as error:
        raise LogoutTokenRefused("signature") from error
    _check_for_us(claims, issuer, client_id)
    exp = _check_times(claims, at)
    events = claims.get("events")
    if not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping):
        raise LogoutTokenRefused("events")
    if "nonce" in claims:
        raise LogoutTokenRefused("nonce")
    sub, sid, jti = (_text(claims, name) for name in ("sub", "sid", "jti"))
    if not jti or not (sub or sid):
        raise LogoutTokenRefused("jti, sub or sid")
    return LogoutToken(sub=sub, sid=sid, jti=jti, remember=timedelta(seconds=exp - at.timestamp()) + 2 * LEEWAY)


def _check_for_us(claims: Mapping[str, Any], issuer: str, client_id: str) -> None:
    audience = claims.get("aud")
    if claims.get("iss") != issuer:
        raise LogoutTokenRefused("iss")
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise LogoutTokenRefused("aud")


def _check_times(claims: Mapping[str, Any], at: datetime) -> float:
    exp, iat, now = claims.get("exp"), claims.get("iat"), at.timestamp()
    if not isinstance(exp, int | float) or not isinstance(iat, int | float):
        raise LogoutTokenRefused("exp or iat")
    if now >= exp + LEEWAY.total_seconds() or iat > now + LEEWAY.total_seconds():
        raise LogoutTokenRefused("time")
    return float(exp)


def _alg_of(key: Key) -> str:
    return "ES256" if key.key_type == "EC" else "RS256"


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str) or len(value) > 256:
        raise LogoutTokenRefused(name)
    return value


def _header(token: str) -> dict[str, Any]:
    try:
        if len(token) > _AT_MOST_CHARACTERS:
            raise LogoutTokenRefused("length")
        encoded = token.split(".", 1)[0].encode("ascii")
        header = json.loads(urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError) as error:
        raise LogoutTokenRefused("form") from error
    if not isinstance(header, dict):
        raise LogoutTokenRefused("form")
    return header
