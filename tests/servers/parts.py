"""OneWindow in parts, each a process that can be killed and started again while departments and the other parts go on.

Embedded: one process (`whole`) on SQLite. Full: provider, portal and worker apart (`idp`, `web`, `worker`) on a PostgreSQL
and a Valkey of their own, which can be killed too (`database`, `redis`).
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import httpx2
import yaml

from demo import launch
from tests.servers.apart import answers, start_departments
from tests.servers.child import start_child, stop_child, wait_until
from tests.servers.installation import ROOT, Installation
from tests.servers.postgres import Postgres
from tests.servers.real_lines import RealLines
from tests.servers.valkey import Valkey

READY_WITHIN_SECONDS = 180
IDP_PORT_OFFSET = 5
_READY = {"whole": "/readyz", "web": "/readyz", "idp": "/idp/.well-known/openid-configuration"}
Wired = Callable[[str, str], str]
"""Returns the address to use in place of the one given: itself, or that of a line in between.

It is asked with the name of what goes there: `database`, `redis`, or a name of the endpoints file.
"""
_WIRED_SETTINGS = {"database": "ONEWINDOW_DATABASE_URL", "redis": "ONEWINDOW_REDIS_URL"}


@dataclass(slots=True)
class Parts:
    """Running parts by name; `installation` has the demo's facts and its directory."""

    installation: Installation
    environment: Mapping[str, str] = field(repr=False)
    departments: "subprocess.Popen[bytes]"
    postgres: Postgres | None = None
    valkey: Valkey | None = None
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @classmethod
    def start(
        cls,
        *,
        full: bool,
        speed: float = 20.0,
        database_in: Path | None = None,
        postgres_in: Path | None = None,
        wired: Wired = lambda name, address: address,
        lines: RealLines | None = None,
        **settings: str,
    ) -> Self:
        """Start everything. `database_in` is where SQLite keeps its file, `postgres_in` where PostgreSQL does.

        `lines` are real servers between OneWindow and its departments, `settings` as of `Installation.start`.
        """
        with ExitStack() as undone:
            postgres, valkey = None, None
            if full:
                postgres = Postgres.start(durable=True, directory=postgres_in)
                undone.callback(postgres.stop)
                valkey = Valkey.start()
                undone.callback(valkey.stop)
            own = f"sqlite+aiosqlite:///{database_in / 'onewindow.db'}" if database_in else ""
            installation = Installation.start(
                database_url=postgres.new_database() if postgres else own,
                redis_url=valkey.url if valkey else "",
                **settings,
            )
            undone.callback(installation.stop)
            installation.interrupt()
            if lines is not None:
                lines.take_over(installation, database_url=_database_url(installation))
            environment = _environment(installation, wired, lines.endpoints if lines else {}, apart=full)
            departments = start_departments(environment, speed, lines.file if lines else None)
            undone.callback(stop_child, departments, signal.SIGTERM)
            parts = cls(
                installation=installation,
                environment=environment,
                departments=departments,
                postgres=postgres,
                valkey=valkey,
            )
            wait_until(
                parts._departments_answer, departments, log=parts.log("departments"),
                within_seconds=READY_WITHIN_SECONDS,
            )  # fmt: skip
            for name in ("idp", "web", "worker") if full else ("whole",):
                parts.begin(name)
            parts.wait_until_ready()
            undone.pop_all()
        return parts

    @property
    def is_full(self) -> bool:
        return self.postgres is not None

    @property
    def database_url(self) -> str:
        """Return the address a count is made at, past every line in between."""
        return _database_url(self.installation)

    @property
    def var(self) -> Path:
        return Path(self.environment["ONEWINDOW_VAR_DIR"])

    def log(self, name: str) -> Path:
        return self.installation.directory / f"{name}.log"

    def processes(self) -> list[int]:
        """Return the process ids of every part that keeps something, PostgreSQL's own children among them."""
        kept = [] if self.postgres is None else self.postgres.processes()
        return [*(process.pid for process in self.running.values()), *kept]

    def begin(self, name: str) -> None:
        """Start a part without waiting for it."""
        words = {
            "whole": ["serve"], "idp": ["serve", "--only", "idp"], "web": ["serve", "--only", "portal"],
            "worker": ["worker"],
        }[name]  # fmt: skip
        environment = {**self.environment}
        if name == "idp":
            environment["ONEWINDOW_PORT"] = str(self.installation.port + IDP_PORT_OFFSET)
        with self.log(name).open("ab") as output:
            self.running[name] = start_child(
                [sys.executable, ROOT / "onewindow.py", *words], output=output, cwd=ROOT, env=environment
            )

    def kill(self, name: str) -> None:
        """Kill -9 of one part and nothing else, and start it again at once."""
        if name == "database" and self.postgres is not None:
            self.postgres.kill()
            self.postgres.restart()
        elif name == "redis" and self.valkey is not None:
            self.valkey.kill()
            self.valkey.restart()
        else:
            self.running[name].kill()
            self.running[name].wait()
            self.begin(name)

    def wait_until_ready(self) -> None:
        """Return when provider and portal answer; a worker has no address to ask."""
        for name, process in self.running.items():
            if name != "worker":
                wait_until(
                    lambda name=name: answers(self.address(name) + _READY[name]),  # type: ignore[misc]
                    process, log=self.log(name), within_seconds=READY_WITHIN_SECONDS,
                )  # fmt: skip

    def address(self, name: str) -> str:
        port = self.installation.port + (IDP_PORT_OFFSET if name == "idp" else 0)
        return f"http://127.0.0.1:{port}"

    def misbehave(self, system: str, mode: str, *, times: int = 1) -> None:
        """Tell a department how to fail for its next `times` submissions."""
        address = f"{self.installation.system(system)['base_url']}/faults"
        httpx2.post(address, json={"mode": mode, "times": times}, timeout=10).raise_for_status()

    def stop(self) -> None:
        for process in self.running.values():
            stop_child(process, signal.SIGTERM)
        stop_child(self.departments, signal.SIGTERM)
        if self.valkey is not None:
            self.valkey.stop()
        if self.postgres is not None:
            self.postgres.stop()
        shutil.rmtree(self.installation.directory, ignore_errors=True)

    def _departments_answer(self) -> bool:
        return all(answers(system["received_url"]) for system in self.installation.facts["systems"])


def _database_url(installation: Installation) -> str:
    given = installation.environment.get("ONEWINDOW_DATABASE_URL")
    return given or f"sqlite+aiosqlite:///{installation.directory / 'var' / 'onewindow.db'}"


def _environment(
    installation: Installation, wired: Wired, endpoints: Mapping[str, str], *, apart: bool
) -> dict[str, str]:
    """Return the parts' environment: a provider apart has an address of its own, and every line is `wired`.

    `endpoints` take the place of the demo's own.
    """
    given = launch.demo_environment(installation.port, installation.environment, at=datetime.now(UTC))
    environment = {"PATH": os.environ["PATH"], **installation.environment, **given}
    if apart:
        issuer = f"http://127.0.0.1:{installation.port + IDP_PORT_OFFSET}/idp"
        environment |= {"ONEWINDOW_ISSUER": issuer}
        for name, setting in _WIRED_SETTINGS.items():
            environment[setting] = wired(name, environment[setting])
    own = installation.directory / "endpoints.yaml"
    demo: dict[str, str] = yaml.safe_load((installation.directory / "var" / "endpoints.yaml").read_text("utf-8"))
    addresses = {name: wired(name, address) for name, address in {**demo, **endpoints}.items()}
    own.write_text(yaml.safe_dump(addresses), "utf-8")
    return {**environment, "ONEWINDOW_ENDPOINTS_FILE": str(own)}
