"""OneWindow in one test process: the real provider, intake, ledger and API over real stores; no worker delivers."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.routing import Mount

import connectors.storage.tables
import idp.storage.tables
import matters.storage.tables
from config.asgi.shell import shell
from config.clock import SHANGHAI, utc_now
from config.settings import Settings
from config.state import StateStore
from config.storage.sql import ping
from connectors.app import create_connectors
from connectors.spec import load_systems
from connectors.storage.recent_attempts import SqlRecentAttempts
from connectors.system import System
from demo.forms import make_application
from idp.app import create_app as create_idp
from idp.app import wire
from idp.protocol.client import Client, hash_secret
from matters.guide import Matter, load_matters
from matters.storage.cases import SqlCaseStore
from matters.storage.guides import SqlGuideStore
from matters.storage.material_files import ObjectMaterialFiles, open_store
from matters.working_days import load_calendar
from portal import words
from portal.api.metrics import Metrics, RequestMetrics
from portal.api.routes import routes
from portal.api.state import ApiState
from portal.api.wiring import make_api_state
from portal.pages import operations

ROOT = Path(__file__).parents[2]
SECRET = "k7Qd0pX2vR9mZ4sW8tB1nC6yH3fJ5gLa"
UNIT_A = {"unit": "320105007-bmfw", "region": "320105007"}
UNIT_B = {"unit": "320206003-bmfw", "region": "320206003"}
ALL_SCOPES = ("guides:read", "cases:read", "cases:write")
CLIENT_SECRET = "a client's own secret of a test"


@cache
def guides() -> tuple[Matter, ...]:
    return load_matters(ROOT / "config" / "matters", ROOT / "config" / "matters-ext")


@cache
def systems() -> Mapping[str, System]:
    return load_systems(ROOT / "config" / "systems")


@dataclass(slots=True, kw_only=True)
class House:
    """`client` speaks to the whole app behind its shell, from loopback."""

    settings: Settings
    app: Any
    api: ApiState
    idp: Any
    client: httpx2.AsyncClient
    directory: Path
    published: list[tuple[Matter, ...]]
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return utc_now() + self.ahead

    async def register(self, client_id: str, *, scopes: tuple[str, ...] = ALL_SCOPES, **claims: Any) -> None:
        """Keep a client for client_credentials with a unit, a region and roles."""
        given = {**UNIT_A, "roles": frozenset({"clerk"}), **claims}
        client = Client(
            client_id=client_id,
            client_secret_hash=hash_secret(CLIENT_SECRET),
            grant_types=("client_credentials",),
            scope=scopes,
            id_token_signed_response_alg="ES256",
            **given,
        )
        await self.idp.client_store.save(client, at=utc_now())

    async def token(self, client_id: str = "clerk-api", *, scopes: tuple[str, ...] = ALL_SCOPES, **claims: Any) -> str:
        """Return an access token of the real provider for a client made for it."""
        await self.register(client_id, scopes=scopes, **claims)
        answer = await self.client.post(
            "/idp/token",
            data={"grant_type": "client_credentials", "scope": " ".join(scopes)},
            auth=(client_id, CLIENT_SECRET),
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def bearer(self, client_id: str = "clerk-api", **claims: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {await self.token(client_id, **claims)}"}

    def application(self, matter: str = "05-elder-respect-allowance", *, seed: int = 1) -> dict[str, Any]:
        """Return a valid body of POST /api/v1/cases for a test person nobody is."""
        found = next(each for each in guides() if each.id == matter)
        situation = found.guide.situations[0].id
        at = self.now().astimezone(SHANGHAI).date()
        return make_application(found.document(), situation, seed=seed, at=at).as_json()

    async def submit(self, headers: dict[str, str], body: dict[str, Any], key: str = "") -> httpx2.Response:
        key = key or base64.b32encode(hashlib.sha256(repr(body).encode()).digest()).decode().strip("=")
        return await self.client.post("/api/v1/cases", json=body, headers={**headers, "idempotency-key": key})


@asynccontextmanager
async def house(engine: AsyncEngine, state: StateStore, directory: Path) -> AsyncIterator[House]:
    """Open a OneWindow on an empty database."""
    settings = Settings.from_env(
        {
            "ONEWINDOW_BASE_URL": "http://127.0.0.1:8500",
            "ONEWINDOW_SECRET_KEY": SECRET,
            "ONEWINDOW_VAR_DIR": str(directory / "var"),
            "ONEWINDOW_SECRETS_DIR": str(directory),
        }
    )
    async with engine.begin() as connection:
        for tables in (idp.storage.tables, matters.storage.tables, connectors.storage.tables):
            await connection.run_sync(tables.metadata.create_all)
    provider = create_idp(settings=settings, engine=engine, state=state, clock=utc_now)
    made: list[House] = []
    api, published = _api(settings, engine, state, made)
    async with AsyncExitStack() as stack:
        merged: dict[str, Any] = {"api": api}
        merged.update(await stack.enter_async_context(provider.router.lifespan_context(provider)) or {})
        await api.guide_store.seed(guides(), at=utc_now())
        whole = Starlette(routes=[Mount("/idp", provider), *routes(), *operations.routes])
        app = shell(
            _with_state(RequestMetrics(whole, metrics=api.metrics), merged),
            base_url=settings.base_url,
            larger_bodies={"/api/v1/cases": 10 * 1024 * 1024},
        )
        transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 50_000))
        client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=settings.base_url))
        made.append(
            House(
                settings=settings,
                app=app,
                api=api,
                idp=wire(settings=settings, engine=engine, state=state, clock=utc_now).state,
                client=client,
                directory=directory,
                published=published,
            )
        )
        yield made[0]


def _api(
    settings: Settings, engine: AsyncEngine, state: StateStore, made: list[House]
) -> tuple[ApiState, list[tuple[Matter, ...]]]:
    def clock() -> datetime:
        return made[0].now() if made else utc_now()

    published = [guides()]
    calendar = load_calendar(ROOT / "config" / "calendar.yaml")
    connectors = create_connectors(
        settings=settings,
        engine=engine,
        state=state,
        clock=clock,
        systems=systems(),
        guide=lambda matter_id: next((m for m in published[0] if m.id == matter_id), None),
        calendar=calendar,
    )

    async def front_door(scope: Any, receive: Any, send: Any) -> None:
        await made[0].app(scope, receive, send)

    async def ping_database() -> None:
        await ping(engine)

    api = make_api_state(
        settings=settings,
        clock=clock,
        state=state,
        catalogues=words.catalogues(),
        back_channel=httpx2.ASGITransport(app=front_door),
        published=lambda: published[0],
        guide_store=SqlGuideStore(engine),
        intake=connectors.intake,
        cases=SqlCaseStore(engine),
        deliveries=connectors.deliveries,
        files=ObjectMaterialFiles(open_store(settings.materials_url)),
        calendar=calendar,
        systems=systems(),
        callbacks=connectors.callbacks,
        health=connectors.health,
        attempts=SqlRecentAttempts(engine),
        ping_database=ping_database,
        metrics=Metrics(),
    )
    return replace(api, metrics_token="a scraper's token"), published


def _with_state(app: Any, merged: dict[str, Any]) -> Any:
    async def stated(scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {}).update(merged)
        await app(scope, receive, send)

    return stated
