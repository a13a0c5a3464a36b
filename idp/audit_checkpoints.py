"""Checkpoints: heads of the audit's chain, copied out of the database hour by hour.

The file lies on the machine, the same lines go to the log: whoever turns database and file back together still differs
from what the log carried away. Blocking, small; called in a thread.
"""

from pathlib import Path
from typing import Final

from idp.protocol.audit import Head, checkpoint, read_checkpoint

FILE_NAME: Final = "audit-checkpoints"
_KEEP: Final = 1000


def read(path: Path) -> list[Head]:
    """Return the checkpoints in a file; none when there is no file.

    Raises:
        ValueError: a line is no checkpoint.
    """
    if not path.exists():
        return []
    return [read_checkpoint(line) for line in path.read_text().splitlines() if line.strip()]


def stamp(path: Path, head: Head) -> bool:
    """Add the head to the file, which keeps the newest thousand; False when it was there already."""
    lines = path.read_text().splitlines() if path.exists() else []
    if lines and lines[-1] == checkpoint(head):
        return False
    fresh = path.with_name(path.name + ".new")
    fresh.write_text("\n".join([*lines[-_KEEP + 1 :], checkpoint(head), ""]))
    fresh.chmod(0o600)
    fresh.replace(path)
    return True
