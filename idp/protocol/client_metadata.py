"""Client metadata as JSON: read from a registration, and shown in its answer (RFC 7591 §2, §3.2.1; RFC 7592 §3).

What a client may say about itself is named here; what only this house decides (`Client` below the line) is not, so
that no registration can give itself trust, roles or a weaker rule. Unknown members are ignored (RFC 7591 §2), and
the answer tells what was kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from pydantic import ValidationError

from config.lazy_adapter import LazyAdapter
from config.public_jwk import JwksRefused, public_keys
from idp.protocol.client import Client
from idp.protocol.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError

_TEXT_AT_MOST: Final = 2000
_LIST_AT_MOST: Final = 50
_SHOWN_DEFAULTS: Final = frozenset({
    "token_endpoint_auth_method", "redirect_uris", "grant_types", "id_token_signed_response_alg", "application_type",
    "subject_type", "dpop_bound_access_tokens", "require_pushed_authorization_requests",
})  # fmt: skip
_CLIENT: Final = LazyAdapter(Client)
Reader = Callable[[str, object], object]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_AT_MOST or any(ord(character) < 32 for character in value):
        raise _refusal(name)(f"{name}: a string of at most {_TEXT_AT_MOST} characters")
    return value


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _LIST_AT_MOST:
        raise _refusal(name)(f"{name}: a list of at most {_LIST_AT_MOST} strings")
    return tuple(_text(name, one) for one in value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidClientMetadata(f"{name}: true or false")
    return value


def _seconds(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**9:
        raise InvalidClientMetadata(f"{name}: a number of seconds")
    return value


def _scope(name: str, value: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_text(name, value).split()))


def _jwks(name: str, value: object) -> tuple[dict[str, str], ...]:
    try:
        return public_keys(value)
    except JwksRefused as error:
        raise InvalidClientMetadata(f"jwks: {error}") from None


READERS: Final[Mapping[str, Reader]] = {
    "client_name": _text,
    "token_endpoint_auth_method": _text,
    "redirect_uris": _texts,
    "post_logout_redirect_uris": _texts,
    "grant_types": _texts,
    "scope": _scope,
    "id_token_signed_response_alg": _text,
    "application_type": _text,
    "jwks": _jwks,
    "jwks_uri": _text,
    "subject_type": _text,
    "sector_identifier_uri": _text,
    "request_object_signing_alg": _text,
    "require_pushed_authorization_requests": _flag,
    "dpop_bound_access_tokens": _flag,
    "default_max_age": _seconds,
    "require_auth_time": _flag,
    "default_acr_values": _texts,
    "backchannel_logout_uri": _text,
    "backchannel_logout_session_required": _flag,
    "frontchannel_logout_uri": _text,
    "frontchannel_logout_session_required": _flag,
    "client_uri": _text,
    "logo_uri": _text,
    "policy_uri": _text,
    "tos_uri": _text,
    "contacts": _texts,
}


def read(document: object, **decided: Any) -> Client:
    """Return the client a registration describes; `decided` are the fields this house sets, and the default scope.

    Raises:
        InvalidClientMetadata, InvalidRedirectUri: a member of the wrong type, or a value there is no such.
    """
    if not isinstance(document, Mapping):
        raise InvalidClientMetadata("The body must be a JSON object.")
    if document.get("response_types", ["code"]) not in ([], ["code"]):
        raise InvalidClientMetadata("response_types: code alone is supported")
    # An explicit null is the same as leaving the member out (RFC 7592 §2.2).
    said = {name: reader(name, document[name]) for name, reader in READERS.items() if document.get(name) is not None}
    try:
        return _CLIENT.validate_python({**decided, **said})
    except ValidationError as error:
        name = str(error.errors(include_url=False, include_input=False)[0]["loc"][0])
        raise InvalidClientMetadata(f"{name}: the value is not supported") from None


def shown(client: Client) -> dict[str, object]:
    """Return what was registered, in the words of RFC 7591; never a secret or a hash."""
    defaults = {field.name: field.default for field in fields(Client)}
    found: dict[str, object] = {
        name: list(value) if isinstance(value, tuple) else value
        for name in READERS
        if (value := getattr(client, name)) != defaults[name] or name in _SHOWN_DEFAULTS
    }
    if client.jwks:
        found["jwks"] = {"keys": list(client.jwks)}
    found["scope"] = " ".join(client.scope)
    found["response_types"] = ["code"] if "authorization_code" in client.grant_types else []
    return found


def _refusal(name: str) -> type[OAuthError]:
    return InvalidRedirectUri if name == "redirect_uris" else InvalidClientMetadata
