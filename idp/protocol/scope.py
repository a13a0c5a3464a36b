"""Scopes: what may be asked for, and which audience an access token gets from them (RFC 6749 §3.3, RFC 9068 §3)."""

import re
from collections.abc import Iterable
from typing import Final

from idp.protocol.client import Client
from idp.protocol.errors import InvalidScope

OPENID: Final = "openid"
OFFLINE_ACCESS: Final = "offline_access"
IDENTITY_SCOPES: Final = (OPENID, "profile", "email", "phone", "address", "unit", OFFLINE_ACCESS)
API_SCOPES: Final = ("guides:read", "cases:read", "cases:write")
SCOPES_SUPPORTED: Final = (*IDENTITY_SCOPES, *API_SCOPES)

_WORDS = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")


def allowed_scope(asked: str | None, client: Client) -> tuple[str, ...]:
    """Return what of the asked scope this client gets.

    Values this provider does not know are ignored (OpenID Connect Core §3.1.2.1); one it knows but the client
    was not given is refused, so that a mistaken registration is noticed.

    Raises:
        InvalidScope: malformed, not given to the client, or nothing is left.
    """
    if not _WORDS.fullmatch(asked or ""):
        raise InvalidScope("scope is missing or malformed.")
    words = (asked or "").split(" ")
    known = tuple(dict.fromkeys(word for word in words if word in SCOPES_SUPPORTED))
    if any(word not in client.scope for word in known):
        raise InvalidScope("This client may not ask for that scope.")
    if OFFLINE_ACCESS in known and "refresh_token" not in client.grant_types:
        known = tuple(word for word in known if word != OFFLINE_ACCESS)  # OpenID Connect Core §11: ignored
    if not known:
        raise InvalidScope("None of these scopes is known.")
    return known


def client_scope(asked: str | None, client: Client) -> tuple[str, ...]:
    """Return the scope of a client_credentials token: what was asked, or all API scopes the client has.

    Raises:
        InvalidScope: something asked is unknown, not the client's, or about a person (RFC 6749 §4.4.2).
    """
    own = tuple(word for word in client.scope if word in API_SCOPES)
    if not asked:
        if not own:
            raise InvalidScope("This client has no scope of its own.")
        return own
    words = tuple(dict.fromkeys(asked.split(" ")))
    if any(word not in own for word in words):
        raise InvalidScope("This client may not ask for that scope.")
    return words


def narrowed_scope(asked: str | None, granted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scope of a refreshed access token: never more than was granted (RFC 6749 §6).

    Raises:
        InvalidScope: it asks for more.
    """
    if not asked:
        return granted
    words = tuple(dict.fromkeys(asked.split(" ")))
    if any(word not in granted for word in words):
        raise InvalidScope("The refresh token was not granted that scope.")
    return words


def audience(scope: Iterable[str], *, issuer: str, api: str) -> str | list[str]:
    """Return `aud` of an access token: the API for its scopes, the provider itself for userinfo (RFC 9068 §3)."""
    words = set(scope)
    for_api, for_userinfo = bool(words & set(API_SCOPES)), OPENID in words
    if for_api and for_userinfo:
        return [issuer, api]
    return api if for_api else issuer
