"""The SFTP server of the demo: asyncssh on loopback, one account, its home the file area."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import asyncssh

from demo.ground.context import SystemContext

ACCOUNT = "onewindow"


class _Server(asyncssh.SSHServer):
    """Lets in one account, by its key; `open_now` holds the connections that stand."""

    def __init__(self, authorized: asyncssh.SSHKey, open_now: set[asyncssh.SSHServerConnection]) -> None:
        self._authorized = authorized
        self._open_now = open_now
        self._own: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._own = conn
        self._open_now.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._own is not None:
            self._open_now.discard(self._own)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == ACCOUNT and key.public_data == self._authorized.public_data


def run_server(context: SystemContext, root: Path) -> None:
    """Register the server on the port of the system's line, as long as the host runs."""
    port = urlsplit(context.line).port or 22

    async def run() -> None:
        authorized = asyncssh.import_public_key(context.secrets("rs-card.sftp-key-public").decode())
        host_key = asyncssh.import_private_key(context.secrets("rs-card.sftp-host-private").decode())
        open_now: set[asyncssh.SSHServerConnection] = set()
        server = await asyncssh.listen(
            "127.0.0.1",
            port,
            server_factory=lambda: _Server(authorized, open_now),
            server_host_keys=[host_key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(root).encode()),
            allow_scp=False,
        )
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for connection in tuple(open_now):
                connection.abort()

    context.background(run)
