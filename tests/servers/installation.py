"""A whole OneWindow as people run it: `onewindow.py demo` with its simulated departments, as real processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Any, Self

import httpx2

from tests.servers.child import private_directory, start_child, stop_child, wait_until
from tests.servers.ports import free_base_port

ROOT = Path(__file__).parents[2]
READY_WITHIN_SECONDS = 120
ENDS_WITHIN_SECONDS = 90


@dataclass(slots=True)
class Installation:
    """A running demo. `facts` is what it wrote to demo.json, `log` what it printed."""

    child: "subprocess.Popen[bytes]"
    directory: Path
    port: int
    environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def start(cls, *, database_url: str = "", redis_url: str = "", **settings: str) -> Self:
        """Start it on free ports with a var directory of its own and wait until it is ready.

        `settings` are further ONEWINDOW_ variables, named without the prefix and in lower case.

        Raises:
            ServerDidNotStart: with what it printed last.
        """
        directory = private_directory("demo")
        given = {"var_dir": str(directory / "var"), "database_url": database_url, "redis_url": redis_url, **settings}
        port = free_base_port()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "PORT": str(port),
            **{f"ONEWINDOW_{name.upper()}": value for name, value in given.items() if value},
        }
        installation = cls(
            child=_start(directory, environment), directory=directory, port=port, environment=environment
        )
        installation.wait_until_ready()
        return installation

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.directory / "var" / "demo.json").read_text())
        return facts

    def client(self, client_id: str) -> dict[str, Any]:
        """Return the facts of one client."""
        return next(client for client in self.facts["clients"] if client["client_id"] == client_id)

    def account(self, username: str) -> dict[str, Any]:
        """Return the facts of one account."""
        return next(account for account in self.facts["accounts"] if account["username"] == username)

    def system(self, system_id: str) -> dict[str, Any]:
        """Return the facts of one simulated system."""
        return next(system for system in self.facts["systems"] if system["id"] == system_id)

    def processes(self) -> dict[int, str]:
        """Return the command line of each living process of the demo, by process id."""
        return {pid: command for pid, command in _commands() if _session_of(pid) == self.child.pid}

    def restart(self) -> None:
        """Start it again on the same ports and directory; call after it has ended."""
        self.child = _start(self.directory, self.environment)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        wait_until(self._is_ready, self.child, log=self.directory / "log", within_seconds=READY_WITHIN_SECONDS)

    def kill(self) -> None:
        """End every process of it at once, the way a power cut would."""
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        while self.processes():
            sleep(0.02)

    def interrupt(self) -> int:
        """Press Ctrl-C, which reaches the whole process group, wait for the end and return the exit status."""
        os.killpg(self.child.pid, signal.SIGINT)
        return self.child.wait(ENDS_WITHIN_SECONDS)

    def stop(self) -> None:
        stop_child(self.child, signal.SIGINT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _is_ready(self) -> bool:
        if not (self.directory / "var" / "demo.json").exists():
            return False
        try:
            addresses = [f"{self.base_url}/readyz", *(system["received_url"] for system in self.facts["systems"])]
            return all(httpx2.get(address, timeout=5).status_code == 200 for address in addresses)
        except httpx2.TransportError:
            return False


def _start(directory: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    with (directory / "log").open("ab") as output:
        return start_child(
            [sys.executable, ROOT / "onewindow.py", "demo"], output=output, cwd=ROOT, env=environment,
            at_parents_death=signal.SIGTERM,
        )  # fmt: skip


def _commands() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:
                continue  # it ended while we looked
            if words:  # the dead have none
                yield int(entry.name), words


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0
