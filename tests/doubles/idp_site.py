"""The provider as a whole behind its shell, with browsers and relying parties to try it: nothing patched."""

import base64
import hashlib
import html
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.routing import Mount

from config.asgi.prefixed import prefixed
from config.asgi.shell import shell
from config.egress import EgressClient
from config.settings import Settings
from config.state import StateStore
from idp import accounts, clients, keys
from idp.accounts import NewAccount
from idp.app import create_app, larger_bodies, open_paths, root_routes, wire
from idp.background import Background
from idp.endpoints.state import IdpState
from idp.passwords import Passwords
from idp.protocol.account import Account
from idp.protocol.client import Client
from idp.protocol.signing import SigningKey
from idp.storage.tables import metadata
from tests.doubles.prepared import with_tables

BASE = "http://127.0.0.1:8000"
ISSUER = f"{BASE}/idp"
API = f"{BASE}/api/v1"
PASSWORD = "Yichuang-2026"
# RFC 7636 appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
EVERY_SCOPE = ("openid", "profile", "unit", "offline_access", "guides:read", "cases:read", "cases:write")

_made_keys: list[SigningKey] = []
_made_hashes: dict[str, str] = {}


def settings(**given: Any) -> Settings:
    return Settings(**{"secret_key": "k9Qz3vX7mB2nT5wR8yL1pD4sF6hJ0gCaUeNi", "base_url": BASE, **given})


@dataclass
class FakeClock:
    """A clock that moves when told."""

    now: datetime = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


class OnceHashed(Passwords):
    """Real hashes, made once for each password: registering somebody is not what is tested by most."""

    async def hash(self, password: str) -> str:
        if password not in _made_hashes:
            _made_hashes[password] = await super().hash(password)
        return _made_hashes[password]


@dataclass
class Site:
    """One process of the provider."""

    app: Any
    idp: IdpState
    clock: FakeClock
    base: str = BASE
    issuer: str = ISSUER
    secrets: dict[str, str] = field(default_factory=dict)
    background: Background = field(kw_only=True)

    def browser(self, address: str = "10.9.8.7", **headers: str) -> "Browser":
        return Browser(self, address, headers)

    def caller(self, **headers: str) -> httpx2.AsyncClient:
        """A program that talks to the provider directly."""
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(transport=transport, base_url=self.base, headers=headers)

    async def client(self, client_id: str = "tile", **given: Any) -> "RelyingParty":
        """Register a client and return a relying party that uses it."""
        wanted: dict[str, Any] = {
            "client_id": client_id,
            "client_name": f"系统 {client_id}",
            "redirect_uris": (f"https://{client_id}.example/cb",),
            "post_logout_redirect_uris": (f"https://{client_id}.example/bye",),
            "grant_types": ("authorization_code", "refresh_token"),
            "scope": EVERY_SCOPE,
            "id_token_signed_response_alg": "ES256",
            "trusted": True,
        }
        client = Client(**wanted | given)
        secret = await clients.register(self.idp.client_store, self.idp.account_store, client, at=self.clock())
        return RelyingParty(self, client, secret)

    async def account(self, username: str = "clerk", **given: Any) -> Account:
        wanted: dict[str, Any] = {
            "username": username,
            "name": "王晓芸",
            "unit": "320105007-bmfw",
            "unit_name": "云桥街道便民服务中心",
            "region": "320105007",
            "roles": frozenset({"clerk"}),
        }
        return await accounts.create(
            self.idp.account_store, self.idp.client_store, OnceHashed(),
            NewAccount(**wanted | given), password=PASSWORD, at=self.clock(),
        )  # fmt: skip


@asynccontextmanager
async def open_site(engine: AsyncEngine, state: StateStore, **given: Any) -> AsyncIterator[Site]:
    """Make the tables, start the provider and stop it at the end."""
    await with_tables(engine, metadata)
    async with another_process(engine, state, FakeClock(), **given) as site:
        yield site


@asynccontextmanager
async def another_process(
    engine: AsyncEngine,
    state: StateStore,
    clock: FakeClock,
    *,
    egress: EgressClient | None = None,
    background: bool = False,
    **given: Any,
) -> AsyncIterator[Site]:
    """Start a process of the provider on stores that are there; `background` is what runs beside the web app."""
    own = settings(**given)
    await _ready_keys(wire(settings=own, engine=engine, state=state, clock=clock).state, clock())
    app = create_app(settings=own, engine=engine, state=state, clock=clock, egress=egress, background=background)
    whole = Starlette(routes=[*root_routes(own), Mount(urlsplit(own.issuer).path, app)])
    lifespan: Any = app.router.lifespan_context
    async with lifespan(app) as yielded:
        shelled = shell(
            prefixed(urlsplit(own.issuer).path, app, whole),
            base_url=own.base_url,
            open_paths=open_paths(own),
            larger_bodies=larger_bodies(own),
        )

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            scope["state"] = dict(yielded)
            await shelled(scope, receive, send)

        yield Site(
            app=with_state,
            idp=yielded["idp"],
            clock=clock,
            base=own.base_url,
            issuer=own.issuer,
            background=app.state.background,
        )


async def _ready_keys(idp: IdpState, at: datetime) -> None:
    """RSA keys take long to make: the process makes one set and every site gets it."""
    if not _made_keys:
        _made_keys.extend(
            [await keys.generate(alg, state) for alg in ("ES256", "RS256") for state in ("current", "next")]
        )
    if not await idp.key_store.load():
        await idp.key_store.add(*_made_keys, at=at)


@dataclass
class Answer:
    """What came back at a redirect_uri."""

    address: str
    parameters: dict[str, str]


class Browser:
    """A person's browser: keeps cookies, goes where it is sent inside the provider, reads forms."""

    def __init__(self, site: Site, address: str, headers: dict[str, str]) -> None:
        self.site = site
        transport = httpx2.ASGITransport(app=site.app, client=(address, 40000))
        self.http = httpx2.AsyncClient(transport=transport, base_url=site.base, headers=headers)

    async def get(self, url: str) -> httpx2.Response:
        """Follow redirects as long as they stay at the provider."""
        return await self._follow(await self.http.get(url))

    async def post(self, url: str, fields: dict[str, str], **headers: str) -> httpx2.Response:
        return await self._follow(await self.http.post(url, data=fields, headers=headers))

    async def submit(self, page: httpx2.Response, /, button: str | None = None, **fields: str) -> httpx2.Response:
        """Fill in the one form of a page and send it, as the browser would."""
        action, hidden = form_of(page)
        if button is not None:
            fields["decision"] = button
        return await self.post(action, hidden | fields, **{"sec-fetch-site": "same-origin"})

    async def sign_in(self, url: str, username: str = "clerk", password: str = PASSWORD) -> httpx2.Response:
        return await self.submit(await self.get(url), username=username, password=password)

    async def _follow(self, response: httpx2.Response) -> httpx2.Response:
        while response.status_code == 303 and response.headers["location"].startswith(self.site.issuer + "/"):
            response = await self.http.get(response.headers["location"])
        return response


@dataclass
class RelyingParty:
    """A client that follows the specifications."""

    site: Site
    client: Client
    secret: str

    @property
    def redirect_uri(self) -> str:
        return self.client.redirect_uris[0]

    def url(self, **parameters: str | None) -> str:
        """The address of an authorization request; None leaves a parameter out."""
        return f"{self.site.issuer}/authorize?{urlencode(self.request(**parameters))}"

    def request(self, **parameters: str | None) -> dict[str, str]:
        wanted: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile unit",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (wanted | parameters).items() if value is not None}

    @property
    def basic(self) -> dict[str, str]:
        pair = f"{self.client.client_id}:{self.secret}".encode()
        return {"authorization": "Basic " + base64.b64encode(pair).decode()}

    async def post(self, endpoint: str, fields: dict[str, str | None], **headers: str) -> httpx2.Response:
        """Post to a back-channel endpoint with this client's authentication."""
        if self.client.public:
            fields = {"client_id": self.client.client_id, **fields}
        else:
            headers = self.basic | headers
        async with self.site.caller() as http:
            kept = {name: value for name, value in fields.items() if value is not None}
            return await http.post(f"{self.site.issuer}{endpoint}", data=kept, headers=headers)

    async def exchange(self, code: str, /, **fields: str | None) -> httpx2.Response:
        wanted: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
        }
        return await self.post("/token", wanted | fields)

    async def refresh(self, token: str, **fields: str | None) -> httpx2.Response:
        return await self.post("/token", {"grant_type": "refresh_token", "refresh_token": token, **fields})

    async def code(self, browser: Browser, **parameters: str | None) -> str:
        """A code for a browser that is signed in, or signs in now as clerk."""
        page = await browser.get(self.url(**parameters))
        if page.status_code == 200:
            page = await browser.submit(page, username="clerk", password=PASSWORD)
        return answer_at(page, self.redirect_uri).parameters["code"]

    async def tokens(self, browser: Browser, **parameters: str | None) -> dict[str, Any]:
        answer = await self.exchange(await self.code(browser, **parameters))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def userinfo(self, token: str) -> httpx2.Response:
        async with self.site.caller(authorization=f"Bearer {token}") as http:
            return await http.get(f"{self.site.issuer}/userinfo")

    async def introspect(self, token: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.post("/introspect", {"token": token})).json()
        return found


def answer_at(response: httpx2.Response, redirect_uri: str) -> Answer:
    """The authorization response a browser was sent to."""
    assert response.status_code == 303, f"{response.status_code} {response.text[:300]}"
    address, _, query = response.headers["location"].partition("?")
    assert address == redirect_uri
    parameters = parse_qs(query, keep_blank_values=True)
    assert all(len(values) == 1 for values in parameters.values())
    return Answer(address, {name: values[0] for name, values in parameters.items()})


def form_of(page: httpx2.Response, action_ends: str = "") -> tuple[str, dict[str, str]]:
    """The action and the hidden fields of the one form of a page, or of the one whose action ends so.

    Forms that only a script can fill (passkeys) are left out.
    """
    whole = re.sub(r"<form[^>]* data-passkey=.*?</form>", "", page.text, flags=re.DOTALL)
    forms = [form for form in re.findall(r"<form.*?</form>", whole, re.DOTALL) if _action(form).endswith(action_ends)]
    assert len(forms) == 1, page.text[:2000]
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', forms[0])
    return _action(forms[0]), {html.unescape(name): html.unescape(value) for name, value in hidden}


def _action(form: str) -> str:
    found = re.search(r'<form[^>]* action="([^"]*)"', form)
    assert found is not None
    return html.unescape(found[1])


def decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT, unverified."""
    header, payload, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload))


def half_hash(value: str) -> str:
    """at_hash computed anew, from OpenID Connect Core §3.1.3.6."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def forged(token: str, *, header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None) -> str:
    """The same token with parts changed and the old signature."""
    old_header, old_claims = decoded(token)
    parts = [old_header | (header or {}), old_claims | (claims or {})]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, token.split(".")[2]])
