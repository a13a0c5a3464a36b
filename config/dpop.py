"""DPoP proofs: the sender of a request shows that it holds a key (RFC 9449), at the provider and at the API.

`verify_proof` holds one proof against §4.3, check by check; whether it was seen before is asked afterwards, for that
is kept. What comes out is the key's thumbprint, to which codes, grants and tokens are bound.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from config.http_uri import normalised
from config.public_jwk import usable

TYP: Final = "dpop+jwt"
ALGS: Final = ("ES256", "PS256")
# How long a proof is good, and how far ahead a client's clock may run (§11.1).
MAX_AGE: Final = timedelta(seconds=60)
CLOCK_AHEAD: Final = timedelta(seconds=10)
# For how long a jti is remembered: as long as its proof could be shown again.
REMEMBER: Final = MAX_AGE + CLOCK_AHEAD + timedelta(seconds=10)

_KEY_TYPE: Final = {"ES256": "EC", "PS256": "RSA"}
_MATERIAL: Final = ("kty", "crv", "x", "y", "n", "e")
# RFC 8725 §3.10: nothing but `jwk` says where the key is; `crit` and `b64` would change how the rest is read.
_REFUSED_HEADERS: Final = frozenset({"crit", "b64", "jku", "x5u", "x5c", "x5t", "x5t#S256", "zip", "enc"})
_PROOF_AT_MOST: Final = 8 * 1024
# Characters of base64url, for 2048 to 4096 bits: weaker is no proof, larger costs us time.
_RSA_MODULUS: Final = range(342, 684)


class ProofRefused(Exception):
    """A proof that does not hold; the message is ASCII and may be told to the sender."""


class _Registry(jws.JWSRegistry):
    """joserfc's own bound on a header is 512 bytes, too few for an RSA key; ours bounds the whole proof."""

    max_header_length = _PROOF_AT_MOST


_REGISTRY: Final = _Registry(algorithms=ALGS, strict_check_header=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof that holds. `jkt` is the key's SHA-256 thumbprint (RFC 7638), `nonce` what it says of ours."""

    jkt: str
    jti: str
    nonce: str | None


def verify_proof(headers: Sequence[str], *, htm: str, htu: str, at: datetime, access_token: str = "") -> Proof:
    """Check the DPoP headers of one request; `htu` is the address of the endpoint as it is published.

    `access_token` is the token the request carries: then the proof must name it.

    Raises:
        ProofRefused: §4.3, whatever does not hold.
    """
    if len(headers) != 1:
        raise ProofRefused("There must be exactly one DPoP header.")  # §4.3 check 1
    header, claims = _read(headers[0])
    key = _key(header)
    _verify_signature(headers[0], key)
    _check_target(claims, htm=htm, htu=htu)
    _check_time(claims, at)
    _check_access_token(claims, access_token)
    nonce = claims.get("nonce")
    return Proof(jkt=key.thumbprint(), jti=_jti(claims), nonce=nonce if isinstance(nonce, str) else None)


def ath(access_token: str) -> str:
    """Return the hash of a token a proof names it by (§4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=").decode()


def _read(proof: str) -> tuple[dict[str, object], dict[str, object]]:
    if len(proof) > _PROOF_AT_MOST:
        raise ProofRefused("The DPoP proof is too large.")
    parts = proof.split(".")
    try:
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, RecursionError):
        raise ProofRefused("The DPoP proof is not a JWT.") from None  # check 2
    if len(parts) != 3 or not isinstance(header, dict) or not isinstance(claims, dict):
        raise ProofRefused("The DPoP proof is not a JWT.")
    if header.get("typ") != TYP:
        raise ProofRefused("typ of the DPoP proof must be dpop+jwt.")  # check 4
    if header.get("alg") not in ALGS or _REFUSED_HEADERS & set(header):
        raise ProofRefused("The DPoP proof's header is not accepted.")  # check 5
    return header, claims


def _key(header: dict[str, object]) -> ECKey | RSAKey:
    refused = ProofRefused("jwk of the DPoP proof must be a public key that fits alg.")
    jwk = header.get("jwk")
    public = usable(jwk) if isinstance(jwk, dict) else None  # check 7
    if public is None or public["kty"] != _KEY_TYPE[str(header["alg"])]:
        raise refused
    try:
        key = import_key({name: public[name] for name in _MATERIAL if name in public})
    except (JoseError, ValueError):
        raise refused from None
    if isinstance(key, ECKey | RSAKey):
        return key
    raise refused


def _verify_signature(proof: str, key: ECKey | RSAKey) -> None:
    try:
        jws.deserialize_compact(proof, key, registry=_REGISTRY)
    except (JoseError, ValueError):
        raise ProofRefused("The signature of the DPoP proof does not hold.") from None  # check 6


def _check_target(claims: dict[str, object], *, htm: str, htu: str) -> None:
    if claims.get("htm") != htm:
        raise ProofRefused("htm of the DPoP proof is not the method of this request.")  # check 8
    given = claims.get("htu")
    if not isinstance(given, str) or normalised(given) != normalised(htu):
        raise ProofRefused("htu of the DPoP proof is not the address of this request.")  # check 9


def _check_time(claims: dict[str, object], at: datetime) -> None:
    iat = claims.get("iat")
    if not isinstance(iat, int | float) or isinstance(iat, bool):
        raise ProofRefused("The DPoP proof needs iat.")
    now = at.timestamp()
    if not now - MAX_AGE.total_seconds() <= iat <= now + CLOCK_AHEAD.total_seconds():
        raise ProofRefused("iat of the DPoP proof lies outside of the accepted minute.")  # check 11


def _check_access_token(claims: dict[str, object], access_token: str) -> None:
    if not access_token:
        return
    given = claims.get("ath")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), ath(access_token).encode()):
        raise ProofRefused("ath of the DPoP proof is not the hash of the access token.")  # check 12


def _jti(claims: dict[str, object]) -> str:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 256:
        raise ProofRefused("The DPoP proof needs a jti of at most 256 characters.")  # check 3
    return jti
