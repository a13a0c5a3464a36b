"""A department as a relying party: authorization code + PKCE, nonce, discovery, ES256 (OpenID Connect Core §3.1).

Authlib does the protocol; what is tightened here says where. Authlib is untyped, so its Any stays in this file.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import StarletteIntegration, StarletteOAuth2App
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import Response

from config import logout_token
from config.logout_token import LogoutToken, LogoutTokenRefused

_SCOPE = "openid profile unit"
_TIMEOUT_SECONDS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who came in, as the id_token says; `acr` is how sure the provider was, empty when it did not say."""

    sub: str
    name: str
    unit_name: str
    roles: tuple[str, ...]
    acr: str
    id_token: str = field(repr=False)
    sid: str = ""  # the provider's session, which may be ended from elsewhere


class SignInFailed(Exception):
    """`code` is the provider's error code, or ours; `may_retry` when starting again is what helps."""

    def __init__(self, code: str, *, may_retry: bool = True) -> None:
        super().__init__(code)
        self.code, self.may_retry = code, may_retry


class ProviderUnreachable(Exception):
    """Discovery, token endpoint or keys did not answer."""


class _Client(StarletteOAuth2App):
    """Authlib's client, bound to one issuer and one signature algorithm."""

    issuer = ""

    async def load_server_metadata(self) -> Any:
        metadata = await super().load_server_metadata()
        if metadata.get("issuer") != self.issuer:
            # OpenID Connect Discovery §4.3: the document must be this issuer's own.
            raise SignInFailed("issuer_mismatch", may_retry=False)
        # Authlib accepts whatever the provider lists; we agreed on ES256, so nothing weaker gets through.
        metadata["id_token_signing_alg_values_supported"] = ["ES256"]
        return metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """One department at one provider; `acr_values` is how sure it wants the provider to be (Core §3.1.2.1)."""

    client: _Client
    issuer: str
    client_id: str
    redirect_uri: str
    home: str
    acr_values: str = ""

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider; state, nonce and code verifier stay in the session."""
        extra = {"acr_values": self.acr_values} if self.acr_values else {}
        answer: Response = await _reaching(self.client.authorize_redirect(request, self.redirect_uri, **extra))
        return answer

    async def finish(self, request: Request) -> Visitor:
        """Redeem the code of this callback and return who signed in.

        Raises:
            SignInFailed: the provider refused, or what came back does not belong to what this browser began.
            ProviderUnreachable: try again later.
        """
        await self._check_issuer(request)
        options = {
            "iss": {"essential": True, "values": [self.issuer]},
            # Authlib leaves `aud` alone unless told (Core §3.1.3.7 rule 3).
            "aud": {"essential": True, "values": [self.client_id]},
        }
        try:
            redeeming = self.client.authorize_access_token(request, claims_options=options)  # type: ignore[no-untyped-call]
            token = await _reaching(redeeming)
        except OAuthError as error:
            raise SignInFailed(str(error.error), may_retry=error.error != "access_denied") from error
        except (JoseError, ValueError, KeyError) as error:
            raise SignInFailed("invalid_id_token") from error
        if "userinfo" not in token:
            raise SignInFailed("invalid_id_token")
        return await self._visitor(token)

    async def end_session_url(self, id_token: str) -> str:
        """Return where to send the browser so that it is signed out everywhere (RP-Initiated Logout §2)."""
        made = await _reaching(
            self.client.create_logout_url(
                post_logout_redirect_uri=self.home, id_token_hint=id_token, client_id=self.client_id
            )
        )
        return str(made["url"])

    async def told_of_logout(self, token: str, *, at: datetime) -> LogoutToken:
        """Return a logout token that holds (Back-Channel Logout §2.6); whether it came before is for the caller.

        Raises:
            LogoutTokenRefused: it does not hold.
            ProviderUnreachable: its keys can't be had.
        """
        kid = logout_token.kid_of(token)
        for fresh in (False, True):  # a key that is not known yet may have been published since
            published = await _reaching(self.client.fetch_jwk_set(force=fresh))
            for key in KeySet.import_key_set(published).keys:
                if key.kid == kid:
                    return logout_token.verify(token, key, issuer=self.issuer, client_id=self.client_id, at=at)
        raise LogoutTokenRefused("unknown key")

    async def _check_issuer(self, request: Request) -> None:
        # RFC 9207 §2.4: a callback that another provider made is not ours, and one that hides its maker is suspect.
        metadata = await _reaching(self.client.load_server_metadata())
        said = request.query_params.get("iss")
        if said is None and not metadata.get("authorization_response_iss_parameter_supported"):
            return
        if not hmac.compare_digest((said or "").encode(), self.issuer.encode()):
            raise SignInFailed("issuer_mismatch")

    async def _visitor(self, token: Mapping[str, Any]) -> Visitor:
        claims: Mapping[str, Any] = token["userinfo"]
        if "unit_name" not in claims or "name" not in claims:
            claims = await self._with_userinfo(claims, token)
        return Visitor(
            sub=str(claims["sub"]),
            name=str(claims.get("name", "")),
            unit_name=str(claims.get("unit_name", "")),
            roles=tuple(str(role) for role in claims.get("roles", ())),
            acr=str(claims.get("acr", "")),
            id_token=str(token["id_token"]),
            sid=str(claims.get("sid", "")),
        )

    async def _with_userinfo(self, claims: Mapping[str, Any], token: Mapping[str, Any]) -> Mapping[str, Any]:
        told = await _reaching(self.client.userinfo(token=token))
        if told.get("sub") != claims["sub"]:
            raise SignInFailed("userinfo_mismatch")  # Core §5.3.4
        return {**told, **claims}


def make_relying_party(
    client_id: str,
    *,
    issuer: str,
    client_secret: str,
    own_address: str,
    acr_values: str = "",
    transport: httpx2.AsyncBaseTransport | None = None,
) -> RelyingParty:
    """Return the department's relying party; `transport` lets a test answer in place of the network."""
    session: dict[str, Any] = {
        "scope": _SCOPE,
        "code_challenge_method": "S256",
        "timeout": _TIMEOUT_SECONDS,
        "trust_env": False,  # a proxy of the environment has no business between two programs of this machine
    }
    if transport is not None:
        session["transport"] = transport
    client = _Client(
        StarletteIntegration(client_id),
        name=client_id,
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs=session,
    )
    client.issuer = issuer
    return RelyingParty(
        client=client,
        issuer=issuer,
        client_id=client_id,
        redirect_uri=f"{own_address}/callback",
        home=f"{own_address}/",
        acr_values=acr_values,
    )


async def _reaching(call: Any) -> Any:
    try:
        return await call
    except httpx2.HTTPError as error:
        raise ProviderUnreachable(type(error).__name__) from error
