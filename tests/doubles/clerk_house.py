"""A whole OneWindow in one process, provider and portal, and people with a browser without scripts in front of it."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.routing import Mount

import connectors.storage.tables
import idp.storage.tables
import matters.storage.tables
from composition.preparing import portal_client
from config.asgi.shell import shell
from config.clock import SHANGHAI, utc_now
from config.egress import EgressClient, EgressRules
from config.settings import Settings
from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from connectors.app import Connectors, create_connectors
from connectors.flows import Flows, read_flows
from connectors.system import System
from demo.forms import make_application
from demo.seed import ACCOUNTS, DEMO_PASSWORD
from idp import accounts, clients, keys
from idp import app as idp_app
from idp.endpoints.state import IdpState
from matters.data_items import DataItems, load_data_items
from matters.guide import Matter
from matters.posted import render_posted
from matters.storage.guides import SqlGuideStore
from matters.working_days import WorkingCalendar, load_calendar
from portal.app import LARGER_BODIES, create_app
from portal.state import PortalState
from tests.doubles.declared import declared_matters, declared_systems
from tests.doubles.prepared import prepared
from tests.servers.visitor import Form, Page, read_page

ROOT = Path(__file__).parents[2]
BASE = "http://127.0.0.1:8481"
SECRET = "kJ8sd92mZqpW03nvXcY71LrTbHfGe5Ua-Io"
_SETTINGS = {"ONEWINDOW_BASE_URL": BASE, "ONEWINDOW_SECRET_KEY": SECRET}


@cache
def guides() -> tuple[Matter, ...]:
    return declared_matters()


@cache
def data_items() -> DataItems:
    return load_data_items(ROOT / "config" / "data_items.yaml")


BY_HAND = "mz-assist"


@cache
def systems() -> Mapping[str, System]:
    """The declared systems, one of them served by hand: a department that can offer nothing yet."""
    declared = declared_systems()
    return {**declared, BY_HAND: by_hand(declared[BY_HAND])}


def by_hand(system: System) -> System:
    """Return the system as it stands before it has an interface."""
    operations = {name: replace(operation, request=None) for name, operation in system.operations.items()}
    spec = system.spec.model_copy(update={"transport": "manual", "soap": None, "poll": None, "probe": None})
    return replace(system, spec=spec, operations=operations, withdraw=None, probe=None, poll=None)


@cache
def calendar() -> WorkingCalendar:
    return load_calendar(ROOT / "config" / "calendar.yaml")


@cache
def flows() -> Flows:
    return read_flows(ROOT / "config")


@dataclass
class House:
    """One process with everything in it. `later` moves its clock forward."""

    app: Any
    portal: PortalState
    connectors: Connectors
    provider: IdpState
    later: timedelta = timedelta(0)

    def now(self) -> datetime:
        return utc_now() + self.later

    def visitor(self, *, language: str = "zh-CN") -> "Visitor":
        return Visitor(self, language)

    async def person(self, username: str = "clerk", *, language: str = "zh-CN") -> "Visitor":
        """Return somebody who signed in through the provider's page."""
        visitor = self.visitor(language=language)
        page = await visitor.sign_in(username)
        assert page.status == 200, page.text
        return visitor


@asynccontextmanager
async def house(engine: AsyncEngine, state: StateStore, directory: Path, **variables: str) -> AsyncIterator[House]:
    """Open a OneWindow with the demo's accounts on an empty database; `variables` are settings beside the usual."""
    endpoints = directory / "endpoints.yaml"
    endpoints.write_text("\n".join(f"{id_}: http://127.0.0.1:9" for id_ in systems()), encoding="utf-8")
    settings = Settings.from_env(
        {
            **_SETTINGS,
            "ONEWINDOW_VAR_DIR": str(directory / "var"),
            "ONEWINDOW_ENDPOINTS_FILE": str(endpoints),
            **variables,
        }
    )
    await prepared(engine, "clerk house", _fill)
    made: list[House] = []

    def clock() -> datetime:
        return made[0].now() if made else utc_now()

    by_id = {matter.id: matter for matter in guides()}
    connected = create_connectors(
        settings=settings,
        engine=engine,
        state=state,
        clock=clock,
        systems=systems(),
        guide=by_id.get,
        calendar=calendar(),
        flows=flows(),
    )

    async def front_door(scope: Any, receive: Any, send: Any) -> None:
        await made[0].app(scope, receive, send)

    # The provider tells the portal of logouts over the same way as the portal asks the provider: inside the process.
    egress = EgressClient(EgressRules(allowed=(ip_network("127.0.0.0/8"),)), transport=lambda: _into(front_door))
    provider = idp_app.create_app(settings=settings, engine=engine, state=state, clock=utc_now, egress=egress)
    portal = create_app(
        settings=settings,
        engine=engine,
        state=state,
        clock=clock,
        matters=guides(),
        data_items=data_items(),
        calendar=calendar(),
        connectors=connected,
        back_channel=httpx2.ASGITransport(app=front_door),
    )
    whole = Starlette(routes=[*idp_app.root_routes(settings), Mount("/idp", provider), Mount("", portal)])
    shelled = shell(whole, base_url=BASE, open_paths=idp_app.open_paths(settings), larger_bodies=dict(LARGER_BODIES))
    async with AsyncExitStack() as stack:
        merged: dict[str, Any] = {}
        for part in (provider, portal):
            lifespan: Any = part.router.lifespan_context
            merged.update(await stack.enter_async_context(lifespan(part)) or {})

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("state", {}).update(merged)
            await shelled(scope, receive, send)

        made.append(House(app=with_state, portal=merged["portal"], connectors=connected, provider=merged["idp"]))
        yield made[0]
        await connected.aclose()


def _into(app: Any) -> httpx2.AsyncBaseTransport:
    return httpx2.ASGITransport(app=app)


async def _fill(engine: AsyncEngine) -> None:
    """Make the tables, publish the guides and register the demo's people and the portal."""
    async with engine.begin() as connection:
        for tables in (idp.storage.tables, matters.storage.tables, connectors.storage.tables):
            await connection.run_sync(tables.metadata.create_all)
    await SqlGuideStore(engine).seed(guides(), at=utc_now())
    settings, state = Settings.from_env(_SETTINGS), MemoryStateStore()
    provider = idp_app.wire(settings=settings, engine=engine, state=state, clock=utc_now).state
    await keys.ensure(provider.key_store, at=utc_now())
    client, secret = portal_client(settings)
    await clients.put(provider.client_store, provider.account_store, client, client_secret=secret, at=utc_now())
    for account in ACCOUNTS:
        new = accounts.NewAccount(
            username=account.username,
            name=account.name,
            unit=account.unit.id,
            unit_name=account.unit.name,
            region=account.unit.region,
            roles=frozenset(account.roles),
        )
        await accounts.put(
            provider.account_store,
            provider.client_store,
            provider.passwords,
            new,
            sub=f"demo-{account.username}",
            password=DEMO_PASSWORD,
            at=utc_now(),
        )


class Visitor:
    """One person's browser: keeps cookies, follows redirects inside the house, sends forms as browsers do."""

    def __init__(self, house: House, language: str) -> None:
        transport = httpx2.ASGITransport(app=house.app, client=("127.0.0.1", 50_000))
        headers = {"accept-language": language, "accept": "text/html"}
        self.http = httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers, follow_redirects=True)

    async def get(self, address: str, **headers: str) -> Page:
        return read_page(await self.http.get(address, headers=headers))

    async def submit(
        self,
        page: Page,
        form: Form,
        values: Mapping[str, str | Sequence[str]] | None = None,
        *,
        button: tuple[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """Send `form` with `values` typed over what it held, by `button` (name, value)."""
        typed = {name: [value] if isinstance(value, str) else list(value) for name, value in (values or {}).items()}
        sent = {**form.values, **typed}
        if button:
            sent[button[0]] = [button[1]]
        parts = urlsplit(page.url)
        own = {"origin": f"{parts.scheme}://{parts.netloc}", "referer": page.url, **(headers or {})}
        if form.method == "get":
            return read_page(await self.http.get(form.action, params=sent, headers=own))
        return read_page(await self.http.post(form.action, data=sent, files=files, headers=own))

    async def sign_in(self, username: str, *, at: str = "/sign-in") -> Page:
        page = await self.get(at)
        if not any("password" in form.names for form in page.forms):
            return page
        typed = {"username": username, "password": DEMO_PASSWORD}
        return await self.submit(page, page.form(having="password"), typed)

    def forget_session(self) -> None:
        """Lose the session cookie, as when it expired."""
        self.http.cookies.delete("onewindow_portal")

    async def begin(self, matter: str, situation: str = "") -> Page:
        """Open a matter's guide and begin an intake; return the first page of it."""
        page = await self.get(f"/matters/{matter}")
        form = page.form(action="/intake")
        return await self.submit(page, form, {"situation": situation} if situation else {})

    async def fill_in(self, matter: Matter, situation: str, *, seed: int = 1, **other: object) -> Page:
        """Take in a valid application page by page, `other` values typed instead; return the review page."""
        day = datetime.now(SHANGHAI).date()
        application = make_application(matter.document(), situation, seed=seed, at=day)
        page = await self.begin(matter.id, situation)
        pairs = grouped(render_posted(matter, {**application.form, **other}))
        for _turn in range(len(matter.form.sections) * 2 + 2):
            if "/form/" not in page.url:
                break
            form = page.form(action="/form/")
            page = await self._fill_section(page, form, pairs, matter)
        assert "/materials" in page.url, (page.url, page.status, problems(page))
        proofs = {f"kind.{key}": kind for key, kind in application.materials.items()}
        files = {f"file.{key}": scan() for key, kind in application.materials.items() if kind == "file"}
        return await self.submit(page, page.form(action="/materials"), proofs, files=files or None)

    async def _fill_section(self, page: Page, form: Form, pairs: Mapping[str, list[str]], matter: Matter) -> Page:
        keys = {name.split(".")[0] for name in form.names}
        section = page.url.rsplit("/form/", 1)[1].split("?")[0]
        known = {f.key for s in matter.form.sections if s.id == section for f in s.fields}
        # Fields that come into sight by an answer on this page are sent along, as after the page showed them.
        typed = {name: texts for name, texts in pairs.items() if name.split(".")[0] in known | (keys & known)}
        return await self.submit(page, form, typed)


def grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the texts by name, in order."""
    found: dict[str, list[str]] = {}
    for name, text in pairs:
        found.setdefault(name, []).append(text)
    return found


def scan() -> tuple[str, bytes, str]:
    """Return a small PDF, as a scanner makes it."""
    return ("scan.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n", "application/pdf")


def problems(page: Page) -> list[str]:
    """Return the messages of an error summary, for a failing assertion."""
    summary = re.search(r'id="error-summary".*?</ul>', page.text, re.DOTALL)
    return re.findall(r'<li><a href="[^"]*">([^<]*)</a>', summary.group()) if summary else []
