"""Files of social assistance: handed over first (YWLX FJSC), then named by their FJID in the application's FJQD.

2003 a file that is not taken: over 5 MB, neither JPG nor PDF, not base64 · 2004 an application that names a file they
don't have of that case, or leaves one out that its list of materials counts (FJS)
"""

import base64
import binascii
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from demo.ground.attachments import files_of, take_file, wrong_with
from demo.ground.checks import Body
from demo.ground.context import SystemContext
from demo.ground.soap import rows_of

UPLOAD: Final = "FJSC"
MOST_BYTES: Final = 5 * 1024 * 1024
TYPES: Final = frozenset({"image/jpeg", "application/pdf"})


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to a file: `file_id` is empty where it was not taken."""

    code: str
    message: str
    file_id: str = ""


def file_id(row: int) -> str:
    return f"FJ{row:010d}"


async def take(context: SystemContext, body: Mapping[str, object]) -> Said:
    """Take one file in, or say why not."""
    number, name = str(body.get("WBBH", "")), str(body.get("WJM", ""))
    if not number or not name:
        return Said("2001", "WBBH、WJM不能为空")
    try:
        content = base64.b64decode(str(body.get("NR", "")), validate=True)
    except (binascii.Error, ValueError):
        return Said("2003", "附件内容不是BASE64")
    if wrong := wrong_with(content, media_type=str(body.get("WJLX", "")), most_bytes=MOST_BYTES, types=TYPES):
        return Said("2003", wrong)
    if str(len(content)) != str(body.get("WJDX", "")):
        return Said("2003", "附件大小不符，可能传输不完整")
    row = await take_file(context.store, number=number, name=name, content=content, at=context.clock())
    return Said("0000", "成功", file_id(row))


async def wrong_with_list(context: SystemContext, body: Body) -> str:
    """Return what does not hold of the files an application names; empty when all do."""
    number = str(body.get("WBBH", ""))
    named = rows_of(body, "FJQD", "FJ")
    known = {file_id(each.row) for each in await files_of(context.store, number)}
    if strangers := [str(row.get("FJID", "")) for row in named if row.get("FJID") not in known]:
        return f"附件不存在：{'、'.join(strangers)}"
    given = Counter(str(row.get("MC", "")) for row in named)
    for material in rows_of(body, "CLQD", "CL"):
        counted = str(material.get("FJS", "") or "0")
        if counted != str(given[str(material.get("MC", ""))]):
            return f"“{material.get('MC', '')}”应有{counted}个附件"
    return ""
