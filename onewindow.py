"""Command line and composition root of OneWindow: which parts run in this process, and on what.

Imports stay inside functions, so that `onewindow --help` does not load a web server. What a part needs of another
is decided here and nowhere else.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from config import collecting
from config.entry import ground, read_settings, run

if TYPE_CHECKING:
    import httpx2
    from sqlalchemy.ext.asyncio import AsyncEngine
    from starlette.applications import Starlette

    from config.asgi.types import App
    from config.settings import Settings
    from config.state import StateStore
    from connectors.app import Connectors
    from demo.seed import Client as DemoClient
    from idp.protocol.client import Client
    from matters.data_items import DataItems
    from matters.guide import Matter
    from matters.policy import Actor
    from matters.working_days import WorkingCalendar

CONFIG = Path(__file__).parent / "config"
Running = Callable[[], AbstractAsyncContextManager[None]]
"""Something that runs, or is held open, as long as the web app does."""
cli = typer.Typer(no_args_is_help=True, add_completion=False, help="一窗 OneWindow", pretty_exceptions_enable=False)


class Part(StrEnum):
    """What `serve --only` narrows a process to."""

    IDP = "idp"
    PORTAL = "portal"


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, or end with a sentence when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    own = socket.socket(family, socket.SOCK_STREAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind((host, port))
    except OSError as error:
        own.close()
        typer.echo(
            f"端口 {port} 用不了({error.strerror}),请换一个,例如:PORT={port + 1000} make run\n"
            f"Port {port} can't be used ({error.strerror}); take another one, e.g. PORT={port + 1000} make run",
            err=True,
        )
        raise typer.Exit(2) from None
    own.listen(2048)
    return own


# ---- the web app of a process ----


async def compose(
    settings: "Settings", engine: "AsyncEngine", state: "StateStore", *, only: Part | None = None
) -> "App":
    """Return the web app of this process behind its shell; in a whole one the delivery worker runs beside it."""
    from starlette.applications import Starlette
    from starlette.routing import BaseRoute, Mount

    from config.asgi.prefixed import prefixed
    from config.asgi.shell import shell
    from config.clock import utc_now
    from idp import app as idp_app

    routes: list[BaseRoute] = []
    parts: list[Starlette] = []
    beside: list[Running] = []
    larger_bodies: dict[str, int] = {}
    back_channel: BackChannel | None = None
    if only is not Part.PORTAL:
        provider = idp_app.create_app(settings=settings, engine=engine, state=state, clock=utc_now)
        parts.append(provider)
        larger_bodies |= idp_app.larger_bodies(settings)
        routes += [*idp_app.root_routes(settings), Mount(urlsplit(settings.issuer).path, app=provider)]
    if only is None:
        # Provider and portal share this process: the back channel needs no socket.
        back_channel = BackChannel(Starlette(routes=list(routes)))
    if only is not Part.IDP:
        from portal import app as portal_app

        trade = await read_trade(settings, engine, state)
        portal = portal_app.create_app(
            settings=settings,
            engine=engine,
            state=state,
            clock=utc_now,
            matters=trade.matters,
            data_items=trade.data_items,
            calendar=trade.calendar,
            connectors=trade.connectors,
            back_channel=back_channel.transport() if back_channel else None,
        )
        parts.append(portal)
        routes.append(Mount("", app=portal))
        larger_bodies |= portal_app.LARGER_BODIES
        beside.append(trade.following)
        if only is None:
            beside.append(lambda: running(trade.connectors.worker().run))
    whole: App = Starlette(routes=routes, lifespan=_lifespan(parts, beside, back_channel))
    if only is not Part.PORTAL:
        whole = prefixed(urlsplit(settings.issuer).path, provider, whole)
    return shell(
        whole,
        base_url=settings.base_url,
        open_paths=idp_app.open_paths(settings),
        larger_bodies=larger_bodies,
    )


class BackChannel:
    """The portal's way to a provider in the same process; it carries the lifespan's state, as a server would."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self.state: dict[str, Any] = {}

    def transport(self) -> "httpx2.ASGITransport":
        import httpx2

        return httpx2.ASGITransport(app=self._with_state)

    async def _with_state(self, scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = dict(self.state)
        await self._app(scope, receive, send)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What portal and worker share: the published guides, the working days, the way to the departments."""

    matters: "Sequence[Matter]"
    data_items: "DataItems"
    calendar: "WorkingCalendar"
    connectors: "Connectors"

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow what is in service while the block runs; close the connections to departments when it ends."""
        try:
            async with running(self.connectors.follow):
                yield
        finally:
            await self.connectors.aclose()


async def read_trade(settings: "Settings", engine: "AsyncEngine", state: "StateStore") -> Trade:
    """Read the published guides from the database and everything declared from config/."""
    from config.clock import utc_now
    from connectors.app import create_connectors, live_systems
    from connectors.flows import read_flows
    from matters.data_items import load_data_items
    from matters.storage.guides import SqlGuideStore
    from matters.working_days import load_calendar

    matters = await SqlGuideStore(engine).published()
    calendar = load_calendar(CONFIG / "calendar.yaml")
    connectors = create_connectors(
        settings=settings,
        engine=engine,
        state=state,
        clock=utc_now,
        systems=await live_systems(engine, state),
        guide={matter.id: matter for matter in matters}.get,
        calendar=calendar,
        flows=read_flows(CONFIG),
    )
    return Trade(
        matters=matters,
        data_items=load_data_items(CONFIG / "data_items.yaml"),
        calendar=calendar,
        connectors=connectors,
    )


def _lifespan(parts: "Sequence[Starlette]", beside: "Sequence[Running]", back_channel: BackChannel | None) -> Any:
    @asynccontextmanager
    async def lifespan(_whole: "Starlette") -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            merged: dict[str, Any] = {}
            for part in parts:
                yielded: Any = await stack.enter_async_context(part.router.lifespan_context(part))
                merged |= yielded or {}
            if back_channel is not None:
                back_channel.state = merged
            for block in beside:
                await stack.enter_async_context(block())
            yield merged

    return lifespan


@asynccontextmanager
async def running(run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run something beside the web app; should it end by a fault, the process ends too, to be started anew."""
    task = asyncio.ensure_future(run())
    task.add_done_callback(_end_process_on_fault)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _end_process_on_fault(task: "asyncio.Future[None]") -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        from config import logs

        logs.get("onewindow").error("background_task_ended", error=type(fault).__name__, exc_info=fault)
        os.kill(os.getpid(), signal.SIGTERM)


async def serve_app(
    app: "App", settings: "Settings", listening: socket.socket, *, on_ready: Callable[[], None]
) -> None:
    """Serve until SIGINT or SIGTERM; requests under way get ten seconds to end."""
    import uvicorn
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    from config.asgi.head_limit import bounded
    from config.asgi.joined_writes import joining

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            # Uvicorn raises the signal again once it has stopped, which would cancel what is still being closed.
            loop = asyncio.get_running_loop()
            for sign in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(sign, self.handle_exit, sign, None)
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                collecting.begin()
                on_ready()

    configuration = uvicorn.Config(
        app,
        http=joining(bounded(HttpToolsProtocol)),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=settings.forwarded_allow_ips or None,
        timeout_graceful_shutdown=10,
    )
    await Server(configuration).serve(sockets=[listening])


async def prepare(settings: "Settings", engine: "AsyncEngine", state: "StateStore") -> None:
    """Bring the database up to date: schema, guides and systems as version 1, the portal's own client. Safe to repeat."""
    from config.clock import utc_now
    from connectors.app import ship_systems
    from idp import clients
    from idp.app import wire
    from matters.guide import load_matters
    from matters.storage.guides import SqlGuideStore
    from migrations.run import upgrade

    await upgrade(engine)
    guides = SqlGuideStore(engine)
    new = load_matters(CONFIG / "matters", CONFIG / "matters-ext", but=await guides.known())
    await guides.seed(new, at=utc_now())
    await ship_systems(engine, CONFIG / "systems", at=utc_now())
    provider = wire(settings=settings, engine=engine, state=state, clock=utc_now).state
    client, secret = portal_client(settings)
    await clients.put(provider.client_store, provider.account_store, client, client_secret=secret, at=utc_now())


# ---- commands ----


@cli.command()
def serve(
    only: Annotated[Part | None, typer.Option(help="Run one part; without it idp, portal and worker together.")] = None,
) -> None:
    """Serve the identity provider, the portal and the delivery worker."""
    collecting.put_off()
    settings = read_settings(os.environ)

    async def main() -> None:
        async with ground(settings) as (engine, state):
            app = await compose(settings, engine, state, only=only)
            await serve_app(app, settings, listen(settings.host, settings.port), on_ready=lambda: None)

    run(main())


@cli.command()
def worker() -> None:
    """Run a delivery worker alone; any number may run beside each other on PostgreSQL."""
    settings = read_settings(os.environ)

    async def main() -> None:
        async with ground(settings) as (engine, state):
            trade = await read_trade(settings, engine, state)
            stop = asyncio.Event()
            for sign in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(sign, stop.set)
            async with trade.following(), running(trade.connectors.worker().run):
                await stop.wait()

    run(main())


@cli.command()
def migrate() -> None:
    """Bring the database to this version: schema, guides, the portal's client. Run before a new version serves."""
    settings = read_settings(os.environ)

    async def main() -> None:
        async with ground(settings) as (engine, state):
            await prepare(settings, engine, state)

    run(main())


@cli.command("settings")
def show_settings() -> None:
    """List every setting with its default."""
    from config.settings import PREFIX, Settings

    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        typer.echo(
            f"{PREFIX}{name.upper()}\n    {field.description}\n    default: {shown if shown != '' else '(empty)'}"
        )


@cli.command()
def demo(
    port: Annotated[
        int, typer.Option(envvar="PORT", help="Port of OneWindow; departments listen from 100 above.")
    ] = 8000,
) -> None:
    """Start OneWindow with 13 simulated department systems, known accounts and everything they need."""
    from config.clock import utc_now
    from demo import launch

    environment = launch.demo_environment(port, os.environ, at=utc_now())
    settings = read_settings(environment)
    listening = listen(settings.host, settings.port)
    client_secrets = launch.prepare_secrets(environment)

    async def main() -> None:
        async with ground(settings) as (engine, state):
            await prepare(settings, engine, state)
            await seed_demo(settings, engine, state, launch.first_port(environment), client_secrets)
            app = await compose(settings, engine, state)
            await serve_app(app, settings, listening, on_ready=lambda: _welcome(settings, environment, client_secrets))

    with launch.departments(environment, os.environ):
        run(main())


async def seed_demo(
    settings: "Settings",
    engine: "AsyncEngine",
    state: "StateStore",
    first_port: int,
    client_secrets: Mapping[str, str],
) -> None:
    """Make the demo's accounts and clients be so; unchanged ones are left alone."""
    from config.clock import utc_now
    from demo.seed import ACCOUNTS, DEMO_PASSWORD
    from demo.seed import clients as demo_clients
    from idp import accounts, clients
    from idp.app import wire

    provider = wire(settings=settings, engine=engine, state=state, clock=utc_now).state
    for account in ACCOUNTS:
        new = accounts.NewAccount(
            username=account.username,
            name=account.name,
            unit=account.unit.id,
            unit_name=account.unit.name,
            region=account.unit.region,
            roles=frozenset(account.roles),
            real_name_level=account.real_name_level,
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
        one_time_codes = provider.second_factors.totp
        if account.totp_key and await one_time_codes.secret(f"demo-{account.username}") != account.totp_key:
            await one_time_codes.put(f"demo-{account.username}", account.totp_key, step=0, at=utc_now())
    for client in demo_clients(first_port):
        await clients.put(
            provider.client_store,
            provider.account_store,
            registration(client),
            client_secret=client_secrets[client.client_id],
            at=utc_now(),
        )


def registration(client: "DemoClient") -> "Client":
    """Return the provider's registration of a demo client."""
    from idp.protocol.client import Client

    return Client(
        client_id=client.client_id,
        client_name=client.name,
        redirect_uris=client.redirect_uris,
        post_logout_redirect_uris=client.post_logout_redirect_uris,
        backchannel_logout_uri=client.backchannel_logout_uri,
        backchannel_logout_session_required=bool(client.backchannel_logout_uri),
        grant_types=client.grant_types,
        scope=client.scopes,
        id_token_signed_response_alg="ES256",  # noqa: S106 - an algorithm's name
        trusted=client.trusted,
        unit=client.unit.id if client.unit else "",
        region=client.unit.region if client.unit else "",
        roles=frozenset(client.roles),
    )


def portal_client(settings: "Settings") -> "tuple[Client, str]":
    """Return the portal's registration at the provider and its secret."""
    from config.derived import portal_client_secret
    from idp.protocol.client import Client

    client = Client(
        client_id=settings.portal_client_id,
        client_name="一窗门户",
        redirect_uris=(f"{settings.base_url}/sign-in/callback",),
        post_logout_redirect_uris=tuple(
            f"{settings.base_url}/{place}" for place in ("signed-out", "sign-in", "unlock")
        ),
        backchannel_logout_uri=f"{settings.base_url}/back-channel-logout",
        backchannel_logout_session_required=True,
        scope=("openid", "profile", "unit"),
        id_token_signed_response_alg="ES256",  # noqa: S106 - an algorithm's name
        trusted=True,
    )
    return client, portal_client_secret(settings)


def _welcome(settings: "Settings", environment: Mapping[str, str], client_secrets: Mapping[str, str]) -> None:
    from demo import launch
    from demo.seed import demo_json

    facts = demo_json(
        base_url=settings.base_url,
        issuer=settings.issuer,
        first_port=launch.first_port(environment),
        client_secrets=client_secrets,
    )
    launch.write_facts(environment, facts)
    sys.stdout.write(launch.welcome(settings.base_url))
    sys.stdout.flush()


def main() -> None:
    """Run the command line; the packages' own commands are loaded unless one of ours is asked for."""
    ours = {
        command.name or (command.callback.__name__ if command.callback else "") for command in cli.registered_commands
    }
    if not ours & set(sys.argv[1:2]):
        _add_commands_of_packages("".join(sys.argv[1:2]))  # a fifth of the time `serve` takes to start
    cli()


def _add_commands_of_packages(asked: str) -> None:
    """Add the group that is asked for; all of them unless it is one that needs no provider, half of what there is to load."""
    if asked not in ("connector", "guide"):
        _add_commands_of_the_provider()
    if asked != "guide":
        from connectors import replay_commands  # noqa: F401 - adds `connector replay`
        from connectors.commands import connector_cli
        from connectors.registration_commands import add_registration_commands

        add_registration_commands(connector_cli, _actor)
        cli.add_typer(connector_cli, name="connector")
    if asked != "connector":
        from matters.commands import guide_cli

        cli.add_typer(guide_cli, name="guide")


async def _actor(settings: "Settings", engine: "AsyncEngine", state: "StateStore", username: str) -> "Actor | None":
    """Return the account of a user name as one who acts; None when there is none, or it is disabled."""
    from config.clock import utc_now
    from idp.app import wire
    from idp.protocol.account import fold_username
    from matters.policy import Actor, roles_from_claim

    provider = wire(settings=settings, engine=engine, state=state, clock=utc_now).state
    found = await provider.account_store.by_username(fold_username(username))
    if found is None or found[0].disabled:
        return None
    account = found[0]
    return Actor(
        sub=account.sub,
        name=account.name,
        roles=roles_from_claim(sorted(account.roles)),
        unit=account.unit,
        region=account.region,
    )


def _add_commands_of_the_provider() -> None:
    from idp import import_commands, real_name_command  # noqa: F401 - add `account import` and `account real-name`
    from idp.account_commands import account_cli
    from idp.audit_commands import audit_cli
    from idp.client_commands import client_cli
    from idp.key_commands import key_cli

    for name, group in (("account", account_cli), ("client", client_cli), ("key", key_cli), ("audit", audit_cli)):
        cli.add_typer(group, name=name)


if __name__ == "__main__":
    main()
