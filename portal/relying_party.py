"""The portal as an OpenID Connect relying party; the one place that knows Authlib's client.

begin: state, nonce and code_verifier are kept under the hash of `state`, bound to this browser by a cookie
  → the browser goes to the provider → complete: the kept record is taken (once), code and verifier are
  redeemed over the back channel, the id_token is verified → Person.
Each sign-in has a record of its own, so two tabs may sign in at the same time.
Sources: OpenID Connect Core §3.1, RFC 7636, RFC 9207, OpenID Connect RP-Initiated Logout §2.
"""

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx2
from authlib.integrations.starlette_client import OAuth, OAuthError
from joserfc.errors import JoseError
from starlette.requests import Request

from config import logout_token
from config.clock import Clock
from config.derived import portal_client_secret
from config.logout_token import LogoutToken, LogoutTokenRefused
from config.settings import Settings
from config.state import StateStore
from portal.api.signing_keys import SigningKeys
from portal.people import Person
from portal.pushed_request import Pushing, PushRefused
from portal.sessions import hashed

SCOPE = "openid profile unit"
FLOW_LIVES = timedelta(minutes=15)
_NAME = "idp"

# Its debug lines carry code verifiers and tokens.
logging.getLogger("authlib").setLevel(logging.INFO)


class NoSuchSignIn(Exception):
    """The callback belongs to no sign-in begun in this browser: expired, used already, or forged."""


class SignInRefused(Exception):
    """The provider said no; `error` is its code (RFC 6749 §4.1.2.1)."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class ProviderUnreachable(Exception):
    """The provider did not answer over the back channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What a completed sign-in gives: the person, the hint for signing out, and where they wanted to go.

    `sign_on` is the provider's `sid`; `redeemed_at` is when redeeming the code began.
    """

    person: Person
    id_token: str
    next_path: str
    sign_on: str
    redeemed_at: datetime


class _Client(Protocol):
    """The part of Authlib's Starlette client used here, typed."""

    server_metadata: dict[str, Any]

    async def load_server_metadata(self) -> dict[str, Any]: ...

    async def authorize_redirect(self, request: Request, redirect_uri: str, **kwargs: str) -> Any: ...

    async def authorize_access_token(self, request: Request, **kwargs: Any) -> dict[str, Any]: ...

    async def create_logout_url(self, **kwargs: str) -> dict[str, str]: ...


class RelyingParty:
    """Signs people in and out at the provider in `settings.issuer`."""

    def __init__(
        self,
        *,
        settings: Settings,
        state: StateStore,
        keys: SigningKeys,
        clock: Clock,
        back_channel: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._issuer = settings.issuer
        self._redirect_uri = f"{settings.base_url}/sign-in/callback"
        self._after_logout = f"{settings.base_url}/signed-out"
        self._after_hand_over = f"{settings.base_url}/sign-in"
        self._after_lock = f"{settings.base_url}/unlock"
        self._keys = keys
        self._clock = clock
        self._client_id = settings.portal_client_id
        self._state = state
        client_kwargs: dict[str, Any] = {
            "scope": SCOPE,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_basic",
            "timeout": 10.0,
        }
        if back_channel is not None:
            client_kwargs["transport"] = _Unclosed(back_channel)
        self._pushing = Pushing(
            client_id=settings.portal_client_id,
            client_secret=portal_client_secret(settings),
            open_client=lambda: httpx2.AsyncClient(timeout=10.0, transport=client_kwargs.get("transport")),
        )
        self._client: _Client = OAuth().register(
            _NAME,
            client_id=settings.portal_client_id,
            client_secret=portal_client_secret(settings),
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs=client_kwargs,
        )

    async def begin(self, request: Request, *, browser: str, next_path: str, ui_locales: str) -> str:
        """Keep a new sign-in for `browser` and return the provider's address to send it to.

        Raises:
            ProviderUnreachable: discovery did not answer, or a request that must be pushed was not taken.
        """
        metadata = await self._discover()
        flow: dict[str, Any] = {}
        redirect = await self._client.authorize_redirect(
            _with_session(request, flow), self._redirect_uri, ui_locales=ui_locales
        )
        (key,) = flow
        record = {"flow": flow, "browser": hashed(browser), "next": next_path}
        await self._state.put(_key(key.removeprefix(f"_state_{_NAME}_")), json.dumps(record).encode(), FLOW_LIVES)
        try:
            return await self._pushing.address(metadata, str(redirect.headers["location"]))
        except (httpx2.HTTPError, PushRefused) as error:
            raise ProviderUnreachable from error

    async def complete(self, request: Request, *, browser: str) -> SignedIn:
        """Redeem the callback in `request`; each sign-in is taken once.

        Raises:
            NoSuchSignIn: unknown, expired, used, or begun in another browser.
            SignInRefused: the provider answered with an error, or what it sent does not verify.
            ProviderUnreachable: the token endpoint or the keys did not answer.
        """
        kept = await self._state.take(_key(request.query_params.get("state", "")))
        record = json.loads(kept) if kept else {}
        if not record or not hmac.compare_digest(record["browser"], hashed(browser)):
            raise NoSuchSignIn
        metadata = await self._discover()
        if (
            metadata.get("authorization_response_iss_parameter_supported")
            and request.query_params.get("iss") != self._issuer
        ):
            raise SignInRefused("iss_mismatch")
        began = self._clock()
        token = await self._redeem(_with_session(request, record["flow"]))
        return SignedIn(
            person=Person.from_claims(token["userinfo"]),
            id_token=token["id_token"],
            next_path=record["next"],
            sign_on=str(token["userinfo"].get("sid") or ""),
            redeemed_at=began,
        )

    async def logout_address(self, *, id_token: str) -> str:
        """Return the provider's end_session address; it brings the browser back to /signed-out.

        Raises:
            ProviderUnreachable: discovery did not answer.
        """
        metadata = await self._discover()
        if "end_session_endpoint" not in metadata:
            return self._after_logout
        answer = await self._client.create_logout_url(
            post_logout_redirect_uri=self._after_logout, id_token_hint=id_token, client_id=self._client_id
        )
        return answer["url"]

    async def hand_over_address(self, *, id_token: str) -> str:
        """Return where a window is handed to the next clerk; it ends at signing in.

        A provider without a page for that (docs/decisions/0032) signs out by the standard, to the same end.

        Raises:
            ProviderUnreachable: discovery did not answer.
        """
        return await self._leaving_address("session_hand_over_endpoint", id_token, self._after_hand_over, "")

    async def lock_address(self, *, id_token: str, state: str) -> str:
        """Return where this sign-on is locked; the clerk comes back to /unlock with `state`. See `hand_over_address`.

        Raises:
            ProviderUnreachable: discovery did not answer.
        """
        return await self._leaving_address("session_lock_endpoint", id_token, self._after_lock, state)

    async def logout_token(self, token: str, *, at: datetime) -> LogoutToken:
        """Return a logout token that holds, the first time it comes.

        Raises:
            LogoutTokenRefused: it does not hold, or was here before (Back-Channel Logout §2.6).
            KeysUnavailable: the provider's keys can't be had.
        """
        key = await self._keys.find(logout_token.kid_of(token))
        if key is None:
            raise LogoutTokenRefused("unknown key")
        read = logout_token.verify(token, key, issuer=self._issuer, client_id=self._client_id, at=at)
        if not await self._state.add(f"replay:portal_logout:{hashed(read.jti)}", b"1", read.remember):
            raise LogoutTokenRefused("jti used before")
        return read

    async def _leaving_address(self, endpoint: str, id_token: str, back: str, state: str) -> str:
        metadata = await self._discover()
        address = metadata.get(endpoint) or metadata.get("end_session_endpoint")
        if not address:
            return back
        asked = {"id_token_hint": id_token, "client_id": self._client_id, "post_logout_redirect_uri": back}
        return f"{address}?{urlencode(asked | ({'state': state} if state else {}))}"

    async def account_address(self) -> str:
        """Return the provider's page of one's own account, "" when it names none.

        `account_management_uri` is the provider's own member, no specification's; a page address must be http.

        Raises:
            ProviderUnreachable: see there.
        """
        address = str((await self._discover()).get("account_management_uri", ""))
        return address if address.startswith(("https://", "http://")) else ""

    async def _discover(self) -> Mapping[str, Any]:
        try:
            metadata = await self._client.load_server_metadata()
        except httpx2.HTTPError as error:
            raise ProviderUnreachable from error
        if metadata.get("issuer") != self._issuer:  # OpenID Connect Discovery §4.3
            self._client.server_metadata.clear()
            raise ProviderUnreachable("the provider's metadata names another issuer")
        return metadata

    async def _redeem(self, request: Request) -> dict[str, Any]:
        try:
            token = await self._client.authorize_access_token(
                request, claims_options={"iss": {"essential": True, "values": [self._issuer]}}
            )
        except OAuthError as error:
            raise SignInRefused(error.error or "invalid_response") from error
        except JoseError as error:
            raise SignInRefused("invalid_id_token") from error
        except httpx2.HTTPError as error:
            raise ProviderUnreachable from error
        if not token.get("userinfo"):
            raise SignInRefused("id_token_missing")
        return token


class _Unclosed(httpx2.AsyncBaseTransport):
    """Authlib makes a client per call and closes it; a shared transport has to outlive that."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._inner.handle_async_request(request)


def _with_session(request: Request, flow: dict[str, Any]) -> Request:
    # Authlib keeps a sign-in in request.session; each gets a dict of its own instead of one per browser.
    return Request({**request.scope, "session": flow})


def _key(state: str) -> str:
    return f"portal_sign_in:{hashed(state)}"
