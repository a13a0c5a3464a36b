"""OpenSSH's sshd for tests: its own configuration, keys and loopback port, SFTP only, for the account that runs the tests."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import asyncssh

from tests.servers.child import ServerDidNotStart, private_directory, start_child, stop_child, wait_until
from tests.servers.ports import free_port

_SERVER = Path("/usr/sbin/sshd")
_PRIVILEGE_SEPARATION = Path("/run/sshd")


@dataclass(slots=True)
class Sshd:
    """A running server."""

    child: "subprocess.Popen[bytes]"
    directory: Path
    port: int
    user: str
    client_key: bytes
    host_key: bytes
    root: Path
    """The folder an SFTP session begins in."""

    @classmethod
    def start(cls, *, root: Path | None = None) -> Self:
        """Make keys and start the server; sessions begin in `root`, or in a folder of its own.

        Raises:
            ServerDidNotStart: it is not installed, or failed.
        """
        if not _SERVER.exists():
            raise ServerDidNotStart("no sshd: run `make test`, or install Debian's openssh-server")
        directory = private_directory("sshd")
        if os.geteuid() == 0:
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        client, host = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        _write(directory / "host_key", host.export_private_key())
        _write(directory / "authorized_keys", client.export_public_key())
        root = root or directory / "root"
        root.mkdir(exist_ok=True)
        port, log = free_port(), directory / "log"
        _write(directory / "sshd_config", _configuration(directory, root, port).encode())
        # -D stays in the foreground, -e writes to where we look.
        with log.open("wb") as output:
            child = start_child([_SERVER, "-D", "-e", "-f", directory / "sshd_config"], output=output)
        server = cls(
            child=child,
            directory=directory,
            port=port,
            user=pwd.getpwuid(os.geteuid()).pw_name,
            client_key=client.export_private_key(),
            host_key=host.export_public_key(),
            root=root,
        )
        wait_until(server._answers, child, log=log, within_seconds=30)
        return server

    @property
    def line(self) -> str:
        """Return the address as the endpoints file has it."""
        return f"sftp://127.0.0.1:{self.port}/"

    def stop(self) -> None:
        stop_child(self.child, signal.SIGTERM)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as tried:
                return tried.recv(4) == b"SSH-"
        except OSError:
            return False


def _configuration(directory: Path, root: Path, port: int) -> str:
    return "\n".join(
        [
            f"Port {port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {directory / 'host_key'}",
            f"AuthorizedKeysFile {directory / 'authorized_keys'}",
            f"PidFile {directory / 'pid'}",
            "PubkeyAuthentication yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            "PermitRootLogin prohibit-password",
            # The files lie below a directory for everyone (/tmp), which StrictModes would not have.
            "StrictModes no",
            f"Subsystem sftp internal-sftp -d {root}",
            f"ForceCommand internal-sftp -d {root}",
            "",
        ]
    )


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def host_key_of_a_stranger() -> bytes:
    """Return a public key no server of ours has."""
    return asyncssh.generate_private_key("ssh-ed25519").export_public_key()
