"""Secrets by reference: `<secrets_dir>/<name>`, and `<name>.next` while a key is being changed.

Files are read when first needed and again when they change on disk, so that a new key needs no restart.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from connectors.errors import SecretMissing

_T = TypeVar("_T")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,149}")
"""A name, never a way out of the directory: it may come from a text somebody typed."""


class Secrets(Protocol):
    """Where secrets come from. Values are bytes without the end of line."""

    def current(self, name: str) -> bytes:
        """Return the secret to send with.

        Raises:
            SecretMissing: there is none of that name.
        """

    def believed(self, name: str) -> tuple[bytes, ...]:
        """Return every secret that may be on the other side just now: the current one, then the next."""


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: tuple[int, int]
    value: bytes


class SecretsDirectory:
    """`Secrets` over a directory of files."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._read: dict[str, _Read] = {}

    def current(self, name: str) -> bytes:
        value = self._value(name)
        if value is None:
            raise SecretMissing(f"no secret named {name!r} in the secrets directory")
        return value

    def believed(self, name: str) -> tuple[bytes, ...]:
        following = self._value(f"{name}.next")
        return (self.current(name), following) if following is not None else (self.current(name),)

    def _value(self, name: str) -> bytes | None:
        if self._directory is None or not _NAME.fullmatch(name):
            return None
        file = self._directory / name
        try:
            facts = file.stat()
            stamp = (facts.st_mtime_ns, facts.st_size)
            kept = self._read.get(name)
            if kept is None or kept.stamp != stamp:
                kept = self._read[name] = _Read(stamp, file.read_bytes().rstrip(b"\r\n"))
        except FileNotFoundError:
            return None
        return kept.value


class SecretsInMemory:
    """`Secrets` over a mapping, for tests and dry runs."""

    def __init__(self, secrets: dict[str, bytes]) -> None:
        self._secrets = secrets

    def current(self, name: str) -> bytes:
        if name not in self._secrets:
            raise SecretMissing(f"no secret named {name!r}")
        return self._secrets[name]

    def believed(self, name: str) -> tuple[bytes, ...]:
        following = self._secrets.get(f"{name}.next")
        return (self.current(name), following) if following is not None else (self.current(name),)


def read_secret(secrets: Secrets, name: str, read: Callable[[bytes], _T]) -> _T:
    """Return the secret to send with as `read` understands it: a text, a key.

    Raises:
        SecretMissing: there is none of that name, or it is not what `read` expects (ValueError).
    """
    content = secrets.current(name)
    try:
        return read(content)
    except ValueError:
        raise unreadable(name) from None


def read_believed(secrets: Secrets, name: str, read: Callable[[bytes], _T]) -> tuple[_T, ...]:
    """Return every secret that may be on the other side just now, as `read` understands it; at least one.

    Raises:
        SecretMissing: there is none of that name, or none of them is what `read` expects.
    """
    found: list[_T] = []
    for content in secrets.believed(name):
        try:
            found.append(read(content))
        except ValueError:
            continue  # half of a key being put in place must not shut out the other one
    if not found:
        raise unreadable(name)
    return tuple(found)


def unreadable(name: str) -> SecretMissing:
    """Return what to raise for a secret that is not what it should be."""
    return SecretMissing(f"the secret {name!r} is not what it should be")


def has_secret(secrets: Secrets, name: str) -> bool:
    """Tell whether there is a secret of that name; its value is not looked at."""
    try:
        secrets.current(name)
    except SecretMissing:
        return False
    return True
