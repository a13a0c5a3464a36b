"""Servers as departments run them, in place of what the demo brings: PostgreSQL, MariaDB and OpenSSH's sshd.

The departments are the demo's own; only what stands between them and OneWindow is real.
"""

import asyncio
import hashlib
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import yaml
from sqlalchemy import make_url, select, update

from config.storage.sql import create_engine
from connectors.storage.registry_tables import registrations
from tests.servers.installation import Installation
from tests.servers.mariadb import MariaDB
from tests.servers.postgres import Postgres
from tests.servers.sshd import Sshd

ON_POSTGRES: Final = "mz-benefit"
ON_MARIADB: Final = "gjj-core"
ON_SSHD: Final = "rs-card"
_ACCOUNT: Final = "onewindow"


@dataclass(slots=True)
class RealLines:
    """Running servers. `endpoints` are OneWindow's addresses of them, `file` the departments', once they are taken over."""

    postgres: Postgres
    mariadb: MariaDB
    sshd: Sshd
    endpoints: dict[str, str] = field(default_factory=dict)
    file: Path | None = None

    @classmethod
    def start(cls, *, files_in: Path | None = None) -> Self:
        """Start all three; batch files lie in `files_in`, or in a folder of their own."""
        with ExitStack() as undone:
            postgres = Postgres.start(tcp=True)
            undone.callback(postgres.stop)
            mariadb = MariaDB.start()
            undone.callback(mariadb.stop)
            started = cls(postgres=postgres, mariadb=mariadb, sshd=Sshd.start(root=files_in))
            undone.pop_all()
        return started

    def take_over(self, installation: Installation, *, database_url: str) -> None:
        """Have an installation that has been started once, and stands still, use these servers from now on."""
        var, secrets = installation.directory / "var", installation.directory / "var" / "secrets"
        front = make_url(self.postgres.new_database()).set(drivername="postgresql")
        other = make_url(self.mariadb.new_database(account=_ACCOUNT))
        for system, url in ((ON_POSTGRES, front), (ON_MARIADB, other)):
            (secrets / f"{system}.database").write_text(str(url.password), "utf-8")
            bare = url._replace(username=None, password=None)  # `set` takes None for "as it was"
            self.endpoints[f"{system}.exchange"] = bare.render_as_string(hide_password=False)
        self.file = installation.directory / "lines.yaml"
        whole = {ON_POSTGRES: front, ON_MARIADB: other}
        self.file.write_text(
            yaml.safe_dump({id_: url.render_as_string(hide_password=False) for id_, url in whole.items()}), "utf-8"
        )
        self._take_over_files(var / "departments", secrets, database_url)

    def stop(self) -> None:
        for server in (self.sshd, self.mariadb, self.postgres):
            server.stop()

    def _take_over_files(self, departments: Path, secrets: Path, database_url: str) -> None:
        (secrets / f"{ON_SSHD}.sftp-key").write_bytes(self.sshd.client_key)
        (secrets / f"{ON_SSHD}.sftp-host-key").write_bytes(self.sshd.host_key)
        # The department works in the folder that sshd gives to us.
        shutil.rmtree(departments / ON_SSHD, ignore_errors=True)
        (departments / ON_SSHD).symlink_to(self.sshd.root, target_is_directory=True)
        self.endpoints[f"{ON_SSHD}.files"] = self.sshd.line
        asyncio.run(_rename_account(database_url, self.sshd.user))


async def _rename_account(database_url: str, user: str) -> None:
    """Write the account that exists on this machine into the spec in force: sshd lets in nobody else."""
    engine = create_engine(database_url)
    try:
        async with engine.begin() as connection:
            mine = registrations.c.system == ON_SSHD
            found = await connection.execute(select(registrations.c.version, registrations.c.text).where(mine))
            for version, before in found.all():
                text = before.replace(f"user: {_ACCOUNT}", f"user: {user}")
                sha256 = hashlib.sha256(text.encode()).hexdigest()
                await connection.execute(
                    update(registrations)
                    .where(mine, registrations.c.version == version)
                    .values(text=text, sha256=sha256)
                )
    finally:
        await engine.dispose()
