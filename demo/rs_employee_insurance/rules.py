"""What the employee insurance system checks of a batch and of each of its rows; no I/O. Everything arrives as text.

A row is refused (code 1) when its person pays for the same insurance elsewhere, under 16 or over 60, or when the wage is
below the least contribution base; the rest of the batch stands.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from demo.ground import checks
from demo.ground.checks import Body, Complaint, Field, may, need, when
from demo.ground.soap import rows_of

MOST_ROWS: Final = 100
LEAST_WAGE_FEN: Final = 100_000
_FEN: Final = checks.pattern(r"\d{1,12}", "金额应为分，整数")
_MONTH: Final = checks.day("%Y%m")
_TYPES: Final = checks.pattern(r"(110|210|410)(,(110|210|410))*", "险种不在字典内")
FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "RYZJY": (
        need("batch", checks.pattern(r"\d{20}", "批次号应为20位数字")),
        need("bz", checks.case_number),
        need("unit.uscc", checks.credit_code),
        need("unit.aab004", checks.text(200)),
        may("unit.aab001", checks.text(30)),
        need("unit.aae004", checks.text(100)),
        need("unit.aae005", checks.phone),
        need("czlx", checks.code("1", "2")),
        need("xz", _TYPES),
        need("aae041", _MONTH, when("czlx", "1")),
        need("aae160", checks.code("01", "02", "03", "04", "05"), when("czlx", "2")),
    ),
    "LHJYCB": (
        need("batch", checks.pattern(r"\d{20}", "批次号应为20位数字")),
        need("bz", checks.case_number),
        need("xz", checks.code("110")),
        need("aae041", _MONTH),
        need("zffs", checks.code("1", "2", "3")),
        need("ydwcb", checks.code("1", "0")),
        may("yh.aae009", checks.text(100)),
        may("yh.aae008", checks.text(160)),
        may("yh.aae010", checks.account),
        need("dbr.aac003", checks.text(100), lambda body: "dbr" in body),
        need("dbr.aac002", checks.identity, lambda body: "dbr" in body),
        need("dbr.aae005", checks.phone, lambda body: "dbr" in body),
        need("dbr.gx", checks.text(40), lambda body: "dbr" in body),
    ),
}
_ROWS: Final[Mapping[str, tuple[Field, ...]]] = {
    "RYZJY": (
        need("n", checks.pattern(r"\d{1,3}", "缺少行号")),
        need("aac003", checks.text(100)),
        need("aac002", checks.identity),
        need("aae005", checks.phone),
        need("aac049", checks.day("%Y%m%d")),
        need("yac004", _FEN),
        need("aac013", checks.code("1", "2", "3")),
    ),
    "LHJYCB": (
        need("n", checks.code("1")),
        need("aac003", checks.text(100)),
        need("aac002", checks.identity),
        need("aac004", checks.code("1", "2")),
        need("aac006", checks.day("%Y%m%d")),
        need("aae005", checks.phone),
        need("aac301", checks.township),
        need("aae006", checks.text(400)),
        need("yac004", _FEN),
    ),
}


def check(body: Body) -> list[Complaint]:
    """Return everything wrong with the batch as a whole; an unknown tx is one complaint."""
    operation = str(body.get("tx"))
    if operation not in FIELDS:
        return [Complaint("tx", "交易码不存在")]
    found, rows = checks.complaints(body, FIELDS[operation]), rows_of(body, "rows", "row")
    if not 1 <= len(rows) <= MOST_ROWS:
        found.append(Complaint("rows", f"一次1至{MOST_ROWS}人"))
    for number, row in enumerate(rows, 1):
        found += [Complaint(f"rows[{number}].{c.path}", c.text) for c in checks.complaints(row, _ROWS[operation])]
    return found


def business_keys(body: Body, row: Mapping[str, object]) -> frozenset[str]:
    """Return what only one unit may hold for a person: one insurance type in one month."""
    types = str(body.get("xz", "")).split(",")
    return frozenset(f"{row.get('aac002')}:{kind}:{body.get('aae041')}" for kind in types)


def refusal(body: Body, row: Mapping[str, object], *, taken: frozenset[str], on: date) -> str:
    """Return why a row is not taken, empty when it is; `taken` are the keys others hold."""
    if body.get("czlx") == "2":
        return ""
    if not business_keys(body, row).isdisjoint(taken):
        return "该人员在其他单位正常参保"
    if checks.age_on(str(row["aac002"]), on) < 16:
        return "未满16周岁，不能参保"
    if int(str(row["yac004"])) < LEAST_WAGE_FEN:
        return "申报工资低于最低缴费基数的一半，请核对单位是否为分"
    return ""
