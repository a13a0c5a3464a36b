"""OneWindow and the departments as programs apart, so that one can be killed while the others go on."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx2

from demo import launch
from tests.servers.child import start_child, stop_child, wait_until
from tests.servers.installation import ROOT, Installation

READY_WITHIN_SECONDS = 120


@dataclass(slots=True)
class Apart:
    """A demo whose departments run on while `kill_window()` and `start_window()` end and start OneWindow.

    `installation` gives its facts: it was started whole once, which made the schema, accounts and clients.
    """

    installation: Installation
    environment: Mapping[str, str] = field(repr=False)
    departments: "subprocess.Popen[bytes]"
    window: "subprocess.Popen[bytes] | None" = None

    @classmethod
    def start(cls, *, database_url: str = "", redis_url: str = "", speed: float = 20.0, **settings: str) -> Self:
        """Start a demo, end it, and start its parts apart; `speed` divides the departments' latencies."""
        installation = Installation.start(database_url=database_url, redis_url=redis_url, **settings)
        installation.interrupt()
        given = launch.demo_environment(installation.port, installation.environment, at=datetime.now(UTC))
        environment = {**installation.environment, **given}
        apart = cls(
            installation=installation, environment=environment, departments=start_departments(environment, speed)
        )
        apart.start_window()
        wait_until(apart._departments_answer, apart.departments, log=apart._log, within_seconds=READY_WITHIN_SECONDS)
        return apart

    def start_window(self) -> None:
        """Start `onewindow serve` and wait until it is ready."""
        with self._log.open("ab") as output:
            self.window = start_child(
                [sys.executable, ROOT / "onewindow.py", "serve"], output=output, cwd=ROOT, env=self.environment
            )
        wait_until(self._window_answers, self.window, log=self._log, within_seconds=READY_WITHIN_SECONDS)

    def kill_window(self) -> None:
        """Kill -9, and nothing is tidied up."""
        if self.window is not None:
            self.window.kill()
            self.window.wait()

    def misbehave(self, system: str, mode: str, *, times: int = 1, seconds: float | None = None) -> None:
        """Tell a department how to fail for its next `times` submissions (demo/faults/switch.py)."""
        wanted: dict[str, Any] = {"mode": mode, "times": times, "seconds": seconds}
        address = f"{self.installation.system(system)['base_url']}/faults"
        httpx2.post(address, json=wanted, timeout=10).raise_for_status()

    def stop(self) -> None:
        if self.window is not None:
            stop_child(self.window, signal.SIGTERM)
        stop_child(self.departments, signal.SIGTERM)
        shutil.rmtree(self.installation.directory, ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self.installation.directory / "log"

    def _window_answers(self) -> bool:
        return answers(f"{self.installation.base_url}/readyz")

    def _departments_answer(self) -> bool:
        return all(answers(system["received_url"]) for system in self.installation.facts["systems"])


def answers(address: str) -> bool:
    try:
        return httpx2.get(address, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def start_departments(
    environment: Mapping[str, str], speed: float, lines: Path | None = None
) -> "subprocess.Popen[bytes]":
    """Start the departments; `lines` names the front databases that stand already."""
    base_url, var = environment["ONEWINDOW_BASE_URL"], Path(environment["ONEWINDOW_VAR_DIR"])
    command: list[str | Path] = [sys.executable, "-m", "demo.systems"]
    command += ["--port", str(launch.first_port(environment)), "--dir", var / "departments"]
    command += ["--issuer", f"{base_url}/idp", "--callbacks", f"{base_url}/callbacks"]
    command += ["--secrets", environment["ONEWINDOW_SECRETS_DIR"], "--speed", str(speed)]
    command += ["--clock-offset", environment["ONEWINDOW_DEPARTMENT_CLOCK_OFFSET_SECONDS"]]
    if lines is not None:
        command += ["--lines", lines]
    with (var.parent / "departments.log").open("ab") as output:
        return start_child(command, output=output, cwd=ROOT, env=dict(os.environ))
