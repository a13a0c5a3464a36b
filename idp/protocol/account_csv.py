"""The file accounts are imported from: a table with one person a line, as spreadsheets save it.

UTF-8, with or without a mark, or GB18030. The first line names the columns, in Chinese or in our words, in any order;
columns not known are left out, but a column of passwords is refused: who sends passwords about must be told.
Every fault names line, column and what to do; a line with a fault is not imported, the others are.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from idp.protocol.account import fold_username

MOST_BYTES: Final = 8 * 1024 * 1024
MOST_ROWS: Final = 50_000
MOST_FAULTS: Final = 1000
ROLES: Final = {
    "clerk": "clerk", "综窗人员": "clerk", "窗口人员": "clerk",
    "editor": "editor", "指南编辑": "editor", "编辑": "editor",
    "approver": "approver", "指南审核": "approver", "审核": "approver",
    "owner": "owner", "系统主管": "owner",
    "manager": "manager", "窗口主管": "manager", "主管": "manager",
    "admin": "admin", "管理员": "admin",
}  # fmt: skip
COLUMNS: Final = {
    "username": ("username", "用户名", "账号"),
    "name": ("name", "姓名"),
    "unit": ("unit", "单位编号", "单位代码"),
    "unit_name": ("unit_name", "单位名称", "单位"),
    "region": ("region", "区划代码", "行政区划代码"),
    "roles": ("roles", "角色", "岗位角色"),
}
_LONGEST: Final = {"username": 64, "name": 100, "unit": 64, "unit_name": 200}
_PASSWORD_COLUMNS: Final = frozenset({"password", "密码", "口令", "初始密码"})
_SEPARATORS: Final = str.maketrans({"、": " ", "；": " ", ";": " ", "|": " ", "/": " ", ",": " ", "，": " "})
_REGION_DIGITS: Final = (2, 4, 6, 9)


class Trouble(StrEnum):
    """What is wrong with a line or the file; the pages have a sentence for each that says what to do."""

    ENCODING = "encoding"  # the file: neither UTF-8 nor GB18030, or no table at all
    TOO_LARGE = "too_large"  # the file: more bytes or lines than one import takes
    NO_COLUMN = "no_column"  # the file: a column is missing
    PASSWORD_COLUMN = "password_column"  # the file: it carries passwords  # noqa: S105
    UNREADABLE = "unreadable"  # quotes that don't close, or another number of cells than columns
    EMPTY = "empty"
    TOO_LONG = "too_long"
    CONTROL = "control"  # characters that can't be shown
    REGION = "region"  # not 2, 4, 6 or 9 digits
    OUTSIDE = "outside"  # not in the importer's region
    ROLE = "role"  # unknown
    TWICE = "twice"  # the user name stands in an earlier line


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault; `line` counts from 1 with the heading, `column` is the word of ours, "" for the line as a whole."""

    line: int
    column: str
    trouble: Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A line that holds."""

    line: int
    username: str
    name: str
    unit: str
    unit_name: str
    region: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a file says: people that can be imported, and the first thousand faults of `fault_count`."""

    people: tuple[Person, ...] = ()
    faults: tuple[Fault, ...] = ()
    fault_count: int = 0


def read(content: bytes, *, region: str) -> Sheet:
    """Read a file for an importer who looks after `region`; blocking, about 15 µs a line, so call it in a thread."""
    if len(content) > MOST_BYTES:
        return _refused(Trouble.TOO_LARGE)
    text = _text(content)
    if text is None:
        return _refused(Trouble.ENCODING)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heading = [cell.strip().strip("\ufeff").casefold() for cell in next(rows, [])]
    except csv.Error:
        return _refused(Trouble.ENCODING)
    if set(heading) & _PASSWORD_COLUMNS:
        return _refused(Trouble.PASSWORD_COLUMN)
    places = {column: _place(heading, names) for column, names in COLUMNS.items()}
    missing = [column for column, place in places.items() if place is None]
    if missing:
        faults = tuple(Fault(line=1, column=column, trouble=Trouble.NO_COLUMN) for column in missing)
        return Sheet(faults=faults, fault_count=len(faults))
    return _lines(rows, {column: place for column, place in places.items() if place is not None}, len(heading), region)


def _lines(rows: Iterator[list[str]], places: dict[str, int], width: int, region: str) -> Sheet:
    people: list[Person] = []
    faults: list[Fault] = []
    count = 0
    seen: set[str] = set()
    for line, row in _numbered(rows):
        if row is not None and not any(cell.strip() for cell in row):
            continue
        if len(people) + count >= MOST_ROWS:
            return _refused(Trouble.TOO_LARGE)
        found = _person(line, row, places, width, region, seen)
        if isinstance(found, Person):
            people.append(found)
            seen.add(fold_username(found.username))
            continue
        count += len(found)
        faults += found[: MOST_FAULTS - len(faults)]
    return Sheet(people=tuple(people), faults=tuple(faults), fault_count=count)


def _numbered(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str] | None]]:
    """Yield lines with their numbers, None for what can't be read; an unclosed quote swallows the rest."""
    line = 2
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield line, None
            return
        yield line, row
        line = rows.line_num + 1  # type: ignore[attr-defined]


def _person(
    line: int, row: list[str] | None, places: dict[str, int], width: int, region: str, seen: set[str]
) -> Person | list[Fault]:
    if row is None or len(row) != width:
        return [Fault(line=line, column="", trouble=Trouble.UNREADABLE)]
    cells = {column: row[place].strip() for column, place in places.items()}
    roles = tuple(
        dict.fromkeys(ROLES.get(word.casefold(), "") for word in cells["roles"].translate(_SEPARATORS).split())
    )
    troubles = {column: trouble for column, cell in cells.items() if (trouble := _trouble(column, cell, region, roles))}
    if "username" not in troubles and fold_username(cells["username"]) in seen:
        troubles["username"] = Trouble.TWICE
    if troubles:
        return [Fault(line=line, column=column, trouble=trouble) for column, trouble in troubles.items()]
    return Person(
        line=line, username=cells["username"], name=cells["name"], unit=cells["unit"], unit_name=cells["unit_name"],
        region=cells["region"], roles=roles,
    )  # fmt: skip


def _trouble(column: str, cell: str, region: str, roles: tuple[str, ...]) -> Trouble | None:
    if not cell:
        return Trouble.EMPTY
    if not cell.isprintable():
        return Trouble.CONTROL
    if len(cell) > _LONGEST.get(column, 200):
        return Trouble.TOO_LONG
    if column == "region":
        if not (cell.isascii() and cell.isdigit()) or len(cell) not in _REGION_DIGITS:
            return Trouble.REGION
        return None if cell.startswith(region) else Trouble.OUTSIDE
    if column == "roles" and (not roles or "" in roles):
        return Trouble.ROLE
    return None


def _text(content: bytes) -> str | None:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content:
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _place(heading: list[str], names: tuple[str, ...]) -> int | None:
    return next((heading.index(name) for name in names if name in heading), None)


def _refused(trouble: Trouble) -> Sheet:
    return Sheet(faults=(Fault(line=1, column="", trouble=trouble),), fault_count=1)


def write(heading: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> bytes:
    """Return a table that spreadsheets open as it is: UTF-8 with a mark, and no cell that starts a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heading)
    writer.writerows(tuple(_harmless(cell) for cell in row) for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
