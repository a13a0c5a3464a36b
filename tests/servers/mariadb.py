"""A real MariaDB for tests: Debian's server, its own data directory, a loopback port, as root or not.

Without strict mode, the way MySQL 5.7 stands at departments: a text too long for its column is cut without a word.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.servers.child import ServerDidNotStart, private_directory, start_child, stop_child, wait_until
from tests.servers.ports import free_port

_SERVER = Path("/usr/sbin/mariadbd")
_INSTALL = Path("/usr/bin/mariadb-install-db")
_CLIENT = Path("/usr/bin/mariadb")
_UNPRIVILEGED = ("mysql", "nobody", "daemon")
_SETTINGS = (
    "--sql-mode=NO_ENGINE_SUBSTITUTION",
    "--character-set-server=utf8mb4",
    "--innodb-flush-log-at-trx-commit=0",  # what a test keeps need not outlive the machine
    "--innodb-buffer-pool-size=32M",
    "--skip-log-bin",
    "--max-connections=60",
)


@dataclass(slots=True)
class MariaDB:
    """A running server; `new_database()` gives a test an empty one with an account of its own."""

    child: "subprocess.Popen[bytes]"
    directory: Path
    port: int
    password: str = field(repr=False)
    _made: int = 0

    @classmethod
    def start(cls) -> Self:
        """Make a data directory and start the server on it.

        Raises:
            ServerDidNotStart: it is not installed, or failed.
        """
        if not (_SERVER.exists() and _INSTALL.exists()):
            raise ServerDidNotStart("no MariaDB: run `make test`, or install Debian's mariadb-server")
        directory = private_directory("mariadb")
        user = _unprivileged() if os.geteuid() == 0 else None
        if user is not None:
            shutil.chown(directory, user)
        _install(directory, user)
        port, log = free_port(), directory / "log"
        command: list[str | Path] = [_SERVER, "--no-defaults", f"--datadir={directory / 'data'}", *_SETTINGS]
        command += [f"--socket={directory / 'socket'}", f"--port={port}", "--bind-address=127.0.0.1"]
        command += [f"--pid-file={directory / 'pid'}"]
        with log.open("wb") as output:
            child = start_child(command, user=user, output=output, at_parents_death=signal.SIGKILL)
        server = cls(child=child, directory=directory, port=port, password=secrets.token_hex(12))
        wait_until(server._answers, child, log=log, within_seconds=60)
        return server

    def new_database(self, *, account: str = "") -> str:
        """Make a database and return its line, `mysql://account:password@127.0.0.1:port/database`.

        `account` is made with it, and named as the database where it is left out.
        """
        self._made += 1
        name = f"test_{self._made}"
        account = account or name
        self.sql(
            f"CREATE DATABASE {name} CHARACTER SET utf8mb4;"
            f"CREATE USER '{account}'@'%' IDENTIFIED BY '{self.password}';"
            f"GRANT ALL ON {name}.* TO '{account}'@'%'"
        )
        return f"mysql://{account}:{self.password}@127.0.0.1:{self.port}/{name}"

    def sql(self, statements: str) -> None:
        """Run statements as the server's administrator."""
        done = self._client(statements)
        if done.returncode:
            raise RuntimeError(f"{statements}: {done.stderr.decode(errors='replace')}")

    def stop(self) -> None:
        stop_child(self.child, signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _answers(self) -> bool:
        return self._client("SELECT 1").returncode == 0

    def _client(self, statements: str) -> "subprocess.CompletedProcess[bytes]":
        words: list[str | Path] = [
            _CLIENT,
            "--no-defaults",
            f"--socket={self.directory / 'socket'}",
            "-uroot",
            "-e",
            statements,
        ]
        return subprocess.run(words, capture_output=True, check=False, timeout=60)


def _install(directory: Path, user: str | None) -> None:
    words: list[str | Path] = [
        _INSTALL,
        "--no-defaults",
        f"--datadir={directory / 'data'}",
        "--auth-root-authentication-method=normal",
    ]
    words += ["--skip-test-db", "--innodb-flush-log-at-trx-commit=0"]
    (directory / "data").mkdir(mode=0o700)
    if user is not None:
        shutil.chown(directory / "data", user)
    done = subprocess.run(
        words,
        user=user,
        group=None if user is None else pwd.getpwnam(user).pw_gid,
        extra_groups=None if user is None else [],
        env={"PATH": f"{os.defpath}:/usr/sbin:/sbin", "LC_ALL": "C"},
        cwd=directory,
        capture_output=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise ServerDidNotStart(f"mariadb-install-db failed: {done.stdout.decode(errors='replace')[-2000:]}")


def _unprivileged() -> str:
    for name in _UNPRIVILEGED:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise ServerDidNotStart(f"MariaDB refuses to run as root, and none of {_UNPRIVILEGED} exists here")
