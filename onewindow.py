"""Command line and composition root of OneWindow: which parts run in this process, and on what.

Imports stay inside functions, so that `onewindow --help` does not load a web server. What a part needs of another
is decided here and nowhere else.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from config.entry import ground, read_settings, run

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from starlette.applications import Starlette

    from config.asgi.types import App
    from config.settings import Settings
    from config.state import StateStore
    from demo.seed import Client as DemoClient
    from idp.protocol.client import Client

ROOT = Path(__file__).parent
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
    """Return the web app of this process behind its shell; the delivery worker runs beside a whole or portal app."""
    from starlette.applications import Starlette
    from starlette.routing import BaseRoute, Mount

    from config.asgi.shell import shell
    from config.clock import utc_now
    from idp import app as idp_app

    routes: list[BaseRoute] = []
    parts: list[Starlette] = []
    beside: list[Callable[[], Awaitable[None]]] = []
    idp: Starlette | None = None
    if only is not Part.PORTAL:
        idp = idp_app.create_app(settings=settings, engine=engine, state=state, clock=utc_now)
        parts.append(idp)
        routes += [*idp_app.root_routes(settings), Mount(urlsplit(settings.issuer).path, app=idp)]
    if only is not Part.IDP:
        portal, larger_bodies = await portal_app(settings, engine, state, idp=idp)
        parts.append(portal)
        routes.append(Mount("", app=portal))
        if only is None:
            beside.append(delivery_worker(settings, engine, state).run)
    else:
        larger_bodies = {}
    return shell(
        Starlette(routes=routes, lifespan=_lifespan(parts, beside)),
        base_url=settings.base_url,
        open_paths=idp_app.open_paths(settings),
        larger_bodies=larger_bodies,
    )


def _lifespan(parts: "list[Starlette]", beside: list[Callable[[], Awaitable[None]]]) -> Any:
    @asynccontextmanager
    async def lifespan(_whole: "Starlette") -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            merged: dict[str, Any] = {}
            for part in parts:
                merged |= await stack.enter_async_context(part.router.lifespan_context(part)) or {}
            for run in beside:
                await stack.enter_async_context(_running(run))
            yield merged

    return lifespan


@asynccontextmanager
async def _running(run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
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

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                on_ready()

    configuration = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=settings.forwarded_allow_ips or None,
        h11_max_incomplete_event_size=64 * 1024,
        timeout_graceful_shutdown=10,
    )
    await Server(configuration).serve(sockets=[listening])


async def prepare(settings: "Settings", engine: "AsyncEngine", state: "StateStore") -> None:
    """Bring the database up to date: schema, guides as version 1, the portal's own client. Safe to repeat."""
    from config.clock import utc_now
    from idp import clients
    from idp.app import wire
    from matters.guide import load_matters
    from matters.storage.guides import SqlGuideStore
    from migrations.run import upgrade

    await upgrade(engine)
    matters = load_matters(ROOT / "config" / "matters", ROOT / "config" / "matters-ext")
    await SqlGuideStore(engine).seed(matters, at=utc_now())
    provider = wire(settings=settings, engine=engine, state=state, clock=utc_now).state
    client, secret = portal_client(settings)
    await clients.put(provider.client_store, provider.account_store, client, client_secret=secret, at=utc_now())


# ---- commands ----


@cli.command()
def serve(
    only: Annotated[Part | None, typer.Option(help="Run one part; without it idp, portal and worker together.")] = None,
) -> None:
    """Serve the identity provider, the portal and the delivery worker."""
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
            task = asyncio.ensure_future(delivery_worker(settings, engine, state).run())
            loop = asyncio.get_running_loop()
            for sign in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(sign, task.cancel)
            await asyncio.gather(task, return_exceptions=False) if not task.cancelled() else None

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
        grant_types=client.grant_types,
        scope=client.scopes,
        id_token_signed_response_alg="ES256",
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
        post_logout_redirect_uris=(f"{settings.base_url}/signed-out",),
        scope=("openid", "profile", "unit"),
        id_token_signed_response_alg="ES256",
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
    """Run the command line with the packages' own commands."""
    from idp.commands import account_cli, client_cli, key_cli

    for name, commands in (("account", account_cli), ("client", client_cli), ("key", key_cli)):
        cli.add_typer(commands, name=name)
    cli()


if __name__ == "__main__":
    main()
