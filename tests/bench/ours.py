"""Our provider alone, as `onewindow.py serve --only idp` runs it, with the demo's people and a client for measuring."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

import httpx2

from composition.demo_registrations import seed_demo
from composition.preparing import prepare
from config.clock import utc_now
from config.entry import ground
from config.settings import Settings
from demo.seed import DEMO_PASSWORD, ensure_client_secrets
from idp import clients
from idp.app import wire
from idp.protocol.client import Client
from tests.bench.contender import CHALLENGE, REDIRECT_URI, Contender
from tests.servers.child import start_child, stop_child, wait_until
from tests.servers.cpu import seconds_run
from tests.servers.installation import ROOT
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey
from tests.servers.visitor import read_page

CLIENT_ID = "bench-rp"
CLIENT_SECRET = "Yw3sT8mZq1vKx5nB7cR2pL9dF4hJ6gUa"  # known to this measurement only
_SECRET_KEY = "kV9-2mQxT7_bR4zLw8NcYf1HsJ6pDgAe3UoXiB5t"
_PATHS = {
    "authorization_endpoint": "/idp/authorize",
    "token_endpoint": "/idp/token",
    "userinfo_endpoint": "/idp/userinfo",
    "introspection_endpoint": "/idp/introspect",
}


@contextmanager
def embedded(port: int) -> Iterator[Contender]:
    """One process on SQLite and memory."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="ow-bench-"))
        with _running(embedded_environment(Path(name), port), [port]) as pids:
            yield _signed_in(Contender(
                name="OneWindow, memory", addresses=[f"http://127.0.0.1:{port}"], pids=pids, paths=_PATHS,
                client_id=CLIENT_ID, client_secret=CLIENT_SECRET,
            ))  # fmt: skip


@contextmanager
def full(port: int, workers: int) -> Iterator[Contender]:
    """`workers` processes on PostgreSQL and Redis, at `port` and above."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ow-bench-")))
        postgres, valkey = Postgres.start(), Valkey.start()
        stack.callback(postgres.stop)
        stack.callback(valkey.stop)
        environment = _environment(directory, port, postgres.new_database(), valkey.url)
        ports = [port + n for n in range(workers)]
        pids = stack.enter_context(_running(environment, ports))
        yield _signed_in(Contender(
            name=f"OneWindow, Redis, {workers} process{'es' if workers > 1 else ''}",
            addresses=[f"http://127.0.0.1:{one}" for one in ports], pids=pids, paths=_PATHS, client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET, store_pid=valkey.child.pid,
        ))  # fmt: skip


def embedded_environment(directory: Path, port: int) -> dict[str, str]:
    """Make a database in `directory` and return the environment of a provider on it."""
    return _environment(directory, port, f"sqlite+aiosqlite:///{directory / 'bench.db'}", "")


def seconds_to_start(environment: dict[str, str], port: int) -> tuple[float, float]:
    """Start the provider and end it; return the seconds to its first good discovery answer, and its CPU seconds."""
    began = perf_counter()
    with _running(environment, [port]) as (pid,):
        return perf_counter() - began, seconds_run(pid)


def _environment(directory: Path, port: int, database_url: str, redis_url: str) -> dict[str, str]:
    own = {
        "DEMO": "true", "BASE_URL": f"http://127.0.0.1:{port}", "VAR_DIR": str(directory),
        "DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEY": _SECRET_KEY,
    }  # fmt: skip
    settings = {f"ONEWINDOW_{name}": value for name, value in own.items() if value}
    asyncio.run(_prepare(Settings.from_env(settings), directory))
    return {"PATH": os.environ["PATH"], "HOME": str(directory), **settings}


async def _prepare(settings: Settings, directory: Path) -> None:
    secrets = ensure_client_secrets(directory / "secrets", 8100)
    async with ground(settings) as (engine, state):
        await prepare(settings, engine, state)
        await seed_demo(settings, engine, state, 8100, secrets)
        idp = wire(settings=settings, engine=engine, state=state, clock=utc_now).state
        client = Client(
            client_id=CLIENT_ID,
            client_name="Bench",
            redirect_uris=(REDIRECT_URI,),
            grant_types=("authorization_code", "refresh_token", "client_credentials"),
            scope=("openid", "profile", "unit", "offline_access", "guides:read"),
            id_token_signed_response_alg="ES256",
            trusted=True,
        )
        await clients.put(idp.client_store, idp.account_store, client, client_secret=CLIENT_SECRET, at=utc_now())


@contextmanager
def _running(environment: dict[str, str], ports: Sequence[int]) -> Iterator[list[int]]:
    with ExitStack() as stack:
        pids = []
        for port in ports:
            log = Path(environment["ONEWINDOW_VAR_DIR"]) / f"log-{port}"
            with log.open("wb") as output:
                child = start_child(
                    [sys.executable, ROOT / "onewindow.py", "serve", "--only", "idp"],
                    output=output,
                    cwd=ROOT,
                    env={**environment, "ONEWINDOW_PORT": str(port)},
                )
            stack.callback(stop_child, child, signal.SIGTERM)
            _wait(child, port, log)
            pids.append(child.pid)
        yield pids


def _wait(child: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    def answers() -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/idp/.well-known/openid-configuration").status_code == 200
        except httpx2.TransportError:
            return False

    wait_until(answers, child, log=log, within_seconds=60)


def _signed_in(contender: Contender) -> Contender:
    """Sign the clerk in through the pages and keep the browser's cookies."""
    base = contender.addresses[0]
    query = urlencode({
        "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": REDIRECT_URI, "scope": "openid",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    })  # fmt: skip
    with httpx2.Client(timeout=30) as http:
        answer = http.get(f"{base}/idp/authorize?{query}")
        page = http.get(answer.headers["location"])
        form = read_page(page).form(having="password")
        sent = {name: given[0] for name, given in form.values.items()} | {
            "username": "clerk", "password": DEMO_PASSWORD,
        }  # fmt: skip
        http.post(form.action, data=sent, headers={"origin": base, "referer": form.action})
        contender.cookie = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
    return contender
