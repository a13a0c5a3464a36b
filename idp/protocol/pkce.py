"""Proof Key for Code Exchange, S256 only (RFC 7636; RFC 9700 §2.1.1)."""

import base64
import hashlib
import hmac
import re

from idp.protocol.client import Client
from idp.protocol.errors import InvalidGrant, InvalidRequest
from idp.protocol.parameters import Parameters

_CHALLENGE = re.compile(r"\A[A-Za-z0-9_-]{43}\Z")
_VERIFIER = re.compile(r"\A[A-Za-z0-9._~-]{43,128}\Z")


def check_pkce(parameters: Parameters, client: Client) -> None:
    """Check challenge and method of an authorization request.

    A confidential client with the policy `pkce_or_nonce` may send a nonce instead (RFC 9700 §2.1.1); the nonce
    protects an OpenID Connect request only. One with `certification` may leave both out, as the Basic OP plan does;
    only an operator at the machine gives that policy, and the audit names it.

    Raises:
        InvalidRequest: RFC 7636 §4.4.1.
    """
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge_method without code_challenge.")
        if client.requires_pkce:
            raise InvalidRequest("code_challenge is required.")
        if client.pkce == "certification":
            return
        if "nonce" not in parameters and "openid" in parameters.get("scope", "").split():
            raise InvalidRequest("code_challenge or nonce is required.")
        if "openid" not in parameters.get("scope", "").split():
            raise InvalidRequest("code_challenge is required without openid.")
        return
    if method != "S256":
        # RFC 7636 §4.3: a missing method means plain, and plain protects nothing.
        raise InvalidRequest("code_challenge_method must be S256.")
    if not _CHALLENGE.match(challenge):
        raise InvalidRequest("code_challenge must be 43 characters of base64url.")


def verify_code_verifier(verifier: str | None, challenge: str | None) -> None:
    """Check the verifier of a token request against the challenge stored with the code.

    Both are ASCII; the challenge is base64url without padding, 43 characters.

    Raises:
        InvalidGrant: one is there without the other (RFC 9700 §4.8.2: downgrade), or it does not hash to it.

    Source: RFC 7636 §4.6. `plain` is left out on purpose (RFC 9700 §2.1.1).
    """
    if challenge is None:
        if verifier is not None:
            raise InvalidGrant("code_verifier sent, but the code has no challenge.")
        return
    if verifier is None:
        raise InvalidGrant("code_verifier is missing.")
    if not _VERIFIER.match(verifier):
        raise InvalidGrant("code_verifier must be 43 to 128 unreserved characters.")
    if not hmac.compare_digest(s256(verifier), challenge):
        raise InvalidGrant("code_verifier does not fit the challenge.")


def s256(verifier: str) -> str:
    """Return BASE64URL(SHA256(ASCII(verifier))), RFC 7636 §4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()
