"""OneWindow in one test process: the real provider, intake, ledger and API over real stores; no worker delivers."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
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
from config.clock import SHANGHAI, Clock, utc_now
from config.settings import Settings
from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from connectors.app import create_connectors
from connectors.system import System
from demo.forms import make_application
from idp import keys
from idp.app import create_app as create_idp
from idp.app import wire
from idp.protocol.client import Client, hash_secret
from matters.data_items import DataItems, load_data_items
from matters.guide import Matter
from matters.storage.guides import SqlGuideStore
from matters.working_days import WorkingCalendar, load_calendar
from portal.api.state import ApiState
from portal.app import LARGER_BODIES
from portal.app import create_app as create_portal
from portal.people import Person
from portal.state import PortalState
from tests.doubles.declared import declared_matters, declared_systems
from tests.doubles.prepared import prepared

ROOT = Path(__file__).parents[2]
SECRET = "k7Qd0pX2vR9mZ4sW8tB1nC6yH3fJ5gLa"
_SETTINGS = {"ONEWINDOW_BASE_URL": "http://127.0.0.1:8500", "ONEWINDOW_SECRET_KEY": SECRET}
UNIT_A = {"unit": "320105007-bmfw", "region": "320105007"}
UNIT_B = {"unit": "320206003-bmfw", "region": "320206003"}
ALL_SCOPES = ("guides:read", "cases:read", "cases:write")
METRICS_TOKEN = "a scraper's own token of a test"
CLIENT_SECRET = "a client's own secret of a test"


@cache
def guides() -> tuple[Matter, ...]:
    return declared_matters()


@cache
def systems() -> Mapping[str, System]:
    return declared_systems()


@cache
def calendar() -> WorkingCalendar:
    return load_calendar(ROOT / "config" / "calendar.yaml")


@cache
def data_items() -> DataItems:
    return load_data_items(ROOT / "config" / "data_items.yaml")


@dataclass(slots=True, kw_only=True)
class House:
    """`client` speaks to the whole app behind its shell, from loopback."""

    settings: Settings
    app: Any
    api: ApiState
    idp: Any
    client: httpx2.AsyncClient
    directory: Path
    portal: PortalState
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

    async def sign_in(self, role: str) -> None:
        """Give the client the cookie of a session of somebody with this role; how sign-in works is tested elsewhere."""
        person = Person(
            sub=f"test-{role}",
            name="测试员",
            username=role,
            unit=UNIT_A["unit"],
            unit_name="云桥街道便民服务中心",
            region=UNIT_A["region"],
            roles=(role,),
            locale="",
        )
        sid = await self.portal.sessions.begin(person, id_token="")
        self.client.cookies.set(self.portal.cookies.session, sid)

    async def submit(self, headers: dict[str, str], body: dict[str, Any], key: str = "") -> httpx2.Response:
        key = key or base64.b32encode(hashlib.sha256(repr(body).encode()).digest()).decode().strip("=")
        return await self.client.post("/api/v1/cases", json=body, headers={**headers, "idempotency-key": key})


@asynccontextmanager
async def house(engine: AsyncEngine, state: StateStore, directory: Path) -> AsyncIterator[House]:
    """Open a OneWindow on an empty database."""
    settings = Settings.from_env(
        {
            **_SETTINGS,
            "ONEWINDOW_VAR_DIR": str(directory / "var"),
            "ONEWINDOW_SECRETS_DIR": str(directory),
            "ONEWINDOW_METRICS_TOKEN": METRICS_TOKEN,
        }
    )
    await prepared(engine, "api house", _fill)
    made: list[House] = []

    async def front_door(scope: Any, receive: Any, send: Any) -> None:
        await made[0].app(scope, receive, send)

    def clock() -> datetime:
        return made[0].now() if made else utc_now()

    provider = create_idp(settings=settings, engine=engine, state=state, clock=utc_now)
    portal = _portal(settings, engine, state, clock, httpx2.ASGITransport(app=front_door))
    async with AsyncExitStack() as stack:
        merged: dict[str, Any] = {}
        for part in (provider, portal):
            merged.update(await stack.enter_async_context(_lifespan(part)))
        whole = Starlette(routes=[Mount("/idp", provider), Mount("", portal)])
        app = shell(_with_state(whole, merged), base_url=settings.base_url, larger_bodies=dict(LARGER_BODIES))
        transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 50_000))
        client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=settings.base_url))
        made.append(
            House(
                settings=settings,
                app=app,
                api=merged["api"],
                portal=merged["portal"],
                idp=merged["idp"],
                client=client,
                directory=directory,
            )
        )
        yield made[0]


async def _fill(engine: AsyncEngine) -> None:
    """Make the tables and the provider's keys, and publish the guides."""
    async with engine.begin() as connection:
        for tables in (idp.storage.tables, matters.storage.tables, connectors.storage.tables):
            await connection.run_sync(tables.metadata.create_all)
    await SqlGuideStore(engine).seed(guides(), at=utc_now())
    provider = wire(settings=Settings.from_env(_SETTINGS), engine=engine, state=MemoryStateStore(), clock=utc_now)
    await keys.ensure(provider.state.key_store, at=utc_now())


def _portal(
    settings: Settings, engine: AsyncEngine, state: StateStore, clock: Clock, back_channel: httpx2.AsyncBaseTransport
) -> Starlette:
    by_id = {matter.id: matter for matter in guides()}
    connectors = create_connectors(
        settings=settings,
        engine=engine,
        state=state,
        clock=clock,
        systems=systems(),
        guide=by_id.get,
        calendar=calendar(),
    )
    return create_portal(
        settings=settings,
        engine=engine,
        state=state,
        clock=clock,
        matters=guides(),
        data_items=data_items(),
        calendar=calendar(),
        connectors=connectors,
        back_channel=back_channel,
    )


def _lifespan(app: Starlette) -> Any:
    return app.router.lifespan_context(app)


def _with_state(app: Any, merged: dict[str, Any]) -> Any:
    async def stated(scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {}).update(merged)
        await app(scope, receive, send)

    return stated
