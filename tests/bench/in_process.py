"""The same sign-on inside this process: the app alone, no sockets and no web server, in CPU time."""

import asyncio
import base64
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import uvloop

from composition.demo_registrations import seed_demo
from composition.part import Part
from composition.preparing import prepare
from composition.web_app import compose
from config import logs
from config.asgi.types import App, Message, Receive, Scope, Send
from config.entry import ground
from config.settings import Settings
from demo.seed import DEMO_PASSWORD, ensure_client_secrets
from tests.bench.table import ms, show
from tests.servers.visitor import read_page

_BASE_URL = "http://127.0.0.1:8000"
_REDIRECT_URI = "http://127.0.0.1:9/cb"
_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
_CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
_WARM_UPS = 50
_FLOWS = 1000


@dataclass(slots=True)
class InProcess:
    """The provider, a session at it, and the client that sends people there."""

    app: App
    secret: str
    cookie: str = field(default="", repr=False)

    async def sign_in(self) -> None:
        """Sign in and agree through the pages, as a browser does."""
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url=_BASE_URL)
        answer = await _followed(client, await client.get(_authorize_path()))
        for values in ({"username": "clerk", "password": DEMO_PASSWORD}, {"decision": "allow"}):
            form = read_page(answer).form(having="form_token")
            headers = {"origin": _BASE_URL, "referer": str(answer.url)}
            sent = {name: given[0] for name, given in form.values.items()} | values
            answer = await _followed(client, await client.post(form.action, data=sent, headers=headers))
        self.cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        await client.aclose()

    async def authorize(self) -> str:
        """Return the code."""
        status, headers, _body = await call(self.app, "GET", _authorize_path(), [(b"cookie", self.cookie.encode())])
        location = dict(headers)[b"location"].decode()
        code = parse_qs(urlsplit(location).query).get("code")
        if code is None:
            raise RuntimeError(f"no code: {status} {urlsplit(location).path}")
        return code[0]

    async def token(self, code: str) -> str:
        """Return the access token."""
        body = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": _REDIRECT_URI, "code_verifier": _VERIFIER,
        }  # fmt: skip
        basic = base64.b64encode(f"demo-rp:{self.secret}".encode())
        headers = [
            (b"authorization", b"Basic " + basic),
            (b"content-type", b"application/x-www-form-urlencoded"),
        ]
        status, _headers, answer = await call(self.app, "POST", "/idp/token", headers, urlencode(body).encode())
        if status != 200:
            raise RuntimeError(f"token: {status} {answer!r}")
        token: str = json.loads(answer)["access_token"]
        return token

    async def userinfo(self, access_token: str) -> None:
        headers = [(b"authorization", f"Bearer {access_token}".encode())]
        status, _headers, answer = await call(self.app, "GET", "/idp/userinfo", headers)
        if status != 200 or "sub" not in json.loads(answer):
            raise RuntimeError(f"userinfo: {status}")


def measure() -> bool:
    """Print the table; it has no reach of its own."""
    logs.configure(level="warning", form="json")  # as the demo has it
    with tempfile.TemporaryDirectory() as directory:
        cpu = uvloop.run(_measured(Path(directory)))
    rows = [(step, ms(seconds / _FLOWS)) for step, seconds in cpu.items()]
    rows.insert(0, ("whole flow", ms(sum(cpu.values()) / _FLOWS)))
    show(f"Single sign-on in process, SQLite and memory, {_FLOWS} flows, ms each", ("step", "CPU"), rows)
    return True


async def _measured(directory: Path) -> dict[str, float]:
    async with _running(directory) as provider:
        await provider.sign_in()
        for _ in range(_WARM_UPS):
            await provider.userinfo(await provider.token(await provider.authorize()))
        began = process_time()
        codes = [await provider.authorize() for _ in range(_FLOWS)]
        authorized = process_time()
        tokens = [await provider.token(code) for code in codes]
        redeemed = process_time()
        for access_token in tokens:
            await provider.userinfo(access_token)
        return {
            "authorize": authorized - began,
            "token": redeemed - authorized,
            "userinfo": process_time() - redeemed,
        }


@asynccontextmanager
async def _running(directory: Path) -> AsyncIterator[InProcess]:
    settings = Settings.from_env(
        {
            "ONEWINDOW_DEMO": "true",
            "ONEWINDOW_VAR_DIR": str(directory),
            "ONEWINDOW_DATABASE_URL": f"sqlite+aiosqlite:///{directory / 'bench.db'}",
            "ONEWINDOW_SECRET_KEY": "kV9-2mQxT7_bR4zLw8NcYf1HsJ6pDgAe3UoXiB5t",
        }
    )
    secrets = ensure_client_secrets(directory / "secrets", 8100)
    async with ground(settings) as (engine, state):
        await prepare(settings, engine, state)
        await seed_demo(settings, engine, state, 8100, secrets)
        app = await compose(settings, engine, state, only=Part.IDP)
        async with lifespan(app) as started:
            yield InProcess(app=started, secret=secrets["demo-rp"])


@asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[App]:
    """Start `app` as a server would and give it the state it keeps for its requests (ASGI lifespan protocol)."""
    state: dict[str, Any] = {}
    towards: asyncio.Queue[Message] = asyncio.Queue()
    back: asyncio.Queue[Message] = asyncio.Queue()
    running = asyncio.ensure_future(app({"type": "lifespan", "state": state}, towards.get, back.put))
    await towards.put({"type": "lifespan.startup"})
    answer = await back.get()
    if answer["type"] != "lifespan.startup.complete":
        raise RuntimeError(str(answer))

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": state.copy()}, receive, send)

    yield with_state
    await towards.put({"type": "lifespan.shutdown"})
    await running


async def call(
    app: App, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes = b""
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Send one request without any client in between."""
    parts = urlsplit(path)
    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": parts.path, "raw_path": parts.path.encode(), "query_string": parts.query.encode(), "root_path": "",
        "headers": [(b"host", b"127.0.0.1:8000"), *headers], "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], list(sent[0]["headers"]), content


def _authorize_path() -> str:
    parameters = {
        "response_type": "code", "client_id": "demo-rp", "redirect_uri": _REDIRECT_URI, "scope": "openid profile unit",
        "state": "af0ifjsldkj", "nonce": "n-0S6_WzA2Mj", "code_challenge": _CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"/idp/authorize?{urlencode(parameters)}"


async def _followed(client: httpx2.AsyncClient, answer: httpx2.Response) -> httpx2.Response:
    """Follow redirects as long as they stay at the provider."""
    while answer.is_redirect and (onward := answer.next_request) is not None and onward.url.port != 9:
        answer = await client.send(onward)
    return answer
