"""`python -m demo.systems`: the 13 department systems of the demo and what receives besides, one port each.

Ports follow the catalogue's order from `--port` on. Each system keeps what it received in `<dir>/<id>.db`; secrets it
shares with OneWindow lie in `--secrets` and are made where they are missing.
"""

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, cast

import yaml
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from config import logs
from demo.broker import BrokerDidNotStart, broker
from demo.ground.context import SystemContext
from demo.ground.entry import SystemEntry, every_entry
from demo.ground.hours import Hours
from demo.ground.received import ReceivedStore
from demo.ground.routes import ground_routes
from demo.ground.secrets import make_secrets, read_from
from demo.host import Hosted, PortTaken, bind, serve
from demo.lane import has_lane, lane
from demo.lines import QUEUE_PORT_OFFSET, line_of, test_line_of
from demo.pages.app import create_pages
from demo.pages.department import HOURS
from demo.seed import client_secret_name, ensure_client_secrets, system_address

BROKER_ACCOUNTS: Mapping[str, str] = {"onewindow": "tax-ssf.channel", "tax": "tax-ssf.channel-department"}
"""The broker's users and the names of their passwords."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says; `callbacks` is the address callbacks are posted under, `/{system id}` follows.

    `lines` are front databases that stand already, by system id.
    """

    port: int
    directory: Path
    issuer: str
    callbacks: str
    secrets: Path
    speed: float
    clock_offset: timedelta
    seed: int
    lines: Mapping[str, str]


class _Department(Protocol):
    """A system's own folder: `demo/<id>/app.py`."""

    HOURS: Hours
    create_api: Callable[[SystemContext], list[BaseRoute]]


def read_options(arguments: Sequence[str]) -> Options:
    """Return the options; argparse ends the process with a usage line when they do not hold."""
    parser = argparse.ArgumentParser(prog="python -m demo.systems", description="The simulated department systems.")
    parser.add_argument("--port", type=int, default=8100, help="port of the first system; the others follow")
    parser.add_argument("--dir", type=Path, default=Path("var/demo"), help="where the systems keep what they received")
    parser.add_argument("--issuer", default="http://127.0.0.1:8000/idp", help="the identity provider's issuer")
    parser.add_argument("--callbacks", default="http://127.0.0.1:8000/callbacks", help="where results are called back")
    parser.add_argument("--secrets", type=Path, default=Path("var/secrets"), help="directory of the shared secrets")
    parser.add_argument("--speed", type=_positive, default=20.0, help="divides every latency and delay of a result")
    parser.add_argument("--clock-offset", type=float, default=0.0, help="seconds the department clock runs ahead")
    parser.add_argument("--seed", type=int, default=1, help="makes latencies and decisions the same in every run")
    parser.add_argument(
        "--lines", type=_lines, default={}, help="YAML file {system id: front database that stands already}"
    )
    given = parser.parse_args(arguments)
    return Options(
        port=given.port,
        directory=given.dir,
        issuer=given.issuer.rstrip("/"),
        callbacks=given.callbacks.rstrip("/"),
        secrets=given.secrets,
        speed=given.speed,
        clock_offset=timedelta(seconds=given.clock_offset),
        seed=given.seed,
        lines=given.lines,
    )


def _lines(text: str) -> Mapping[str, str]:
    found = yaml.safe_load(Path(text).read_text("utf-8"))
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError("must hold {system id: address}")
    return {str(system): str(address) for system, address in found.items()}


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError("must be greater than 0")
    return number


def make_system(entry: SystemEntry, index: int, options: Options) -> Hosted:
    """Return one system: its interface where it has one, its page, its store opened."""
    address = system_address(options.port, index)
    context = SystemContext(
        entry=entry,
        store=ReceivedStore(options.directory / f"{entry.id}.db"),
        secrets=read_from(options.secrets),
        callback_url=f"{options.callbacks}/{entry.id}",
        line=options.lines.get(entry.id)
        or (line_of(entry, first_port=options.port, directory=options.directory) or ("", ""))[1],
        directory=options.directory / entry.id,
        speed=options.speed,
        seed=options.seed,
        department_offset=options.clock_offset,
    )
    department = _department(entry)
    interface = ground_routes(context) if department is None else department.create_api(context)
    pages = create_pages(
        context,
        HOURS[entry.id] if department is None else department.HOURS,
        own_address=address,
        issuer=options.issuer,
        client_secret=_client_secret(context),
    )
    tried, stores = _lane(context, department, options)
    app = Starlette(routes=[*interface, *tried, Mount("/", pages)])
    return Hosted(context=context, app=app, port=options.port + index, address=address, stores=stores)


def _lane(
    context: SystemContext, department: "_Department | None", options: Options
) -> tuple[list[BaseRoute], tuple[ReceivedStore, ...]]:
    if department is None or not has_lane(context.entry):
        return [], ()
    line = test_line_of(context.entry, first_port=options.port, directory=options.directory)
    routes, store = lane(context, department.create_api, options.directory, line=line[1] if line else "")
    return routes, (store,)


def _department(entry: SystemEntry) -> _Department | None:
    if importlib.util.find_spec(f"demo.{entry.id.replace('-', '_')}.app") is None:
        return None
    # A department is a folder: a new one is an addition, not an edit here.
    return cast(_Department, importlib.import_module(f"demo.{entry.id.replace('-', '_')}.app"))


def _client_secret(context: SystemContext) -> str:
    return context.secrets(client_secret_name(context.id)).decode() if context.entry.sso == "oidc" else ""


def main(arguments: Sequence[str]) -> int:
    """Serve all systems; return 0 after an orderly stop, 2 when a port is taken."""
    options = read_options(arguments)
    logs.configure(level="warning", form="text")
    entries = every_entry()
    try:
        sockets = bind([options.port + index for index in range(len(entries))])
    except PortTaken as taken:
        sys.stderr.write(f"端口 {taken.port} 已被占用：请停止占用它的程序，或用 --port 另选起始端口。\n")
        return 2
    make_secrets(options.secrets)
    ensure_client_secrets(options.secrets, options.port)
    systems = [make_system(entry, index, options) for index, entry in enumerate(entries)]
    secret = read_from(options.secrets)
    accounts = {user: secret(name).decode() for user, name in BROKER_ACCOUNTS.items()}
    try:
        with broker(options.port + QUEUE_PORT_OFFSET, options.directory / "broker", accounts):
            serve(systems, sockets, on_ready=lambda: _announce(systems))
    except BrokerDidNotStart as fault:
        sys.stderr.write(f"消息队列未能启动 the broker did not start: {fault}\n")
        return 2
    return 0


def _announce(systems: Sequence[Hosted]) -> None:
    for system in systems:
        sys.stdout.write(f"{system.context.id:<22} {system.address}/  {system.context.entry.name}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
