"""What this department checks of a row and how it decides; no I/O.

Refused on the merits (HZ_CODE 4):
- 两项补贴 CJR_BT: nursing (BTLX 2) below level 2; living (BTLX 1) without a hardship of the first three kinds; an
  injured worker's nursing fee;
- 儿童保障 ET_JBSH: an orphan (BTLX 3) whose parents are not both dead or missing.
"""

import base64
from collections.abc import Mapping
from typing import Final

from demo.ground import checks, notices
from demo.ground.checks import Body, Complaint, Field, may, need, when
from demo.ground.decision import Decision
from demo.ground.sm import Undecryptable, sm4_decrypt
from demo.mz_benefit.tables import SEALED, SEALED_OF_CHILDREN

_RELATIONS: Final = ("01", "02", "10", "11", "20", "30", "40", "50", "60", "97", "99")
_PARENT: Final = checks.code("01", "02", "03", "04", "05", "06", "99")
_HEAD: Final = (
    need("ROW_GUID", checks.pattern(r"[0-9a-f-]{36}", "行标识格式不正确")),
    need("CD_BATCH", checks.pattern(r"\d{8}-\d{2}", "批次号格式不正确")),
    need("WBBH", checks.case_number),
    need("XZQH", checks.township),
    need("XM", checks.text(100)),
    need("SFZHM", checks.identity),
    need("XB", checks.code("1", "2")),
    need("HJDQ", checks.township),
    need("XJZDZ", checks.text(400)),
    need("KHXM", checks.text(100)),
    need("KHYH", checks.text(160)),
    need("YHZH", checks.account),
    may("CLQD", checks.text(1000)),
)
FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "CJR_BT": (
        *_HEAD,
        need("BTLX", checks.code("1", "2")),
        need("CSRQ", checks.day("%Y-%m-%d")),
        need("LXDH", checks.phone),
        need("CJRZH", checks.pattern(r"\d{17}[\dX][1-7][1-4](B\d)?", "残疾人证号格式不正确")),
        need("CJLB", checks.code("1", "2", "3", "4", "5", "6", "7")),
        need("CJDJ", checks.code("1", "2", "3", "4")),
        need("DSRSF", checks.code("01", "02", "03", "99"), when("BTLX", "1")),
        need("GSHLF", checks.code("0", "1"), when("BTLX", "2")),
        may("JHRXM", checks.text(100)),
        may("JHRSFZH", checks.identity),
        may("JHRDH", checks.phone),
        need("DBRSFZH", checks.identity, lambda row: bool(row.get("DBRXM"))),
        need("DBRDH", checks.phone, lambda row: bool(row.get("DBRXM"))),
        need("DBRGX", checks.code("1", "2", "3", "4", "5", "9"), lambda row: bool(row.get("DBRXM"))),
    ),
    "ET_JBSH": (
        *_HEAD,
        need("BTLX", checks.code("3", "4")),
        need("JXZK", checks.code("1", "2", "3")),
        need("FQQX", _PARENT),
        need("MQQX", _PARENT),
        may("FQSFZH", checks.identity),
        may("MQSFZH", checks.identity),
        need("JHRXM", checks.text(100)),
        need("JHRSFZH", checks.identity),
        need("JHRDH", checks.phone),
        need("JHRGX", checks.code(*_RELATIONS)),
    ),
}


PAYMENTS: Final = (notices.SUSPEND, notices.RESUME, notices.END)
_NOTICE: Final = {"number": "WBBH", "basis": "FLYJ", "state": "GZZT", "name": "XM", "id": "SFZHM"}


def opened(row: Mapping[str, object], key: bytes) -> dict[str, object]:
    """Return the row with its sealed columns in clear, empty ones left out.

    Raises:
        Undecryptable: a column that must be sealed is not, or not with this key.
    """
    sealed = SEALED_OF_CHILDREN if row.get("YWLX") == "ET_JBSH" else SEALED
    clear: dict[str, object] = {}
    for name, value in row.items():
        if value in (None, ""):
            continue
        clear[name] = _open(str(value), key) if name in sealed else value
    return clear


def _open(text: str, key: bytes) -> str:
    try:
        return sm4_decrypt(key, base64.b64decode(text, validate=True)).decode()
    except ValueError:
        raise Undecryptable from None


def check(row: Body) -> list[Complaint]:
    """Return everything wrong with a row; an unknown YWLX is one complaint."""
    if row.get("YWLX") in PAYMENTS:
        return notices.check(row, _NOTICE)
    fields = FIELDS.get(str(row.get("YWLX")))
    return [Complaint("YWLX", "业务类型不存在")] if fields is None else checks.complaints(row, fields)


def decide(row: Body) -> Decision:
    """Return what the department decides about a row that passed `check`."""
    if row["YWLX"] in PAYMENTS:
        return Decision(status="3", facts={"message": notices.SAID[str(row["YWLX"])]})
    return _decide_disabled(row) if row["YWLX"] == "CJR_BT" else _decide_child(row)


def _decide_disabled(row: Body) -> Decision:
    if row["BTLX"] == "2":
        if str(row["CJDJ"]) > "2":
            return _refused("残疾等级不属于一级、二级，不符合护理补贴条件")
        if row.get("GSHLF") == "1":
            return _refused("已领取工伤保险生活护理费，不得兼得")
        return _approved("120.00")
    if row["DSRSF"] == "99":
        return _refused("低收入身份不符合生活补贴条件")
    return _approved("460.00")


def _decide_child(row: Body) -> Decision:
    if row["BTLX"] == "3" and not {row["FQQX"], row["MQQX"]} <= {"01", "02"}:
        return _refused("父母情形不符合孤儿认定条件，可按事实无人抚养儿童申请")
    return _approved("2100.00" if row["BTLX"] == "3" else "1900.00")


def _approved(amount: str) -> Decision:
    return Decision(status="3", facts={"message": "审定通过", "amount": amount})


def _refused(reason: str) -> Decision:
    return Decision(status="4", facts={"message": reason})
