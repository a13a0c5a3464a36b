"""The department's file area over SFTP: one kept connection, the server's key pinned, every step bounded in time.

A file becomes visible only whole: it is written under another name and renamed.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

import asyncssh

from connectors.outcomes import Answer
from connectors.secrets_dir import Secrets, read_believed, read_secret
from connectors.spec_file_batch import FileBatchSpec

_T = TypeVar("_T")
_BLOCK: Final = 262_144
_KEEPALIVE_SECONDS: Final = 15


class AreaFault(Exception):
    """Something went wrong there; `answer` says what, in the words of `body.result` or as an error of the line."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.error or str(answer.body))
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file in a listing; `stamp` changes when it does."""

    name: str
    stamp: str


def said(result: str, **more: object) -> Answer:
    """Return an answer in the words of file batches: `body.result`, with what belongs to it."""
    return Answer(body={"result": result, **more})


class FileArea:
    """Every method raises `AreaFault` only; one without connection says `connect`."""

    def __init__(
        self, line: str, spec: FileBatchSpec, secrets_: Secrets, *, connect_seconds: float, total_seconds: float
    ) -> None:
        parts = urlsplit(line)
        self._host, self._port = parts.hostname or "", parts.port or 22
        self._root = parts.path.strip("/")
        self._spec = spec
        self._secrets = secrets_
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._lock = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None

    async def put(self, folder: str, name: str, content: bytes) -> None:
        """Write a file whole under another name, then rename it; one of that name is replaced."""
        sftp = await self._client()
        path = self._path(folder, name)
        beside = f"{path}.{secrets.token_hex(4)}.part"

        async def write() -> None:
            async with sftp.open(beside, "wb", encoding=None) as file:
                for start in range(0, len(content), _BLOCK):
                    await file.write(content[start : start + _BLOCK])
            if (await sftp.stat(beside)).size != len(content):
                raise AreaFault(said("full"))
            await sftp.posix_rename(beside, path)

        await self._bounded(write)

    async def read(self, folder: str, name: str, *, most_bytes: int) -> bytes | None:
        """Return a file's content, None when there is no such file.

        Raises:
            AreaFault: also `too_large`, for one of more than `most_bytes`.
        """
        sftp = await self._client()

        async def whole() -> bytes | None:
            try:
                async with sftp.open(self._path(folder, name), "rb", encoding=None) as file:
                    found: object = await file.read(most_bytes + 1)
            except asyncssh.SFTPNoSuchFile:
                return None
            content = found if isinstance(found, bytes) else str(found).encode()
            if len(content) > most_bytes:
                raise AreaFault(Answer(error="too_large"))
            return content

        return await self._bounded(whole)

    async def names(self, folder: str, *, most: int) -> Sequence[Entry]:
        """Return up to `most` files of a folder."""
        sftp = await self._client()

        async def listed() -> Sequence[Entry]:
            found: list[Entry] = []
            async for each in sftp.scandir(self._path(folder, "")):
                if isinstance(each.filename, str) and len(found) < most:
                    found.append(Entry(name=each.filename, stamp=f"{each.attrs.size}:{each.attrs.mtime}"))
            return found

        return await self._bounded(listed)

    async def aclose(self) -> None:
        """End the connection."""
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is not None:
            connection.abort()

    def _path(self, folder: str, name: str) -> str:
        return "/".join(part for part in (self._root, folder, name) if part)

    async def _bounded(self, work: Callable[[], Awaitable[_T]]) -> _T:
        try:
            async with asyncio.timeout(self._total_seconds):
                return await work()
        except TimeoutError:
            await self.aclose()
            raise AreaFault(Answer(error="timeout")) from None
        except asyncssh.SFTPError as error:
            raise AreaFault(await self._refused(error)) from None
        except (asyncssh.Error, OSError):
            await self.aclose()
            raise AreaFault(Answer(error="connection_lost")) from None

    async def _refused(self, error: asyncssh.SFTPError) -> Answer:
        match error:
            case asyncssh.SFTPConnectionLost() | asyncssh.SFTPNoConnection():
                await self.aclose()
                return Answer(error="connection_lost")
            case asyncssh.SFTPPermissionDenied() | asyncssh.SFTPWriteProtect():
                return said("forbidden")
            case asyncssh.SFTPNoSpaceOnFilesystem() | asyncssh.SFTPQuotaExceeded():
                return said("full")
            case asyncssh.SFTPNoSuchFile() | asyncssh.SFTPNoSuchPath() | asyncssh.SFTPNotADirectory():
                return said("missing")
            case _:
                return said("failed")

    async def _client(self) -> asyncssh.SFTPClient:
        async with self._lock:
            if self._sftp is not None and self._connection is not None and not self._connection.is_closed():
                return self._sftp
            self._sftp = await self._connect()
            return self._sftp

    async def _connect(self) -> asyncssh.SFTPClient:
        key = read_secret(self._secrets, self._spec.key, asyncssh.import_private_key)
        # During a change of the server's key both are believed: <name> and <name>.next.
        pinned = list(read_believed(self._secrets, self._spec.host_key, asyncssh.import_public_key))
        try:
            async with asyncio.timeout(self._connect_seconds):
                self._connection = await asyncssh.connect(
                    self._host,
                    self._port,
                    username=self._spec.user,
                    client_keys=[key],
                    known_hosts=(pinned, [], []),
                    config=None,
                    agent_path=None,
                    gss_host=None,
                    preferred_auth="publickey",
                    keepalive_interval=_KEEPALIVE_SECONDS,
                )
                return await self._connection.start_sftp_client()
        except asyncssh.HostKeyNotVerifiable:
            raise AreaFault(said("stranger")) from None
        except asyncssh.PermissionDenied:
            raise AreaFault(said("denied")) from None
        except (asyncssh.Error, OSError, TimeoutError):
            await self.aclose()
            raise AreaFault(Answer(error="connect")) from None
