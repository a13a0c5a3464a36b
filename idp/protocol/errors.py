"""Errors in the wire's words (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, OpenID Connect Core §3.1.2.6).

OAuthError
├── InvalidRequest · InvalidClient · InvalidGrant · UnauthorizedClient · UnsupportedGrantType · InvalidScope
├── UnsupportedResponseType · AccessDenied · RequestNotSupported · RequestUriNotSupported · RegistrationNotSupported
├── LoginRequired · ConsentRequired · AccountSelectionRequired · InteractionRequired · UnmetAuthenticationRequirements
├── UnsupportedTokenType · TemporarilyUnavailable · InvalidRequestObject · InvalidTarget
├── InvalidDpopProof · UseDpopNonce · AuthorizationPending · SlowDown · ExpiredToken
├── InvalidClientMetadata · InvalidRedirectUri
└── InvalidToken · InsufficientScope · InsufficientUserAuthentication   (answered by a protected resource)
NotRedirectable                                            (answered on a page of our own, never by a redirect)
"""

import re
from enum import StrEnum
from typing import ClassVar

_FORBIDDEN = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


class OAuthError(Exception):
    """`public` becomes error_description; `detail` goes to the log only."""

    code: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, public: str = "", *, detail: str = "") -> None:
        super().__init__(f"{self.code}: {public or detail}")
        # RFC 6749 §4.1.2.1: only %x20-21 / %x23-5B / %x5D-7E; what a caller sent must not break out of it.
        self.public = _FORBIDDEN.sub("?", public)[:200]
        self.detail = detail

    def parameters(self) -> dict[str, str]:
        """Return `error` and, when there is one, `error_description`."""
        return {"error": self.code} | ({"error_description": self.public} if self.public else {})


class InvalidRequest(OAuthError):
    """RFC 6749 §5.2: a parameter is missing, repeated or malformed."""

    code = "invalid_request"


class InvalidClient(OAuthError):
    """RFC 6749 §5.2: client authentication failed."""

    code = "invalid_client"
    status = 401


class InvalidGrant(OAuthError):
    """RFC 6749 §5.2: code, verifier, redirect_uri or refresh token doesn't hold."""

    code = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """RFC 6749 §5.2: this client may not use this grant or response type."""

    code = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """RFC 6749 §5.2."""

    code = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """RFC 6749 §5.2: unknown, malformed, or more than was granted."""

    code = "invalid_scope"


class UnsupportedResponseType(OAuthError):
    """RFC 6749 §4.1.2.1."""

    code = "unsupported_response_type"


class AccessDenied(OAuthError):
    """RFC 6749 §4.1.2.1: the person, or the client's policy, said no."""

    code = "access_denied"


class RequestNotSupported(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    code = "request_not_supported"


class RequestUriNotSupported(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    code = "request_uri_not_supported"


class InvalidRequestObject(OAuthError):
    """RFC 9101 §7: the request object can't be read, or its signature or claims don't hold."""

    code = "invalid_request_object"


class InvalidTarget(OAuthError):
    """RFC 8707 §2: the resource is malformed, unknown, or not this client's."""

    code = "invalid_target"


class RegistrationNotSupported(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    code = "registration_not_supported"


class LoginRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6: prompt=none, and nobody is signed in well enough."""

    code = "login_required"


class ConsentRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6: prompt=none, and the person has not agreed yet."""

    code = "consent_required"


class AccountSelectionRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    code = "account_selection_required"


class InteractionRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    code = "interaction_required"


class UnmetAuthenticationRequirements(OAuthError):
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0 §2: an essential acr can't be reached."""

    code = "unmet_authentication_requirements"


class UnsupportedTokenType(OAuthError):
    """RFC 7009 §2.2.1."""

    code = "unsupported_token_type"


class TemporarilyUnavailable(OAuthError):
    """RFC 6749 §4.1.2.1: too much at once, try again."""

    code = "temporarily_unavailable"
    status = 503


class InvalidDpopProof(OAuthError):
    """RFC 9449 §5: the DPoP proof is missing where it is needed, or does not hold."""

    code = "invalid_dpop_proof"


class UseDpopNonce(OAuthError):
    """RFC 9449 §8, §9: the proof needs the nonce that comes with this answer."""

    code = "use_dpop_nonce"


class AuthorizationPending(OAuthError):
    """RFC 8628 §3.5: the person has not decided yet."""

    code = "authorization_pending"


class SlowDown(OAuthError):
    """RFC 8628 §3.5: the device asks too often; from now on it waits five seconds longer."""

    code = "slow_down"


class ExpiredToken(OAuthError):
    """RFC 8628 §3.5: nobody decided in time; the device begins anew."""

    code = "expired_token"


class InvalidClientMetadata(OAuthError):
    """RFC 7591 §3.2.2: a field of a registration does not hold; the description names it."""

    code = "invalid_client_metadata"


class InvalidRedirectUri(OAuthError):
    """RFC 7591 §3.2.2: a redirection address of a registration does not hold."""

    code = "invalid_redirect_uri"


class InvalidToken(OAuthError):
    """RFC 6750 §3.1: the access token is expired, revoked, malformed or not for here."""

    code = "invalid_token"
    status = 401


class InsufficientScope(OAuthError):
    """RFC 6750 §3.1."""

    code = "insufficient_scope"
    status = 403


class InsufficientUserAuthentication(OAuthError):
    """RFC 9470 §3: the sign-in behind the access token is weaker than what is asked for by now."""

    code = "insufficient_user_authentication"
    status = 401

    def __init__(self, acr_values: str) -> None:
        super().__init__("A stronger sign-in is required.")
        self.acr_values = acr_values

    def challenge(self) -> dict[str, str]:
        """Return the parameters of the challenge: `acr_values` tells the client what to ask for."""
        return self.parameters() | {"acr_values": self.acr_values}


class PageReason(StrEnum):
    """Why a request is answered on a page; the page has a sentence for each."""

    MALFORMED = "malformed"  # unreadable or repeated parameters
    UNKNOWN_CLIENT = "unknown_client"
    REDIRECT_URI = "redirect_uri"  # missing or not registered
    INTERACTION_GONE = "interaction_gone"  # finished, expired, or begun in another browser
    PUSHED_REQUEST_GONE = "pushed_request_gone"  # a request_uri that is unknown, used, expired or another client's
    FORM_EXPIRED = "form_expired"  # the form token does not hold
    LOGOUT_REFUSED = "logout_refused"  # hint, client or address of a logout request don't hold


class NotRedirectable(Exception):
    """Client and redirect_uri are not proven, so nothing may be sent there (RFC 6749 §4.1.2.1, RFC 9700 §4.11)."""

    def __init__(self, reason: PageReason, *, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
