"""Pushed authorization requests (RFC 9126): kept under a `request_uri`, for one client, until one answer is given.

The `request_uri` is used up when the authorization is completed, not when its address is first opened: browsers
fetch addresses ahead and reload them (FAPI 2.0 Security Profile §5.3.2.2). An answer with an error completes it too.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idp.protocol.client import Client
from idp.protocol.errors import InvalidRequest, NotRedirectable, PageReason
from idp.protocol.parameters import Parameters

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"  # RFC 9126 §2.2
# A browser follows at once; FAPI 2.0 §5.3.2.2 wants less than 600 seconds.
LIFETIME: Final = timedelta(seconds=90)
_AT_MOST_CHARACTERS: Final = 16 * 1024
# How the client proved itself; none of it belongs to the request (RFC 9126 §2.1).
AUTHENTICATION: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedRequest:
    """A checked request of a client; `parameters` are what counts, whatever stands beside the request_uri later."""

    client_id: str
    parameters: dict[str, str]
    expires_at: datetime


def new_request_uri(token_urlsafe: Callable[[int], str]) -> str:
    """Return a request_uri nobody can foresee (RFC 9126 §7.1: 256 random bits)."""
    return PREFIX + token_urlsafe(32)


def hash_request_uri(request_uri: str) -> str:
    """Return the key a pushed request is kept under."""
    return hashlib.sha256(request_uri.encode()).hexdigest()


def is_pushed(request_uri: str) -> bool:
    """Tell whether a request_uri is one of this endpoint's kind; any other would have to be fetched, and is not."""
    return request_uri.startswith(PREFIX)


def own_parameters(form: Parameters, client: Client) -> dict[str, str]:
    """Return the authorization request in a form posted to the endpoint, without what authenticated the client.

    Raises:
        InvalidRequest: a request_uri inside (RFC 9126 §2.1), or too much to keep.
    """
    if "request_uri" in form:
        raise InvalidRequest("request_uri is not allowed in a pushed request.")
    if sum(map(len, form.values())) > _AT_MOST_CHARACTERS:
        raise InvalidRequest("The request is too large.")
    return {name: value for name, value in form.items() if name not in AUTHENTICATION} | {"client_id": client.client_id}


def check_expected(client: Client, *, pushed: bool, always: bool) -> None:
    """Refuse a request that was not pushed where client or provider want it so (RFC 9126 §6, FAPI 2.0 §5.3.2.2).

    Raises:
        InvalidRequest: RFC 9126 §5.
    """
    if not pushed and (always or client.requires_pushed_requests):
        raise InvalidRequest("This client must push its authorization requests.")


def verify_pushed(kept: PushedRequest | None, client_id: str | None, *, at: datetime) -> dict[str, str]:
    """Return the parameters behind a request_uri that this client pushed and that has not expired (RFC 9126 §4).

    Raises:
        NotRedirectable: where an answer could go stood in the pushed request only.
    """
    if kept is None or at >= kept.expires_at or kept.client_id != client_id:
        raise NotRedirectable(PageReason.PUSHED_REQUEST_GONE, detail="unknown, used, expired or another client's")
    return kept.parameters
