"""Uploaded materials on object storage: a local directory or an S3 bucket, named by the hash of their content.

A file is kept before the row that names it is committed: a crash between the two leaves a file nobody names, never a
row without its file.
"""

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import anyio
import obstore
from obstore.exceptions import AlreadyExistsError, GenericError, NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

from matters.material import FileRef, check_file

MOST_CHECKS_AT_ONCE = 2
"""Hashing ten megabytes takes a core for some milliseconds: two at a time leave the rest of the machine alone."""
_ERROR_NUMBER: Final = re.compile(r"os error (\d+)")


def open_store(url: str) -> ObjectStore:
    """Return the store of `file:///directory` or `s3://bucket[/prefix]`; the directory is made.

    Raises:
        ValueError: the URL is of neither kind.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        directory = Path(unquote(parts.path))
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return LocalStore(directory)
    if parts.scheme == "s3":
        return S3Store.from_url(url)
    raise ValueError(f"materials_url: expected file:///directory or s3://bucket, got {parts.scheme}:")


class ObjectMaterialFiles:
    """`matters.ports.MaterialFiles` on any object store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._checks = anyio.CapacityLimiter(MOST_CHECKS_AT_ONCE)

    async def put(self, name: str, content: bytes) -> FileRef:
        file = await anyio.to_thread.run_sync(check_file, name, content, limiter=self._checks)
        try:
            await obstore.put_async(self._store, _key(file), content, mode="create")
        except AlreadyExistsError:
            # The name is the content's hash, so what is there is the same; whoever is just writing it may not have synced.
            pass
        except GenericError as error:
            raise _fault_of(error) from None
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            await anyio.to_thread.run_sync(_sync, Path(self._store.prefix) / _key(file), limiter=self._checks)
        return file

    async def get(self, file: FileRef) -> bytes:
        try:
            found = await obstore.get_async(self._store, _key(file))
            return bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError):
            raise FileNotFoundError(file.sha256) from None
        except GenericError as error:
            raise _fault_of(error) from None


def _fault_of(error: GenericError) -> OSError:
    """Return what happened: the disk's own error, which only the store's text tells, else a store that does not answer."""
    number = _ERROR_NUMBER.search(str(error))
    if number is None:
        return ConnectionError("the store of materials does not answer")
    return OSError(int(number[1]), os.strerror(int(number[1])))


def _sync(path: Path) -> None:
    """Wait until a new file and its name are on the disk: the row that names it is committed after this."""
    for place in (path, path.parent, path.parent.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _key(file: FileRef) -> str:
    return f"{file.sha256[:2]}/{file.sha256}"
