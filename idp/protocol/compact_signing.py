"""Compact JWS with a key of our own, everything that stays the same made ready once (RFC 7515 §7.1).

joserfc reads the key, the header and the algorithm's registry anew for each token, which costs as much as the
signature. It stays the one that verifies, so that what is signed here is held against code that is not ours.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, RSAKey
from pydantic_core import to_json

_ECDSA_SHA256: Final = ECDSA(SHA256())
_COORDINATE_BYTES: Final = 32  # P-256


class CompactSigner:
    """Signs with one key; the header differs by `typ` only."""

    def __init__(self, key: ECKey | RSAKey, *, alg: str, kid: str) -> None:
        self._sign = _es256(key) if isinstance(key, ECKey) else _rs256(key)
        self._alg = alg
        self._kid = kid
        self._headers: dict[str, bytes] = {}

    def sign(self, claims: Mapping[str, object], *, typ: str) -> str:
        """Return the token."""
        signed = self._header(typ) + _base64url(to_json(claims))
        return (signed + b"." + _base64url(self._sign(signed))).decode()

    def _header(self, typ: str) -> bytes:
        kept = self._headers.get(typ)
        if kept is None:
            header = to_json({"alg": self._alg, "kid": self._kid, "typ": typ})
            kept = self._headers[typ] = _base64url(header) + b"."
        return kept


def _es256(key: ECKey) -> Callable[[bytes], bytes]:
    private = key.private_key
    if private is None:
        raise ValueError("a private key is needed")

    def sign(data: bytes) -> bytes:
        # RFC 7518 §3.4: R and S side by side, where the library gives them as DER.
        r, s = decode_dss_signature(private.sign(data, _ECDSA_SHA256))
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")

    return sign


def _rs256(key: RSAKey) -> Callable[[bytes], bytes]:
    private = key.private_key
    if private is None:
        raise ValueError("a private key is needed")
    return lambda data: private.sign(data, PKCS1v15(), SHA256())  # RFC 7518 §3.3


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
