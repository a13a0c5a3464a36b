"""The department's side of the files: what a marker says, lines as they should be, receipts as they are written. No I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from demo.ground import checks
from demo.ground.checks import Complaint, may, need, when
from demo.ground.decision import Decision
from demo.ground.sm import sm3

CHARSET: Final = "gbk"
NAME: Final = re.compile(r"ZK_(\d{8})_(\d{2,6})\.ok")
COLUMNS: Final = (
    "XH", "SFZH", "XM", "YH", "YWLB", "SQRQ", "YYCS", "XB", "CSRQ", "MZ", "LXDH", "HJDQ", "XJZDZ", "JHRXM", "JHRSFZH",
    "BHKYY", "YKH", "SFYJ", "YJDZ", "DBRXM", "DBRSFZH", "DBRDH", "DBRGX", "CLQD", "WBBH",
)  # fmt: skip
CHILD: Final = 16
FIELDS: Final = (
    need("XH", checks.pattern(r"\d{4}", "序号应为四位数字")),
    need("SFZH", checks.identity),
    need("XM", checks.text(100)),
    need("YH", checks.code("102", "103", "104", "105", "403", "313", "402")),
    need("YWLB", checks.code("1", "2")),
    need("SQRQ", checks.day("%Y%m%d")),
    need("YYCS", checks.pattern(r"\d{6}", "应为六位区划代码")),
    need("XB", checks.code("1", "2")),
    need("CSRQ", checks.day("%Y%m%d")),
    need("MZ", checks.pattern(r"\d{2}", "民族代码应为2位")),
    need("LXDH", checks.phone),
    need("HJDQ", checks.township),
    need("XJZDZ", checks.text(400)),
    may("JHRXM", checks.text(100)),
    may("JHRSFZH", checks.identity),
    need("BHKYY", checks.code("1", "2", "3", "4"), when("YWLB", "2")),
    may("YKH", checks.text(30)),
    need("SFYJ", checks.code("0", "1")),
    need("YJDZ", checks.text(400), when("SFYJ", "1")),
    may("DBRSFZH", checks.identity),
    may("DBRDH", checks.phone),
    may("DBRGX", checks.code("1", "2", "3", "4", "5", "9")),
    need("WBBH", checks.case_number),
)


class FileRefused(Exception):
    """A file does not hold; nothing of it is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    name: str
    digest: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """`0001|00|制卡成功|6217…`"""

    row: str
    code: str
    message: str
    card: str = ""

    def __str__(self) -> str:
        return "|".join((self.row, self.code, self.message, self.card))


def read_marker(content: bytes) -> Marker:
    """Return what a `.ok` says.

    Raises:
        FileRefused: it is none.
    """
    try:
        name, digest, size, rows = content.decode("ascii").strip().split("|")
        return Marker(name=name, digest=digest, size=int(size), rows=int(rows))
    except ValueError:
        raise FileRefused("标志文件格式不正确") from None


def read_lines(content: bytes, marker: Marker) -> list[dict[str, str]]:
    """Return the lines of a file by column.

    Raises:
        FileRefused: size, digest, character set, line ends or columns are not as agreed.
    """
    if len(content) != marker.size or sm3(content).hex() != marker.digest:
        raise FileRefused("文件与摘要清单不一致")
    if not content.endswith(b"\r\n") or content.count(b"\n") != content.count(b"\r\n"):
        raise FileRefused("行尾不是CRLF")
    try:
        lines = content.decode(CHARSET).split("\r\n")[:-1]
    except UnicodeDecodeError:
        raise FileRefused("含有半个汉字") from None
    split = [line.split("|") for line in lines]
    if len(lines) != marker.rows or any(len(parts) != len(COLUMNS) for parts in split):
        raise FileRefused("行数或列数不正确")
    return [dict(zip(COLUMNS, parts, strict=True)) for parts in split]


def check(line: dict[str, str]) -> list[Complaint]:
    """Return everything wrong with a line."""
    found = checks.complaints(line, FIELDS)
    if not found and line["CSRQ"] != line["SFZH"][6:14]:
        found.append(Complaint("CSRQ", "与身份证号中的出生日期不一致"))
    return found


def decide(line: dict[str, str], *, photo_holds: bool) -> Decision:
    """Return the receipt's code and words for a line."""
    if wrong := check(line):
        return Decision(status="10", facts={"message": "；".join(str(complaint) for complaint in wrong)[:120]})
    if not photo_holds:
        return Decision(status="90", facts={"message": "照片不合格，请重新采集"})
    card = f"6217{int(line['SFZH'][:17]) % 10**12:012d}"
    return Decision(status="00", facts={"message": "制卡成功", "card": card})


def write_receipt(lines: Sequence[ReceiptLine]) -> bytes:
    """Return a receipt file."""
    return "".join(f"{line}\r\n" for line in lines).encode(CHARSET)


def write_marker(name: str, content: bytes, rows: int, answers: str) -> bytes:
    """Return the `.ok` of a receipt; `answers` is the file it belongs to."""
    return f"{name}|{sm3(content).hex()}|{len(content)}|{rows}|{answers}\r\n".encode("ascii")
