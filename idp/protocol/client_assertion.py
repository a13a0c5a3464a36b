"""private_key_jwt (RFC 7523 §3, OpenID Connect Core §9; FAPI 2.0 §5.3.2.1 for the audience)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idp.protocol.client import Client
from idp.protocol.client_signature import algs_for, verify_client_signature
from idp.protocol.errors import InvalidClient
from idp.protocol.jwt_times import AHEAD, TimesRefused, check_times
from idp.protocol.signing import SignatureRefused, read_unverified

AT_MOST: Final = timedelta(minutes=5)
# Absent and JWT are what clients send; the last is what the revision of RFC 7523 names. Every other type says that
# the token was made for something else (RFC 8725 §3.11).
_TYPS: Final = frozenset({"jwt", "client-authentication+jwt", None})
_JTI_AT_MOST: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedAssertion:
    """What to remember so that the assertion is used once: its jti, for as long as it could be replayed."""

    jti: str
    remember: timedelta


def subject_of(assertion: str) -> str:
    """Return the client_id an assertion speaks for, unverified; it only chooses the key.

    Raises:
        InvalidClient: it can't be read.
    """
    try:
        _, claims = read_unverified(assertion)
    except SignatureRefused:
        raise InvalidClient("The client assertion can not be read.") from None
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise InvalidClient("The client assertion has no sub.")
    return subject


def verify_assertion(
    assertion: str, client: Client, keys: Sequence[Mapping[str, object]], *, issuer: str, at: datetime
) -> UsedAssertion:
    """Check an assertion against the client's keys.

    `aud` is the issuer as a string, nothing else: an array or an endpoint would let another server replay it.

    Raises:
        InvalidClient: signature, algorithm, typ, iss, sub, aud, exp, nbf, iat or jti does not hold.
    """
    try:
        claims = verify_client_signature(assertion, keys, algs=algs_for(client), typs=_TYPS)
    except SignatureRefused as refused:
        raise InvalidClient("Client authentication failed.", detail=str(refused)) from None
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id or claims.get("aud") != issuer:
        raise InvalidClient("iss, sub or aud of the client assertion does not hold.")
    try:
        until = check_times(claims, at_most=AT_MOST, at=at)
    except TimesRefused as refused:
        raise InvalidClient(f"The client assertion: {refused}") from None
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _JTI_AT_MOST:
        raise InvalidClient("The client assertion needs a jti of at most 256 characters.")
    return UsedAssertion(jti=jti, remember=until - at + AHEAD)
