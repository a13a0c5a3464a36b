"""The client policy `profile="fapi2"`: all that the FAPI 2.0 Security Profile (Final) asks of a provider, at once.

Where each rule is kept, by section:

=========  ===================================================  ==============================================
§          rule                                                 kept by
=========  ===================================================  ==============================================
5.3.2.1    no resource owner password grant                     no such grant exists
5.3.2.1    confidential clients only, private_key_jwt           `check_registration`
5.3.2.1    sender-constrained access tokens only                `Client.requires_dpop`, asked at token and refresh
5.3.2.1    assertion audience is the issuer as a string         `client_assertion.verify_assertion`, for all
5.3.2.1    no rotation of refresh tokens                        `refresh_token.judge`: public clients only
5.3.2.1    codes live for 60 seconds at most                    `authorization_code.LIFETIME`, for all
5.3.2.1    10 seconds of clock ahead taken, 60 refused          `jwt_times.check_times`, for all
5.3.2.2    pushed requests only, authenticated                  `Client.requires_pushed_requests`
5.3.2.2    PKCE with S256                                       `check_registration`, `pkce.check_pkce`
5.3.2.2    redirect_uri in the pushed request, https            `authorization_request.prove`, `check_registration`
5.3.2.2    iss in the authorization response                    `authorization_response`, for all
5.3.2.2    a code is used once                                  `issuing.Issuer.take_code`, for all
5.3.2.2    303, never 307                                       `endpoints.answers.see_other`, for all
5.3.2.2    request_uri lives for less than 600 seconds          `pushed_request.LIFETIME`, for all
5.3.2.2    request_uri is used up at completion                 `endpoints.requested.used_up`, for all
5.4.1      ES256 or PS256, RSA from 2048 bits, curves from 224  `check_registration`, `client_signature.algs_for`
=========  ===================================================  ==============================================
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Final

from idp.protocol.client import Client

ALGS: Final = ("ES256", "PS256")  # §5.4.1
_METHOD: Final = "private_key_jwt"
_GRANT_TYPES: Final = frozenset({"authorization_code", "refresh_token", "client_credentials"})
_LEAST_RSA_BITS: Final = 2048


class ProfileRefused(ValueError):
    """The registration does not fit the profile; the message names the metadata field and the section."""


def check_registration(client: Client) -> None:
    """Check that a client registered for the profile can keep it.

    Raises:
        ProfileRefused: the first field that does not fit.
    """
    if client.token_endpoint_auth_method != _METHOD:
        raise ProfileRefused("token_endpoint_auth_method: fapi2 clients use private_key_jwt (FAPI 2.0 §5.3.2.1)")
    if client.pkce != "required":
        raise ProfileRefused("pkce: fapi2 clients always use PKCE (FAPI 2.0 §5.3.2.2)")
    if client.id_token_signed_response_alg != "ES256":  # noqa: S105 - an algorithm
        raise ProfileRefused("id_token_signed_response_alg: ES256 for fapi2 clients (FAPI 2.0 §5.4.1)")
    if client.request_object_signing_alg not in ("", *ALGS):
        raise ProfileRefused("request_object_signing_alg: ES256 or PS256 for fapi2 clients (FAPI 2.0 §5.4.1)")
    if unknown := set(client.grant_types) - _GRANT_TYPES:
        raise ProfileRefused(f"grant_types: not for fapi2 clients: {sorted(unknown)} (FAPI 2.0 §5.3.2.2)")
    if client.application_type != "native" and any(uri.startswith("http:") for uri in client.redirect_uris):
        raise ProfileRefused("redirect_uris: https only, loopback is for native clients (FAPI 2.0 §5.3.2.2)")
    _check_keys(client.jwks)


def _check_keys(jwks: Iterable[Mapping[str, object]]) -> None:
    for jwk in jwks:
        if jwk.get("alg", ALGS[0]) not in ALGS:
            raise ProfileRefused("jwks: keys for ES256 or PS256 only (FAPI 2.0 §5.4.1)")
        if jwk.get("kty") == "RSA" and _bits(jwk.get("n")) < _LEAST_RSA_BITS:
            raise ProfileRefused(f"jwks: RSA keys have at least {_LEAST_RSA_BITS} bits (FAPI 2.0 §5.4.1)")
        if jwk.get("kty") not in ("EC", "RSA") or jwk.get("crv", "P-256") != "P-256":
            raise ProfileRefused("jwks: EC keys on P-256, or RSA keys (FAPI 2.0 §5.4.1)")


def _bits(modulus: object) -> int:
    try:
        text = str(modulus)
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big").bit_length()
    except (ValueError, binascii.Error):
        return 0
