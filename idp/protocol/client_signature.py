"""Signatures a client makes with a key of its own: assertions (RFC 7523) and request objects (RFC 9101)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from idp.protocol import fapi2
from idp.protocol.client import Client
from idp.protocol.signing import SignatureRefused, VerifiedClaims, read_unverified

ALGS: Final = ("ES256", "PS256", "RS256")
# RFC 8725 §3.10, §3.1: a token that brings its key, says where to fetch it, or asks for what we don't know.
_REFUSED_HEADERS: Final = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
_KEYS_TRIED: Final = 3


def algs_for(client: Client) -> tuple[str, ...]:
    """Return the algorithms this client may sign with."""
    return fapi2.ALGS if client.profile == "fapi2" else ALGS


def verify_client_signature(
    token: str, keys: Iterable[Mapping[str, object]], *, algs: Collection[str], typs: Collection[str | None] = ()
) -> VerifiedClaims:
    """Return the claims of a JWT that one of the client's public keys signed.

    `keys` are JWKs; `typs`, when given, are the values the header's typ may have, None for absent.

    Raises:
        SignatureRefused: malformed, another algorithm or typ, a header we refuse, or none of the keys fits.
    """
    header, payload = read_unverified(token)
    alg, kid = header.get("alg"), header.get("kid")
    if alg not in algs or _REFUSED_HEADERS & set(header):
        raise SignatureRefused("alg or header")
    if typs and _typ_of(header) not in typs:
        raise SignatureRefused("typ")
    fitting = [jwk for jwk in keys if jwk.get("alg", alg) == alg and (kid is None or jwk.get("kid") == kid)]
    if not any(_verifies(token, jwk, str(alg)) for jwk in fitting[:_KEYS_TRIED]):
        raise SignatureRefused("signature")
    return VerifiedClaims(payload)


def _typ_of(header: Mapping[str, object]) -> str | None:
    """Return the type of a token without the prefix that may be left out (RFC 7515 §4.1.9); None when it has none."""
    typ = header.get("typ")
    if typ is None:
        return None
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else ""


def _verifies(token: str, jwk: Mapping[str, object], alg: str) -> bool:
    try:
        jws.deserialize_compact(token, import_key(dict(jwk)), algorithms=[alg])  # type: ignore[arg-type]
    except (JoseError, ValueError):
        return False
    return True
