"""Public keys of clients as JWKs (RFC 7517): which ones we use, whether registered, fetched or sent along.

Known members only, for EC on P-256 and RSA from 2048 to 4096 bits: weaker is no proof, larger costs us time.
"""

from collections.abc import Mapping
from typing import Final

KEYS_AT_MOST: Final = 20
# RFC 7518 §6: members that hold private or symmetric material.
PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_MODULUS: Final = range(342, 684)  # characters of base64url
_TEXT_AT_MOST: Final = 684
_KNOWN: Final = ("kty", "crv", "x", "y", "n", "e", "kid", "alg", "use")
_ALGS: Final = {"EC": ("ES256",), "RSA": ("PS256", "RS256")}


class JwksRefused(ValueError):
    """The document is no set of public keys; the message says why."""


def usable(jwk: Mapping[str, object]) -> dict[str, str] | None:
    """Return the known members of a public signing key we can verify with, or None."""
    if PRIVATE & set(jwk):
        return None
    known = {name: jwk[name] for name in _KNOWN if name in jwk}
    texts = {name: value for name, value in known.items() if isinstance(value, str) and len(value) <= _TEXT_AT_MOST}
    kty = texts.get("kty", "")
    if len(texts) != len(known) or kty not in _ALGS:
        return None
    if texts.get("use", "sig") != "sig" or texts.get("alg", _ALGS[kty][0]) not in _ALGS[kty]:
        return None
    if kty == "EC":
        return texts if texts.get("crv") == "P-256" and {"x", "y"} <= set(texts) else None
    return texts if len(texts.get("n", "")) in _RSA_MODULUS and 1 <= len(texts.get("e", "")) <= 6 else None


def public_keys(document: object) -> tuple[dict[str, str], ...]:
    """Return the keys of a JWK set that we can use; others (for encryption, on other curves) are left out.

    Raises:
        JwksRefused: not a JWK set, too many keys, or one that isn't public.
    """
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, list) or not all(isinstance(jwk, Mapping) for jwk in keys):
        raise JwksRefused("expected an object with a list of keys")
    if len(keys) > KEYS_AT_MOST:
        raise JwksRefused(f"at most {KEYS_AT_MOST} keys")
    if any(PRIVATE & set(jwk) or jwk.get("kty") == "oct" for jwk in keys):
        raise JwksRefused("public keys only")
    return tuple(found for jwk in keys if (found := usable(jwk)) is not None)
