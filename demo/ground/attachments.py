"""The files a department took in: of which case, what they are called, and their bytes."""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from demo.ground.received import ReceivedStore

STARTS: Final = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "application/pdf": b"%PDF-"}
"""What the content of each type begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenFile:
    """One file; `row` numbers them all, `reference` is what a case names it by where that is not its number."""

    row: int
    reference: str
    number: str
    name: str
    sha256: str
    size_bytes: int


async def take_file(
    store: ReceivedStore, *, number: str, name: str, content: bytes, at: datetime, reference: str = ""
) -> int:
    """Keep a file for the case `number`; return its row."""

    def insert(connection: sqlite3.Connection) -> int:
        made = connection.execute(
            "INSERT INTO files (number, name, reference, sha256, content, taken_at) VALUES (?, ?, ?, ?, ?, ?)",
            (number, name, reference, hashlib.sha256(content).hexdigest(), content, at.timestamp()),
        )
        return int(made.lastrowid or 0)

    return await store.run(insert)


async def files_of(store: ReceivedStore, number: str) -> list[TakenFile]:
    """Return every file taken in for a case, oldest first."""

    def select(connection: sqlite3.Connection) -> list[TakenFile]:
        found = connection.execute(
            "SELECT file, number, name, sha256, length(content), reference FROM files WHERE number = ? ORDER BY file",
            (number,),
        )
        return [
            TakenFile(row=r[0], number=r[1], name=r[2], sha256=r[3], size_bytes=r[4], reference=r[5]) for r in found
        ]

    return await store.run(select)


def wrong_with(content: bytes, *, media_type: str, most_bytes: int, types: frozenset[str]) -> str:
    """Return why a file is not taken; empty when it is."""
    if media_type not in types or not content.startswith(STARTS[media_type]):
        return "附件格式不正确"
    if len(content) > most_bytes:
        return f"单个附件不能超过{most_bytes // (1024 * 1024)}MB"
    return ""
