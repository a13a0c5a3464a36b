"""The authorization request: client and redirect_uri proven first, then one check after the other.

OpenID Connect Core §3.1.2.1, RFC 6749 §4.1.1. Until `prove` has returned, errors belong on a page of ours.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from idp.protocol import acr
from idp.protocol import scope as scopes
from idp.protocol.claims import ACR_VALUES_SUPPORTED, SCOPE_CLAIMS, ClaimsRequest
from idp.protocol.client import Client
from idp.protocol.errors import (
    InvalidRequest,
    NotRedirectable,
    PageReason,
    RegistrationNotSupported,
    UnauthorizedClient,
    UnmetAuthenticationRequirements,
    UnsupportedResponseType,
)
from idp.protocol.parameters import Parameters
from idp.protocol.pkce import check_pkce
from idp.protocol.redirect_uri import is_registered
from idp.protocol.resource_indicators import resources_of

ResponseMode = Literal["query", "form_post"]
RESPONSE_MODES: Final[tuple[ResponseMode, ...]] = ("query", "form_post")
PROMPTS: Final = ("none", "login", "consent", "select_account")
_MAX_AGE = re.compile(r"\A\d{1,9}\Z")
_THUMBPRINT = re.compile(r"\A[A-Za-z0-9_-]{43}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_AT_MOST: Final = {"state": 2048, "nonce": 512, "login_hint": 256}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where an answer may be sent: proven, made by `prove` only."""

    client: Client
    redirect_uri: str
    response_mode: ResponseMode
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request whose every parameter holds; `scope` is what the client may have of what it asked."""

    target: Target
    scope: tuple[str, ...]
    nonce: str | None
    code_challenge: str | None
    dpop_jkt: str  # RFC 9449 §10: the key the code will be bound to; empty: none
    prompt: frozenset[str]
    max_age: timedelta | None
    claims: ClaimsRequest
    id_token_hint: str | None
    login_hint: str
    ui_locales: str
    resource: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()

    @property
    def agreed_scope(self) -> tuple[str, ...]:
        """What the person agrees to: the scope, and every scope that claims asked for one by one belong to.

        OpenID Connect Core §5.5: asking for `email` by the claims parameter is no way past the consent page.
        """
        singly = self.claims.id_token | self.claims.userinfo
        opened = (word for word in self.target.client.scope if singly & frozenset(SCOPE_CLAIMS.get(word, ())))
        return tuple(dict.fromkeys((*self.scope, *opened)))

    @property
    def wanted_acr(self) -> acr.Wanted:
        """What is asked of the sign-in: essential by claims and by the client's own policy, the rest voluntary.

        OpenID Connect Core §3.1.2.1, §5.5.1.1; the registered defaults count where the request names none.
        """
        client = self.target.client
        essential = (self.claims.acr_required, frozenset({client.required_acr} if client.required_acr else ()))
        voluntary = (*self.claims.acr_voluntary, *self.acr_values) or client.default_acr_values
        return acr.Wanted(essential=tuple(choices for choices in essential if choices), voluntary=voluntary)


def prove(parameters: Parameters, client: Client | None) -> Target:
    """Return where answers go, once the client is known and the redirect_uri is exactly a registered one.

    Raises:
        NotRedirectable: RFC 6749 §4.1.2.1.
    """
    if client is None or client.disabled or client.client_id != parameters.get("client_id"):
        raise NotRedirectable(PageReason.UNKNOWN_CLIENT, detail="client_id")
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None or not is_registered(redirect_uri, client):
        raise NotRedirectable(PageReason.REDIRECT_URI, detail="redirect_uri")
    state = parameters.get("state")
    return Target(
        client=client,
        redirect_uri=redirect_uri,
        response_mode="form_post" if parameters.get("response_mode") == "form_post" else "query",
        state=state if state is None or len(state) <= _AT_MOST["state"] else None,
    )


def check_registration_parameter(parameters: Parameters, client: Client) -> None:
    """Self-issued providers take it; others say that they don't (OpenID Connect Core §7.2.1)."""
    if "registration" in parameters:
        raise RegistrationNotSupported("registration is not supported.")


def check_response_type(parameters: Parameters, client: Client) -> None:
    """Only `code` (OAuth 2.1 has no implicit grant); the client must be registered for it (RFC 6749 §3.1.1)."""
    response_type = parameters.get("response_type")
    if response_type is None:
        raise InvalidRequest("response_type is required.")
    if response_type != "code":
        raise UnsupportedResponseType("Only response_type code is supported.")
    if "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("This client may not use the authorization code grant.")


def check_response_mode(parameters: Parameters, client: Client) -> None:
    """`fragment` is left out: with code it only leaks (OAuth 2.0 Multiple Response Types §2.1, Form Post §1)."""
    if parameters.get("response_mode", "query") not in RESPONSE_MODES:
        raise InvalidRequest("response_mode must be query or form_post.")
    if parameters.get("response_mode") == "form_post" and not parameters["redirect_uri"].startswith("http"):
        raise InvalidRequest("form_post needs an http address.")


def check_lengths(parameters: Parameters, client: Client) -> None:
    """What we keep and give back has a bound, and no control characters."""
    for name, at_most in _AT_MOST.items():
        if len(parameters.get(name, "")) > at_most:
            raise InvalidRequest(f"{name} is longer than {at_most} characters.")
    if _CONTROL.search(parameters.get("nonce", "") + parameters.get("login_hint", "")):
        raise InvalidRequest("Control characters are not allowed.")


def check_scope(parameters: Parameters, client: Client) -> None:
    """RFC 6749 §3.3."""
    scopes.allowed_scope(parameters.get("scope"), client)


def check_prompt(parameters: Parameters, client: Client) -> None:
    """`none` stands alone (OpenID Connect Core §3.1.2.1)."""
    words = parameters.get("prompt", "").split()
    if any(word not in PROMPTS for word in words):
        raise InvalidRequest("prompt has an unknown value.")
    if "none" in words and len(words) > 1:
        raise InvalidRequest("prompt none can not be combined.")


def check_max_age(parameters: Parameters, client: Client) -> None:
    """A number of seconds (OpenID Connect Core §3.1.2.1)."""
    if "max_age" in parameters and not _MAX_AGE.match(parameters["max_age"]):
        raise InvalidRequest("max_age must be a number of seconds.")


def check_claims(parameters: Parameters, client: Client) -> None:
    """An essential acr that can't be reached is an error, not a weaker sign-in (OpenID Connect Core §5.5.1.1)."""
    required = ClaimsRequest.parse(parameters.get("claims")).acr_required
    if required and not required & set(ACR_VALUES_SUPPORTED):
        raise UnmetAuthenticationRequirements("None of the essential acr values can be met.")


def check_resource(parameters: Parameters, client: Client) -> None:
    """RFC 8707 §2; whether the client may have it is asked by `resource_indicators.check_allowed`."""
    resources_of(parameters)


def check_dpop_jkt(parameters: Parameters, client: Client) -> None:
    """A SHA-256 thumbprint (RFC 9449 §10)."""
    if "dpop_jkt" in parameters and not _THUMBPRINT.match(parameters["dpop_jkt"]):
        raise InvalidRequest("dpop_jkt must be 43 characters of base64url.")


CHECKS = (
    check_registration_parameter,  # OpenID Connect Core §7.2.1
    check_response_type,  # RFC 6749 §3.1.1
    check_response_mode,  # OAuth 2.0 Multiple Response Types §2.1
    check_lengths,
    check_scope,  # RFC 6749 §3.3
    check_pkce,  # RFC 7636 §4.4.1, S256 only
    check_dpop_jkt,  # RFC 9449 §10
    check_prompt,  # OpenID Connect Core §3.1.2.1
    check_max_age,  # OpenID Connect Core §3.1.2.1
    check_claims,  # OpenID Connect Core §5.5
    check_resource,  # RFC 8707 §2
)


def read(parameters: Parameters, target: Target) -> AuthorizationRequest:
    """Return the request after every check has passed; errors may go to the target.

    Raises:
        OAuthError: the first check that does not hold.
    """
    if len(parameters.get("state", "")) > _AT_MOST["state"]:
        raise InvalidRequest("state is too long.")
    for check in CHECKS:
        check(parameters, target.client)
    return AuthorizationRequest(
        target=target,
        scope=scopes.allowed_scope(parameters.get("scope"), target.client),
        nonce=parameters.get("nonce"),
        code_challenge=parameters.get("code_challenge"),
        dpop_jkt=parameters.get("dpop_jkt", ""),
        prompt=frozenset(parameters.get("prompt", "").split()),
        max_age=_max_age(parameters, target.client),
        claims=ClaimsRequest.parse(parameters.get("claims")),
        id_token_hint=parameters.get("id_token_hint"),
        login_hint=parameters.get("login_hint", ""),
        ui_locales=parameters.get("ui_locales", ""),
        resource=resources_of(parameters),
        acr_values=tuple(parameters.get("acr_values", "").split()[:10]),
    )


def _max_age(parameters: Parameters, client: Client) -> timedelta | None:
    """Return the age asked for, or the client's registered one (OpenID Connect Registration §2, default_max_age)."""
    asked = int(parameters["max_age"]) if "max_age" in parameters else client.default_max_age
    return None if asked is None else timedelta(seconds=asked)
