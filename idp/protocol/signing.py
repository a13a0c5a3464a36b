"""Keys, signatures and their verification (RFC 7515, RFC 7517, RFC 8725), through joserfc."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, NewType

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from idp.protocol.client import SigningAlg
from idp.protocol.compact_signing import CompactSigner
from idp.protocol.published import publish

KeyState = Literal["next", "current", "previous"]
VerifiedClaims = NewType("VerifiedClaims", Mapping[str, object])

ALGS: Final[tuple[SigningAlg, ...]] = ("ES256", "RS256")
_AT_MOST: Final = 16 * 1024
# RFC 8725 §3.1: nothing in a token may say where its key is, or how else to read it.
_HEADERS = frozenset({"alg", "kid", "typ"})


class SignatureRefused(Exception):
    """The token is not one of ours for this use; the message is for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key. `next` is published before it signs, `previous` after it stopped; `since` is from when on."""

    kid: str
    alg: SigningAlg
    state: KeyState
    key: ECKey | RSAKey = field(repr=False)
    since: datetime | None = None

    def public_jwk(self) -> dict[str, object]:
        """Return the public part for the JWKS (RFC 7517 §4)."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "alg": self.alg, "use": "sig"}


class KeyRing:
    """All keys of the provider at one moment; `jwks` is what the JWKS endpoint answers while they are these."""

    def __init__(self, keys: tuple[SigningKey, ...]) -> None:
        self.keys = keys
        self._by_kid = {key.kid: key for key in keys}
        current = (key for key in keys if key.state == "current")
        self._signers = {key.alg: CompactSigner(key.key, alg=key.alg, kid=key.kid) for key in current}
        self.jwks = publish({"keys": [key.public_jwk() for key in keys]})

    def sign(self, claims: Mapping[str, object], *, alg: SigningAlg, typ: str) -> str:
        """Return a JWT signed with the current key of `alg`."""
        return self._signers[alg].sign(claims, typ=typ)

    def verify(self, token: str, *, typ: str) -> VerifiedClaims:
        """Return the claims of a token we signed for this use; expiry is left to the caller.

        Raises:
            SignatureRefused: too long, malformed, foreign key or algorithm, another `typ`, extra header members.
        """
        header, payload = read_unverified(token)
        key = self._by_kid.get(str(header.get("kid")))
        if key is None or header.get("alg") != key.alg or header.get("typ") != typ or not set(header) <= _HEADERS:
            raise SignatureRefused("header")
        try:
            jws.deserialize_compact(token, key.key, algorithms=[key.alg])
        except (JoseError, ValueError) as error:
            raise SignatureRefused("signature") from error
        return VerifiedClaims(payload)


def read_unverified(token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Return header and payload of a compact JWS before its signature is looked at.

    Raises:
        SignatureRefused: it isn't one, or is longer than 16 KiB.
    """
    parts = token.split(".") if len(token) <= _AT_MOST else []
    if len(parts) != 3:
        raise SignatureRefused("form")
    try:
        header, payload = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, RecursionError) as error:
        raise SignatureRefused("form") from error
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise SignatureRefused("form")
    return header, payload


def half_hash(value: str) -> str:
    """Return at_hash: the left half of SHA-256, as both our algorithms use it (OpenID Connect Core §3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode("ascii")).digest()[:16]).rstrip(b"=").decode()
