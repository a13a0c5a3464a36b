"""Files of the food licence: announced first, put to the place that is named for it, then named by the application.

A place takes one file, the one that was announced (type, size, SHA-256), for ten minutes; whoever has its address may
put. What is announced and never put is forgotten.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Final

from demo.ground.attachments import STARTS, files_of, take_file, wrong_with
from demo.ground.checks import Body
from demo.ground.context import SystemContext

MOST_BYTES: Final = 10 * 1024 * 1024
TYPES: Final = frozenset(STARTS)
LASTS: Final = timedelta(minutes=10)
MOST_PLACES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one announced file goes until `until`."""

    token: str
    file_id: str
    number: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    until: datetime


class Places:
    """The places given away, the newest thousand of them."""

    def __init__(self) -> None:
        self._open: dict[str, Place] = {}

    def give(self, announced: Mapping[str, object], *, at: datetime) -> Place | str:
        """Return a place for an announced file, or why there is none."""
        texts = {name: str(announced.get(name, "")) for name in ("outCaseNo", "fileName", "fileType", "sha256")}
        size = announced.get("fileSize")
        if not all(texts.values()) or not isinstance(size, int):
            return "outCaseNo、fileName、fileType、fileSize、sha256不能为空"
        if texts["fileType"] not in TYPES:
            return "附件格式不正确"
        if size > MOST_BYTES:
            return f"单个附件不能超过{MOST_BYTES // (1024 * 1024)}MB"
        place = Place(
            token=token_urlsafe(24),
            file_id=hashlib.sha256(token_urlsafe(24).encode()).hexdigest()[:16],
            number=texts["outCaseNo"],
            name=texts["fileName"],
            media_type=texts["fileType"],
            size_bytes=size,
            sha256=texts["sha256"],
            until=at + LASTS,
        )
        self._open[place.token] = place
        while len(self._open) > MOST_PLACES:
            self._open.pop(next(iter(self._open)))
        return place

    async def put(self, context: SystemContext, token: str, content: bytes) -> int:
        """Keep the bytes put to a place; return the HTTP status: 201, 400 another file, 403 no such place, 413, 415."""
        place = self._open.get(token)
        if place is None or context.clock() >= place.until:
            return 403
        if len(content) > MOST_BYTES:
            return 413
        if wrong_with(content, media_type=place.media_type, most_bytes=MOST_BYTES, types=TYPES):
            return 415
        if len(content) != place.size_bytes or hashlib.sha256(content).hexdigest() != place.sha256:
            return 400
        self._open.pop(token)
        await take_file(
            context.store,
            number=place.number,
            name=place.name,
            content=content,
            at=context.clock(),
            reference=place.file_id,
        )
        return 201


async def wrong_with_files(context: SystemContext, body: Body) -> str:
    """Return what does not hold of the files an application names; empty when all do."""
    named = _rows(body.get("files"))
    known = {each.reference for each in await files_of(context.store, str(body.get("outCaseNo", "")))}
    if strangers := [str(row.get("fileId", "")) for row in named if row.get("fileId") not in known]:
        return f"附件不存在：{'、'.join(strangers)}"
    given = Counter(str(row.get("code", "")) for row in named)
    for material in _rows(body.get("attachments")):
        if (material.get("files") or 0) != given[str(material.get("code", ""))]:
            return f"“{material.get('name', '')}”应有{material.get('files') or 0}个附件"
    return ""


def _rows(value: object) -> list[Mapping[str, object]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
