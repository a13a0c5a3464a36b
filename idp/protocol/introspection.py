"""Introspection answers (RFC 7662 §2.2): only to the token's client or a resource it is meant for."""

from collections.abc import Mapping
from typing import Final

from idp.protocol.access_token import AccessToken
from idp.protocol.client import Client
from idp.protocol.refresh_token import RefreshToken

INACTIVE: Final[Mapping[str, object]] = {"active": False}
_SHOWN = (
    "iss",
    "sub",
    "aud",
    "client_id",
    "scope",
    "iat",
    "exp",
    "jti",
    "auth_time",
    "acr",
    "unit",
    "region",
    "roles",
    "cnf",
)


def may_introspect(caller: Client, token: AccessToken) -> bool:
    """Bound to the caller: its own token, or one whose audience it answers for (RFC 7662 §4, RFC 8707 §3)."""
    return token.client_id == caller.client_id or bool(set(token.audience) & set(caller.audiences))


def describe_access_token(token: AccessToken) -> dict[str, object]:
    """Return the answer for an active access token."""
    return {
        "active": True,
        "token_type": "DPoP" if token.jkt else "Bearer",  # RFC 9449 §6.2
        **{name: token.claims[name] for name in _SHOWN if name in token.claims},
    }


def describe_refresh_token(token: RefreshToken, *, issuer: str, subject: str) -> dict[str, object]:
    """Return the answer for a live refresh token; only its own client gets here."""
    grant = token.grant
    return {
        "active": True,
        "iss": issuer,
        "sub": subject,
        "client_id": grant.client_id,
        "scope": " ".join(grant.scope),
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
    }
