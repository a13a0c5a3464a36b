"""Provider metadata (OpenID Connect Discovery §3, RFC 8414 §2): exactly what is true."""

from typing import Final

from config.dpop import ALGS as DPOP_ALGS
from idp.protocol.authorization_request import PROMPTS, RESPONSE_MODES
from idp.protocol.claims import ACR_VALUES_SUPPORTED, CLAIMS_SUPPORTED
from idp.protocol.client_signature import ALGS as CLIENT_ALGS
from idp.protocol.device_grant import GRANT_TYPE as DEVICE_GRANT
from idp.protocol.scope import SCOPES_SUPPORTED
from idp.protocol.signing import ALGS

AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "client_credentials", DEVICE_GRANT)
PATHS: Final = {
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/token",
    "userinfo_endpoint": "/userinfo",
    "jwks_uri": "/jwks",
    "revocation_endpoint": "/revoke",
    "introspection_endpoint": "/introspect",
    "end_session_endpoint": "/end_session",
    "pushed_authorization_request_endpoint": "/par",
    "device_authorization_endpoint": "/device_authorization",
    "registration_endpoint": "/register",
    "session_lock_endpoint": "/session/lock",  # ours, no specification's (docs/decisions/0032)
    "session_hand_over_endpoint": "/session/hand_over",
    "account_management_uri": "/account",  # ours too: where people look after their own account (0038)
}


def metadata(issuer: str, *, require_pushed_requests: bool = False) -> dict[str, object]:
    """Return the metadata document of this issuer; `require_pushed_requests` is for every client (RFC 9126 §5)."""
    confidential = [method for method in AUTH_METHODS if method != "none"]
    return {
        "issuer": issuer,
        **{name: issuer + path for name, path in PATHS.items()},
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "scopes_supported": list(SCOPES_SUPPORTED),
        "claims_supported": list(CLAIMS_SUPPORTED),
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "subject_types_supported": ["public", "pairwise"],
        "acr_values_supported": list(ACR_VALUES_SUPPORTED),
        "prompt_values_supported": list(PROMPTS),
        "display_values_supported": ["page"],
        "ui_locales_supported": ["zh-Hans", "en"],
        "id_token_signing_alg_values_supported": list(ALGS),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(CLIENT_ALGS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(CLIENT_ALGS),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": list(CLIENT_ALGS),
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(DPOP_ALGS),
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(CLIENT_ALGS),
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "require_signed_request_object": False,
        "require_pushed_authorization_requests": require_pushed_requests,
    }
