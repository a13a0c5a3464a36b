"""private_key_jwt (RFC 7523 §3, OpenID Connect Core §9; FAPI 2.0 §5.3.2.1 for the audience)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from idp.protocol.client import Client
from idp.protocol.errors import InvalidClient
from idp.protocol.signing import SignatureRefused, read_unverified

AT_MOST: Final = timedelta(minutes=5)
_CLOCK_AHEAD: Final = timedelta(seconds=10)
ALGS: Final = ("ES256", "PS256", "RS256")


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


def verify_assertion(assertion: str, client: Client, *, issuer: str, at: datetime) -> UsedAssertion:
    """Check an assertion against the client's registered keys.

    `aud` is the issuer as a string, nothing else: an array or an endpoint would let another server replay it.

    Raises:
        InvalidClient: signature, algorithm, iss, sub, aud, exp, iat or jti does not hold.
    """
    header, claims = read_unverified(assertion)
    _verify_signature(assertion, header, client)
    exp, iat, jti = claims.get("exp"), claims.get("iat"), claims.get("jti")
    now = at.timestamp()
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id or claims.get("aud") != issuer:
        raise InvalidClient("iss, sub or aud of the client assertion does not hold.")
    if not isinstance(exp, int | float) or not now < exp <= now + AT_MOST.total_seconds():
        raise InvalidClient("exp of the client assertion must lie within 5 minutes.")
    if iat is not None and (not isinstance(iat, int | float) or iat > now + _CLOCK_AHEAD.total_seconds()):
        raise InvalidClient("iat of the client assertion lies ahead.")
    if not isinstance(jti, str) or not 8 <= len(jti) <= 256:
        raise InvalidClient("The client assertion needs a jti.")
    return UsedAssertion(jti=jti, remember=timedelta(seconds=exp - now) + _CLOCK_AHEAD)


def _verify_signature(assertion: str, header: dict[str, object], client: Client) -> None:
    refused = InvalidClient("Client authentication failed.")
    alg, kid = header.get("alg"), header.get("kid")
    if alg not in ALGS or {"jwk", "jku", "x5u", "crit"} & set(header):
        raise refused
    fitting = [jwk for jwk in client.jwks if jwk.get("alg", alg) == alg and (kid is None or jwk.get("kid") == kid)]
    for jwk in fitting[:3]:
        try:
            jws.deserialize_compact(assertion, import_key(dict(jwk)), algorithms=[str(alg)])
        except (JoseError, ValueError):
            continue
        return
    raise refused
