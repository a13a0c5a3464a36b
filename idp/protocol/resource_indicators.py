"""Resource indicators (RFC 8707): which protected resource a token is for.

A client may name several resources when it asks for authorization; every access token is for one of them, so that
none who gets a token can use it elsewhere (RFC 9700 §2.3). A parameter that may repeat is kept as one text with
spaces, which no URI has.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from idp.protocol.client import Client
from idp.protocol.errors import InvalidTarget
from idp.protocol.parameters import Parameters
from idp.protocol.scope import API_SCOPES

_AT_MOST: Final = 10
_AT_MOST_CHARACTERS: Final = 500


def joined(resources: Iterable[str]) -> str:
    """Return several values as the one text they are kept as.

    Raises:
        InvalidTarget: a value with a space, which would come apart again.
    """
    values = tuple(resources)
    if any(" " in value for value in values):
        raise InvalidTarget("resource must be an absolute URI without fragment.")
    return " ".join(values)


def resources_of(parameters: Parameters) -> tuple[str, ...]:
    """Return the resources a request names, each once, in its order (RFC 8707 §2).

    Raises:
        InvalidTarget: one is not an absolute URI, has a fragment, or there are too many.
    """
    asked = parameters.get("resource")
    if asked is None:
        return ()
    found = tuple(dict.fromkeys(asked.split(" ")))
    if len(found) > _AT_MOST or not all(map(is_resource, found)):
        raise InvalidTarget("resource must be an absolute URI without fragment.")
    return found


def check_allowed(resources: Iterable[str], client: Client, *, issuer: str, api: str) -> None:
    """Check that the client may have tokens for these (RFC 8707 §2, §3).

    Raises:
        InvalidTarget: one is neither registered for it, nor this provider, nor its API with a scope of it.
    """
    for resource in resources:
        own = resource == issuer or (resource == api and bool(set(client.scope) & set(API_SCOPES)))
        if not own and resource not in client.resources:
            raise InvalidTarget("This client may not ask for tokens for that resource.")


def target_of(asked: tuple[str, ...], granted: tuple[str, ...]) -> str:
    """Return the one resource a token is for; "" when neither authorization nor token request named any.

    A token request narrows what was granted and never widens it (RFC 8707 §2.2); the first one granted is meant when
    it names none.

    Raises:
        InvalidTarget: several at once, or one that was not granted.
    """
    if len(asked) > 1:
        raise InvalidTarget("A token is for one resource: ask for one at a time.")
    if asked and granted and asked[0] not in granted:
        raise InvalidTarget("That resource was not granted.")
    return asked[0] if asked else granted[0] if granted else ""


def is_resource(resource: str) -> bool:
    """Tell whether this can name a resource: an absolute URI without fragment (RFC 8707 §2)."""
    if len(resource) > _AT_MOST_CHARACTERS or not resource.isascii() or not resource.isprintable() or "#" in resource:
        return False
    try:
        parts = urlsplit(resource)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path)
