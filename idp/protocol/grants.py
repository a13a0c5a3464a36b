"""Authlib's grants as the rulebook; the only module of the provider that imports Authlib's server side.

Each override is one line that calls a typed rule of ours. What Authlib would allow and we do not:

- PKCE `plain`, and PKCE missing for confidential clients: `pkce.py` (RFC 9700 §2.1.1).
- Several client authentication methods at once: `client_authentication.py` runs before (RFC 6749 §2.3).
- Looking a code up and deleting it later: taken in one step (RFC 6749 §4.1.2, §10.5).
- Refresh tokens for every client with the grant type, and no reuse detection: `refresh_token.py` (RFC 9700 §4.14).
- `iss` missing on errors, 302, form_post built by percent-encoding: `authorization_response.py` and our own page.
"""

from datetime import datetime
from typing import Any, NamedTuple, cast

from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants.code import OpenIDToken

from idp.protocol import errors, scope
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.client import Client
from idp.protocol.dpop import check_bound
from idp.protocol.errors import OAuthError
from idp.protocol.grant_ports import Bridge
from idp.protocol.issuing import Issuer, Presented, Redeemed, TokenAnswer
from idp.protocol.parameters import Parameters
from idp.protocol.pkce import check_pkce, verify_code_verifier
from idp.protocol.resource_indicators import resources_of
from idp.protocol.session import Session

_BY_CODE = {
    cls.code: cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, OAuthError) and cls is not OAuthError
}


class _Client(NamedTuple):
    """The face of a client Authlib asks."""

    own: Client

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.own.grant_types and not (self.own.public and grant_type == "client_credentials")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return True  # `authorization_request.prove` has compared it already

    def get_allowed_scope(self, asked: str | None) -> str:
        return " ".join(scope.allowed_scope(asked, self.own))


# Settings refuse plain http beyond loopback at start, so Authlib need not read and check an address each time.
_BLANK: Any = vars(OAuth2Request("POST", "https://localhost/"))


class _Request(OAuth2Request):
    """A request whose client is known, proven or authenticated before Authlib sees it."""

    def __init__(self, parameters: Parameters, client: Client, at: datetime, method: str, jkt: str = "") -> None:
        self.__dict__.update(_BLANK)
        self.method = method
        self._parameters = dict(parameters)
        self.payload = BasicOAuth2Payload(self._parameters)
        self.proven = _Client(client)
        self.at = at
        self.jkt = jkt

    @property
    def form(self) -> dict[str, str]:
        return self._parameters

    @property
    def args(self) -> Any:
        return self._parameters


class _Pkce(CodeChallenge):
    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        check_pkce(grant.request.form, grant.request.proven.own)

    def validate_code_verifier(self, grant: Any, result: object) -> None:
        verify_code_verifier(grant.request.form.get("code_verifier"), grant.request.authorization_code.code_challenge)


class _IdToken(OpenIDToken):
    def encode_id_token(self, token: Any, request: Any) -> str:
        return cast(str, request.encode_id_token(token["access_token"]))


class _Code(NamedTuple):
    """The face of a code Authlib asks."""

    redeemed: Redeemed

    @property
    def code_challenge(self) -> str | None:
        return self.redeemed.code.code_challenge

    def get_redirect_uri(self) -> str:
        return self.redeemed.code.redirect_uri

    def get_scope(self) -> str:
        return " ".join(self.redeemed.code.scope)


class _Refresh(NamedTuple):
    """The face of a refresh token Authlib asks."""

    presented: Presented

    def check_client(self, client: _Client) -> bool:
        return client.own.client_id == self.presented.token.grant.client_id

    def get_scope(self) -> str:
        return " ".join(self.presented.token.grant.scope)


class _CodeGrant(grants.AuthorizationCodeGrant):
    server: "Rulebook"
    request: Any

    def generate_authorization_code(self) -> str:
        return self.server.issuer.token_urlsafe(32)

    def create_authorization_response(self, redirect_uri: str, grant_user: object) -> tuple[int, str, list[Any]]:
        code = self.generate_authorization_code()
        self.save_authorization_code(code, self.request)
        return 200, code, []  # the redirect is ours: `authorization_response.py`

    def save_authorization_code(self, code: str, request: object) -> None:
        """Kept once every rule has passed, in `Rulebook.authorize`."""

    def query_authorization_code(self, code: str, client: Any) -> _Code:
        taken = self.server.issuer.take_code(code, client.own, self.request.payload.redirect_uri, at=self.request.at)
        redeemed = self.server.wait(taken)
        check_bound(redeemed.code.dpop_jkt, self.request.jkt)
        return _Code(redeemed)

    def delete_authorization_code(self, authorization_code: object) -> None:
        """It was taken."""

    def authenticate_user(self, authorization_code: Any) -> object:
        return authorization_code.redeemed.account

    def generate_token(self, *args: object, **kwargs: object) -> Any:
        redeemed, client = self.request.authorization_code.redeemed, self.request.client.own
        issuer, at = self.server.issuer, self.request.at
        self.request.encode_id_token = lambda token: self.server.wait(
            issuer.id_token_for_code(redeemed, client, token, at=at)
        )
        resource = resources_of(self.request.form)
        return self.server.wait(
            issuer.tokens_for_code(redeemed, client, resource=resource, jkt=self.request.jkt, at=at)
        )


class _RefreshGrant(grants.RefreshTokenGrant):
    server: "Rulebook"
    request: Any

    def authenticate_refresh_token(self, refresh_token: str) -> Any:
        client, at = self.request.client.own, self.request.at
        presented = self.server.wait(self.server.issuer.present_refresh_token(refresh_token, client, at=at))
        check_bound(presented.token.grant.jkt, self.request.jkt)
        return _Refresh(presented)

    def authenticate_user(self, refresh_token: Any) -> object:
        return refresh_token.presented.account

    def issue_token(self, user: object, refresh_token: Any) -> Any:
        presented, client = refresh_token.presented, self.request.client.own
        issuer, at = self.server.issuer, self.request.at
        narrowed = scope.narrowed_scope(self.request.payload.scope, presented.token.grant.scope)
        self.request.encode_id_token = lambda token: self.server.wait(
            issuer.id_token_for_refresh(presented, client, token, at=at)
        )
        resource = resources_of(self.request.form)
        return self.server.wait(
            issuer.tokens_for_refresh(presented, client, narrowed, resource=resource, jkt=self.request.jkt, at=at)
        )

    def revoke_old_credential(self, refresh_token: object) -> None:
        """It was replaced in the step that made its successor."""


class _ClientCredentialsGrant(grants.ClientCredentialsGrant):
    server: "Rulebook"
    request: Any

    def validate_requested_scope(self) -> None:
        self.request.scope = scope.client_scope(self.request.payload.scope, self.request.client.own)

    def generate_token(self, *args: object, **kwargs: object) -> Any:
        """Return the answer still to be awaited: Authlib hands it on as it is, and needs nothing of it."""
        client, at = self.request.client.own, self.request.at
        resource = resources_of(self.request.form)
        return self.server.issuer.tokens_for_client(
            client, self.request.scope, resource=resource, jkt=self.request.jkt, at=at
        )


class Rulebook(AuthorizationServer):
    """Answers authorization and token requests by Authlib's rules and ours; every error comes out as an OAuthError."""

    def __init__(self, issuer: Issuer, bridge: Bridge) -> None:
        super().__init__()
        self.issuer = issuer
        self.bridge = bridge
        self.wait = bridge.wait
        self._proven: _Client | None = None
        self.register_grant(_CodeGrant, [_Pkce(), _IdToken()])
        self.register_grant(_RefreshGrant, [_IdToken()])
        self.register_grant(_ClientCredentialsGrant)

    async def authorize(
        self, parameters: Parameters, request: AuthorizationRequest, session: Session, *, at: datetime
    ) -> str:
        """Return a fresh code for a request that needs nothing more from the person.

        Raises:
            OAuthError: Authlib's rules find what ours did not.
        """
        code = self._code_for(_Request(parameters, request.target.client, at, "GET"), session)
        await self.issuer.keep_code(code, request, session, at=at)
        return code

    async def token(self, parameters: Parameters, client: Client, *, at: datetime, jkt: str = "") -> TokenAnswer:
        """Return the token answer for a client that has authenticated; `jkt` is the DPoP key it has proven, if any.

        Raises:
            OAuthError: RFC 6749 §5.2.
        """
        if "grant_type" not in parameters:
            raise errors.InvalidRequest("grant_type is required.")
        asked = _Request(parameters, client, at, "POST", jkt)
        if parameters["grant_type"] == "client_credentials":
            # Its rules wait for nothing, so they need no bridge, a tenth of what this request costs.
            issuing: Any = self.create_token_response(asked)
            return cast(TokenAnswer, await issuing)
        return cast(TokenAnswer, await self.bridge.run(self.create_token_response, asked))

    def _code_for(self, asked: _Request, session: Session) -> str:
        # Nothing is waited for in here, so this request's client is the one Authlib asks for by its id.
        self._proven = asked.proven
        try:
            grant = self.get_authorization_grant(asked)
            return cast(str, self.create_authorization_response(asked, session, grant))
        finally:
            self._proven = None

    # What Authlib asks its framework for:

    def query_client(self, client_id: str) -> Any:
        proven = self._proven
        return proven if proven is not None and proven.own.client_id == client_id else None

    def authenticate_client(self, request: Any, methods: object, endpoint: str = "token") -> Any:
        return request.proven

    def save_token(self, token: object, request: object) -> None:
        """Kept where it was made."""

    def create_oauth2_request(self, request: Any) -> Any:
        return request

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def handle_response(self, status: int, body: Any, headers: Any) -> Any:
        return body

    def handle_error_response(self, request: object, error: OAuth2Error) -> Any:
        raise _in_our_words(error)


def _in_our_words(error: OAuth2Error) -> OAuthError:
    cls = _BY_CODE.get(str(error.error), errors.InvalidRequest)
    return cls(error.get_error_description() or "")
