"""The lines of the demo beside HTTP: which systems have one, and where it is. Nothing needs to be installed for them."""

from pathlib import Path
from typing import Final

from demo.ground.entry import SystemEntry

FILES_PORT_OFFSET: Final = 60
"""The SFTP server listens so far above the first system's port."""

QUEUE_PORT_OFFSET: Final = 61
"""The broker listens so far above the first system's port."""


def line_of(entry: SystemEntry, *, first_port: int, directory: Path) -> tuple[str, str] | None:
    """Return a line's name and address as the endpoints file has it; None for a system that needs none."""
    if entry.protocol == "exchange_table":
        return "exchange", f"sqlite:///{exchange_file(directory, entry.id)}"
    if entry.protocol == "file_batch":
        return "files", f"sftp://127.0.0.1:{first_port + FILES_PORT_OFFSET}/"
    if entry.protocol == "message_queue":
        return "queue", f"redis://127.0.0.1:{first_port + QUEUE_PORT_OFFSET}"
    return None


def test_line_of(entry: SystemEntry, *, first_port: int, directory: Path) -> tuple[str, str] | None:
    """Return the line of a system's test lane, of the same name: another file, folder or database on the same server."""
    line = line_of(entry, first_port=first_port, directory=directory)
    if line is None:
        return None
    match line[0]:
        case "exchange":
            return line[0], f"sqlite:///{exchange_file(directory, f'{entry.id}-test')}"
        case "files":
            return line[0], f"{line[1]}test"
        case _:
            return line[0], f"{line[1]}/1"


def exchange_file(directory: Path, system_id: str) -> Path:
    """Return the SQLite file that stands for a department's front database (前置库)."""
    return directory.absolute() / f"{system_id}-exchange.db"
