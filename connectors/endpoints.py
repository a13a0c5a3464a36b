"""Where the departments are: `ONEWINDOW_ENDPOINTS_FILE`, read when OneWindow starts and again when it changes on disk.

A new system, or a new address of an old one, needs no restart; a changed file that does not hold is told in the log and
left aside.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

from config import logs
from connectors.errors import SpecRefused
from connectors.yaml_source import read

log = logs.get(__name__)
LOOK_EVERY_SECONDS: Final = 1.0
_OF_A_TRANSPORT: Mapping[str, tuple[str, ...]] = {
    "queue": ("redis", "rediss", "unix"),
    "exchange": ("postgresql", "mysql", "sqlite"),
    "files": ("sftp",),
}
LINES: Mapping[str, tuple[str, ...]] = {
    **_OF_A_TRANSPORT,
    "test": ("http", "https"),
    **{f"test.{line}": schemes for line, schemes in _OF_A_TRANSPORT.items()},
}
"""Which addresses a line may have; `test` and those below it are the department's for trials."""


class Endpoints(Mapping[str, str]):
    """`{system id: base address, system id.line: …}` as the file says now; empty without one."""

    def __init__(self, file: Path | None) -> None:
        """Read the file.

        Raises:
            SpecRefused: it does not hold.
        """
        self._file = file
        self._known = read_endpoints(file)
        self._stamp = _stamp(file)
        self._looks_at = monotonic() + LOOK_EVERY_SECONDS

    def __getitem__(self, name: str) -> str:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> Mapping[str, str]:
        if monotonic() >= self._looks_at:
            self._looks_at = monotonic() + LOOK_EVERY_SECONDS
            self._look()
        return self._known

    def _look(self) -> None:
        stamp = _stamp(self._file)
        if stamp in (self._stamp, None):
            return
        self._stamp = stamp
        try:
            self._known = read_endpoints(self._file)
        except (SpecRefused, OSError) as refused:
            log.warning("endpoints_refused", detail=str(refused)[:500])
        else:
            log.info("endpoints_read", systems=len(self._known))


def _stamp(file: Path | None) -> tuple[int, int] | None:
    try:
        facts = file.stat() if file is not None else None
    except OSError:
        return None
    return None if facts is None else (facts.st_mtime_ns, facts.st_size)


def read_endpoints(file: Path | None) -> Mapping[str, str]:
    """Return `{system id: base address}`; a system without one keeps its deliveries queued.

    Raises:
        SpecRefused: the file does not hold.
    """
    if file is None:
        return {}
    source = read(file)
    found = source.document
    if not isinstance(found, dict):
        raise SpecRefused([source.problem((), "expected {system id: https://…}")])
    problems = [
        source.problem((str(id_),), expected)
        for id_, address in found.items()
        if (expected := _expected_address(str(id_), str(address)))
    ]
    if problems:
        raise SpecRefused(problems)
    return {str(id_): str(address).rstrip("/") for id_, address in found.items()}


def _expected_address(name: str, address: str) -> str:
    """Return what was expected instead of `address`; empty when it holds."""
    try:
        parts, (_, _, line) = urlsplit(address), name.partition(".")
    except ValueError:  # a bracket of an IPv6 address that is not closed
        return "expected scheme://host[:port][/path]"
    if not line:
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        return "" if is_web else "expected http(s)://host[:port][/path]"
    if line not in LINES:
        return f"expected a system's id, alone or with {', '.join(f'.{known}' for known in LINES)}"
    is_line = parts.scheme in LINES[line] and (bool(parts.hostname) or parts.scheme in ("sqlite", "unix"))
    return "" if is_line else f"expected {', '.join(f'{scheme}://…' for scheme in LINES[line])}"
