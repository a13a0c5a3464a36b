"""A client: a registered relying party (RFC 7591 §2 metadata, plus our policy)."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Literal

PkcePolicy = Literal["required", "pkce_or_nonce", "certification"]
Profile = Literal["standard", "fapi2"]
SubjectType = Literal["public", "pairwise"]
AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
SigningAlg = Literal["RS256", "ES256"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Metadata in RFC 7591's words; below the line what only this provider asks.

    `audiences` are the resource identifiers this client answers for: it may introspect tokens meant for them.
    """

    client_id: str
    client_id_issued_at: int = 0  # seconds since 1970, of one that registered itself (RFC 7591 §3.2.1)
    client_name: str = ""
    client_secret_hash: str = field(default="", repr=False)
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"  # noqa: S105 - a method's name
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code",)
    scope: tuple[str, ...] = ("openid",)
    id_token_signed_response_alg: SigningAlg = "RS256"  # noqa: S105 - OpenID Connect Registration §2: the default
    application_type: Literal["web", "native"] = "web"
    jwks: tuple[dict[str, str], ...] = ()
    jwks_uri: str = ""
    subject_type: SubjectType = "public"
    sector_identifier_uri: str = ""
    request_object_signing_alg: str = ""  # RFC 9101 §10.5; empty: any this provider takes
    require_pushed_authorization_requests: bool = False  # RFC 9126 §6
    dpop_bound_access_tokens: bool = False  # RFC 9449 §5.2
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str = ""
    frontchannel_logout_session_required: bool = False
    client_uri: str = ""
    logo_uri: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    contacts: tuple[str, ...] = ()
    # ---- policy ----
    profile: Profile = "standard"  # fapi2: everything the FAPI 2.0 Security Profile asks, at once
    pkce: PkcePolicy = "required"
    resources: tuple[str, ...] = ()  # RFC 8707: what it may ask tokens for, beside this provider's own API
    required_acr: str = ""  # who comes with less is asked for more
    registration_access_token_hash: str = field(default="", repr=False)  # RFC 7592; empty: not self-managed
    invitation_id: str = ""  # whose policy a self-managed client stays under
    trusted: bool = False  # run by the same house: no consent page, scope claims also in the id_token
    allowed_roles: frozenset[str] = frozenset()  # empty: everyone
    audiences: tuple[str, ...] = ()
    unit: str = ""
    region: str = ""
    roles: frozenset[str] = frozenset()  # of the client itself, for client_credentials
    disabled: bool = False

    @property
    def public(self) -> bool:
        """RFC 6749 §2.1: it keeps no secret."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105 - the method's name

    @property
    def requires_pushed_requests(self) -> bool:
        """RFC 9126 §6; FAPI 2.0 Security Profile §5.3.2.2."""
        return self.require_pushed_authorization_requests or self.profile == "fapi2"

    @property
    def requires_dpop(self) -> bool:
        """RFC 9449 §5.2; FAPI 2.0 Security Profile §5.3.2.1: sender-constrained tokens only."""
        return self.dpop_bound_access_tokens or self.profile == "fapi2"

    @property
    def requires_pkce(self) -> bool:
        """RFC 9700 §2.1.1: public clients always, the others unless their policy lets a nonce stand in."""
        return self.public or self.pkce == "required"


def hash_secret(client_secret: str) -> str:
    """Return what is kept of a client secret. It has 256 random bits, so one SHA-256 is enough."""
    return hashlib.sha256(client_secret.encode()).hexdigest()


def is_secret(client: Client, client_secret: str) -> bool:
    """Tell in constant time whether this is the client's secret."""
    return bool(client.client_secret_hash) and hmac.compare_digest(
        client.client_secret_hash, hash_secret(client_secret)
    )


def is_registration_token(client: Client, token: str) -> bool:
    """Tell in constant time whether this is the token the client manages itself with (RFC 7592 §3)."""
    kept = client.registration_access_token_hash
    return bool(kept) and hmac.compare_digest(kept, hash_secret(token))
