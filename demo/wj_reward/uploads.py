"""A form with files as a browser posts it (RFC 7578), read in this site's character set; what it takes of files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from demo.ground import attachments
from demo.ground.context import SystemContext

FIELD: Final = "fuFJ"
NAMES: Final = "txtFJMC"
MOST_BYTES: Final = 5 * 1024 * 1024
TYPES: Final = frozenset(attachments.STARTS)
_BOUNDARY = re.compile(r"boundary=\"?([\w-]{1,70})")
_NAME = re.compile(r'[; ]name="([^"]*)"')
_FILENAME = re.compile(r'filename="([^"]*)"')
_KIND = re.compile(r"content-type: *([\w/+.-]+)", re.IGNORECASE)

Form = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class File:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """What a browser posted; a field that comes twice is a list."""

    form: Form
    files: list[File]


def read(body: bytes, content_type: str, *, extension: Mapping[str, str]) -> Posted:
    """Return the fields and files of a posted form; `extension` is how the site's font table writes rare characters."""
    found = _BOUNDARY.search(content_type)
    form, files = Form(), list[File]()
    for part in body.split(f"--{found[1]}".encode())[1:-1] if found else []:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        told, content = head.decode("gb18030"), content.removesuffix(b"\r\n")
        named, filename, kind = _NAME.search(told), _FILENAME.search(told), _KIND.search(told)
        name = named[1] if named else ""
        if filename is not None and name == FIELD:
            files.append(File(filename[1], kind[1] if kind else "", content))
            continue
        text = content.decode("gb18030")
        for written, character in extension.items():
            text = text.replace(written, character)
        before = form.get(name)
        form[name] = text if before is None else [*(before if isinstance(before, list) else [before]), text]
    return Posted(form, files)


def wrong_with(posted: Posted) -> str:
    """Return what does not hold of the files; empty when all do."""
    names = posted.form.get(NAMES, [])
    names = names if isinstance(names, list) else [names]
    if len(names) != len(posted.files):
        return f"附件清单有{len(names)}件，实际上传{len(posted.files)}件"
    for file in posted.files:
        if wrong := attachments.wrong_with(
            file.content, media_type=file.media_type, most_bytes=MOST_BYTES, types=TYPES
        ):
            return f"{file.name}：{wrong}"
    return ""


async def keep(context: SystemContext, number: str, posted: Posted) -> None:
    """Keep the files of an entry that was taken in."""
    for file in posted.files:
        await attachments.take_file(
            context.store, number=number, name=file.name, content=file.content, at=context.clock()
        )
