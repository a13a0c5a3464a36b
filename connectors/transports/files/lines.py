"""Batch files as bytes: lines of fields in a fixed order, the `.ok` beside a file, receipt lines. Pure.

`0001|990101…|测试甲|…` CRLF; the position in front is ours, four digits from 0001. A `.ok` is one line:
`name|SM3 of the file|its bytes|its rows`, and in front of a receipt's line end also the name of the file it answers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes

from connectors.batches import Batch
from connectors.charsets import is_utf8_instead
from connectors.errors import MappingRefused
from connectors.messages import N_
from connectors.spec_file_batch import FieldSpec, FileBatchSpec

LINE_END: Final = "\r\n"
MOST_OK_BYTES: Final = 4_096
_LABEL: Final = re.compile(r"(\d{8})_(\d{2,6})")

TOO_LONG: Final = N_("超过部门文件字段的字节数")
NOT_KEPT: Final = N_("含有部门字符集没有的字符")
BREAKS_LINE: Final = N_("含有部门文件的分隔符或换行")
NO_FIELD: Final = N_("部门文件没有这一项")
NEEDED: Final = N_("部门要求填写，办件中没有")


class FileUnreadable(Exception):
    """A file of theirs does not hold; `reason` is one word: manifest, missing, half, charset, shape, too_large.

    `content` is what was read of it.
    """

    def __init__(self, reason: str, content: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.content = content


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a `.ok` says. `answers` is the file a receipt belongs to, empty in ours."""

    name: str
    sm3: str
    size: int
    rows: int
    answers: str = ""

    def describes(self, content: bytes) -> bool:
        return len(content) == self.size and sm3(content) == self.sm3


def make_line(body: object, spec: FileBatchSpec) -> str:
    """Return a line without position and line end.

    Raises:
        MappingRefused: a field does not fit, is missing, unknown, or would break the line.
    """
    given = body if isinstance(body, Mapping) else {}
    if unknown := sorted(given.keys() - {field.name for field in spec.fields}):
        raise MappingRefused(unknown[0], NO_FIELD)
    return spec.separator.join(_field(given.get(field.name), field, spec) for field in spec.fields)


def _field(value: object, field: FieldSpec, spec: FileBatchSpec) -> str:
    if value is None or value == "":
        if field.required:
            raise MappingRefused(field.name, NEEDED)
        return ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ";".join(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise MappingRefused(field.name, N_("应为单个值"))
    text = str(value)
    if spec.separator in text or any(mark in text for mark in "\r\n\0"):
        raise MappingRefused(field.name, BREAKS_LINE)
    try:
        size = len(text.encode(spec.charset))
    except UnicodeEncodeError:
        raise MappingRefused(field.name, NOT_KEPT) from None
    if size > field.bytes:
        raise MappingRefused(field.name, TOO_LONG)
    return text


def file_name(spec: FileBatchSpec, batch: Batch) -> str:
    return f"{spec.prefix}{batch.label}.txt"


def ok_name(name: str) -> str:
    """Return the name of the marker beside a file."""
    return f"{name.removesuffix('.txt')}.ok"


def row_number(spec: FileBatchSpec, batch: Batch, position: int) -> str:
    """Return what a row is called by both sides: file and position."""
    return f"{spec.prefix}{batch.label}-{position:04d}"


def file_bytes(batch: Batch, spec: FileBatchSpec) -> bytes:
    """Return the whole file."""
    lines = (f"{row.position:04d}{spec.separator}{row.line}{LINE_END}" for row in batch.rows)
    return "".join(lines).encode(spec.charset)


def ok_bytes(name: str, content: bytes, rows: int) -> bytes:
    """Return the `.ok` of a file of ours."""
    return f"{name}|{sm3(content)}|{len(content)}|{rows}{LINE_END}".encode("ascii")


def read_ok(content: bytes) -> Manifest:
    """Return what a `.ok` says.

    Raises:
        FileUnreadable: it is not one.
    """
    try:
        name, digest, size, rows, *answers = content.decode("ascii").strip().split("|")
        return Manifest(
            name=name, sm3=digest.lower(), size=int(size), rows=int(rows), answers=answers[0] if answers else ""
        )
    except (ValueError, UnicodeDecodeError):
        raise FileUnreadable("manifest", content) from None


def read_receipt(content: bytes, manifest: Manifest, spec: FileBatchSpec) -> Sequence[Mapping[str, str]]:
    """Return the lines of a receipt by field name.

    Raises:
        FileUnreadable: it is not the file its `.ok` describes, not in the charset, or not in the agreed shape.
    """
    if not manifest.describes(content):
        raise FileUnreadable("half", content)
    try:
        text = content.decode(spec.charset)
    except UnicodeDecodeError:
        raise FileUnreadable("charset", content) from None
    if spec.charset != "utf-8" and is_utf8_instead(content):
        raise FileUnreadable("charset", content)
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    names = spec.receipt.fields
    split = [line.split(spec.separator) for line in lines]
    if len(lines) != manifest.rows or any(len(parts) != len(names) for parts in split):
        raise FileUnreadable("shape", content)
    return [dict(zip(names, parts, strict=True)) for parts in split]


def label_in(name: str, prefix: str) -> tuple[str, int] | None:
    """Return day (yyyyMMdd) and number in a file's name; None for a name of another kind."""
    found = _LABEL.fullmatch(name.removeprefix(prefix).rpartition(".")[0]) if name.startswith(prefix) else None
    return (found[1], int(found[2])) if found else None


def sm3(content: bytes) -> str:
    """Return the SM3 digest in small hexadecimal letters."""
    hashing = hashes.Hash(hashes.SM3())
    hashing.update(content)
    return hashing.finalize().hex()
