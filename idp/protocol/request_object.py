"""Request objects by value (RFC 9101, OpenID Connect Core §6.1): parameters in a JWT the client signed.

Only what stands inside counts (RFC 9101 §6.3). An object at an address (`request_uri`) is never fetched: that would
let anybody make the provider call any address. Unsigned objects are not taken.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from idp.protocol.client import Client
from idp.protocol.client_signature import algs_for, verify_client_signature
from idp.protocol.errors import InvalidRequest, InvalidRequestObject, RequestNotSupported
from idp.protocol.jwt_times import TimesRefused, check_times
from idp.protocol.parameters import AT_MOST_FIELDS, Parameters
from idp.protocol.resource_indicators import joined
from idp.protocol.signing import SignatureRefused, read_unverified

AT_MOST: Final = timedelta(minutes=60)
# RFC 9101 §10.8 names the first; "jwt" and none are what OpenID Connect clients send.
_TYPS: Final = frozenset({"oauth-authz-req+jwt", "jwt", None})
_OF_THE_JWT: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
# RFC 9101 §4 forbids the first two; §10.8: without sub nobody can use the object as a client assertion.
_FORBIDDEN: Final = frozenset({"request", "request_uri", "sub", "client_secret", "client_assertion"})


def algs_of(client: Client) -> tuple[str, ...]:
    """Return the algorithms this client's request objects may use (RFC 9101 §10.5)."""
    allowed = algs_for(client)
    registered = client.request_object_signing_alg
    return tuple(alg for alg in allowed if alg == registered) if registered else allowed


def read_request_object(
    outer: Parameters, client: Client, keys: Sequence[Mapping[str, object]], *, issuer: str, at: datetime
) -> dict[str, str]:
    """Return the parameters of the object in `request`; nothing of what stands beside it.

    Raises:
        InvalidRequest: a request_uri beside it, or another client_id or response_type than inside.
        RequestNotSupported: unsigned, or the client has no key to sign with.
        InvalidRequestObject: RFC 9101 §6.
    """
    if "request_uri" in outer:
        raise InvalidRequest("request and request_uri exclude each other.")
    claims = _verified(outer["request"], client, keys)
    _check_claims(claims, client, issuer=issuer, at=at)
    found = {name: _text(name, value) for name, value in claims.items() if name not in _OF_THE_JWT}
    for name in ("client_id", "response_type"):
        if outer.get(name, found.get(name)) != found.get(name):
            raise InvalidRequest(f"{name} differs from that in the request object.")
    return {name: value for name, value in found.items() if value}


def _verified(token: str, client: Client, keys: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    try:
        header, _ = read_unverified(token)
        if not keys or header.get("alg") == "none":
            raise RequestNotSupported("Only request objects signed with a registered key are taken.")
        return verify_client_signature(token, keys, algs=algs_of(client), typs=_TYPS)
    except SignatureRefused as refused:
        if not keys:
            raise RequestNotSupported("This client has no key to sign a request object with.") from None
        raise InvalidRequestObject("The request object does not verify.", detail=str(refused)) from None


def _check_claims(claims: Mapping[str, object], client: Client, *, issuer: str, at: datetime) -> None:
    audience = claims.get("aud")
    if claims.get("iss") != client.client_id or claims.get("client_id") != client.client_id:
        raise InvalidRequestObject("iss and client_id of the request object must be the client_id.")
    if audience != issuer and not (isinstance(audience, list) and issuer in audience):
        raise InvalidRequestObject("aud of the request object must be the issuer.")
    if _FORBIDDEN & set(claims) or len(claims) > AT_MOST_FIELDS:
        raise InvalidRequestObject("The request object holds what does not belong there.")
    try:
        check_times(claims, at_most=AT_MOST, at=at)
    except TimesRefused as refused:
        raise InvalidRequestObject(str(refused)) from None


def _text(name: str, value: object) -> str:
    """Return a member as the parameter it stands for: numbers and objects are written as text (RFC 9101 §4)."""
    if name == "resource" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return joined(value)
    if isinstance(value, str):
        if "\x00" in value:
            raise InvalidRequestObject("A member of the request object holds a NUL character.")
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name == "claims" and isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    raise InvalidRequestObject("A member of the request object has another type than its parameter.")
