"""What this department checks of an application and how it decides; no I/O. Everything arrives as text.

Refused on the merits (BYQR): 低保 DB_APPLY and 低保边缘 DBBY_APPLY with more than two houses, or with savings of more than
24 months of the local standard per head; 临时救助 LSJZ_APPLY whose necessary expense is covered by what was reimbursed.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from demo.ground import checks
from demo.ground.checks import Body, Complaint, Field, may, need, when
from demo.ground.decision import Decision
from demo.ground.soap import rows_of

MONTHLY_STANDARD: Final = Decimal(1100)
MOST_HOUSES: Final = 2
MONTHS_OF_SAVINGS: Final = 24
MOST_MONTHS_OF_RELIEF: Final = 6
LEAST_ALLOWANCE: Final = Decimal(100)

_MONEY: Final = checks.pattern(r"\d{1,12}\.\d{2}", "金额应为元，保留两位小数")
_COUNT: Final = checks.pattern(r"\d{1,2}", "应为整数")
_FLAG: Final = checks.code("1", "0")
_DAY: Final = checks.day("%Y%m%d")
_PERSON: Final = (
    need("WBBH", checks.case_number),
    need("XZQH", checks.township),
    need("SLSJ", checks.day("%Y%m%d%H%M%S")),
    need("SQRXM", checks.text(100)),
    need("SFZH", checks.identity),
    need("XB", checks.code("1", "2")),
    need("LXDH", checks.phone),
    need("HJD", checks.township),
    need("JZDZ", checks.text(400)),
    need("DBR.XM", checks.text(100), lambda body: "DBR" in body),
    need("DBR.SFZH", checks.identity, lambda body: "DBR" in body),
    need("DBR.LXDH", checks.phone, lambda body: "DBR" in body),
    need("DBR.GX", checks.text(40), lambda body: "DBR" in body),
)
_HOUSEHOLD: Final = (
    need("JTRS", _COUNT),
    need("JTYSR", _MONEY),
    need("CL", _FLAG),
    need("FCTS", _COUNT),
    need("JRZC", _MONEY),
    need("HDSQ", checks.code("1")),
)


def _bank(condition: checks.Needed = checks.always) -> tuple[Field, ...]:
    return (
        need("YH.HM", checks.text(100), condition),
        need("YH.KHH", checks.text(160), condition),
        need("YH.ZH", checks.account, condition),
    )


FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "DB_APPLY": (
        *_PERSON,
        *_HOUSEHOLD,
        *_bank(),
        need("CSRQ", _DAY),
        need("SQFS", checks.code("household", "single_person")),
        need("HYZK", checks.code("10", "20", "30", "40")),
        may("HKXZ", checks.code("1", "2")),
        may("GDZC", _MONEY),
        need("JQS", _FLAG),
        need("CJDJ", checks.code("0", "1", "2", "3", "4"), when("SQFS", "single_person")),
        may("ZDJB", checks.text(200)),
        need("ZKYY", checks.text(100)),
        need("QKSM", checks.text(1000)),
        need("TYZR", _FLAG),
    ),
    "DBBY_APPLY": (
        *_PERSON,
        *_HOUSEHOLD,
        may("ZBBH", checks.text(50)),
        need("QKSM", checks.text(1000)),
        may("BFXQ", checks.text(100)),
    ),
    "TK_APPLY": (
        *_PERSON,
        *_HOUSEHOLD,
        *_bank(when("GYFS", "home")),
        need("CSRQ", _DAY),
        need("DXLB", checks.code("1", "2", "3")),
        need("CJZH", checks.pattern(r"\d{17}[\dX][1-7][1-4](B\d)?", "残疾人证号不正确"), when("DXLB", "2")),
        may("ZLNL", checks.code("1", "2", "3")),
        need("GYFS", checks.code("home", "institution")),
        need("GYJG", checks.text(200), when("GYFS", "institution")),
        need("ZLR.XM", checks.text(100), when("GYFS", "home")),
        need("ZLR.LXDH", checks.phone, when("GYFS", "home")),
    ),
    "LSJZ_APPLY": (
        *_PERSON,
        *_HOUSEHOLD,
        *_bank(),
        need("JZLX", checks.code("expenditure", "emergency")),
        need("KNSY", checks.code("1", "2", "3", "4", "5", "9")),
        need("FSRQ", _DAY),
        need("ZCZE", _MONEY),
        need("YBXE", _MONEY),
        need("QKSM", checks.text(1000)),
        need("FXQD", checks.code("1", "2", "3", "4")),
        need("XXJZ", _FLAG, when("JZLX", "emergency")),
    ),
}
PREFIXES: Final = {"DB_APPLY": "DB", "DBBY_APPLY": "DBBY", "TK_APPLY": "TK", "LSJZ_APPLY": "LSJZ"}
_MEMBER: Final = (
    need("XM", checks.text(100)),
    need("SFZH", checks.identity),
    need("GX", checks.text(40)),
    need("JYZK", checks.text(40)),
    need("YSR", _MONEY),
    may("JKZK", checks.text(40)),
)


def check(body: Body) -> list[Complaint]:
    """Return everything wrong with the application; an unknown YWLX is one complaint."""
    fields = FIELDS.get(str(body.get("YWLX")))
    if fields is None:
        return [Complaint("YWLX", "业务类型不存在")]
    found = checks.complaints(body, fields)
    members = rows_of(body, "JTCY", "CY")
    if not members:
        found.append(Complaint("JTCY", "至少一名家庭成员"))
    for number, member in enumerate(members, 1):
        found += [Complaint(f"JTCY.CY[{number}].{c.path}", c.text) for c in checks.complaints(member, _MEMBER)]
    return found


def household(body: Body) -> frozenset[str]:
    """Return the identity numbers that may stand in one application at a time."""
    members = (str(row.get("SFZH", "")) for row in rows_of(body, "JTCY", "CY"))
    return frozenset(number for number in (*members, str(body.get("SFZH", ""))) if number)


def decide(body: Body, *, on: date) -> Decision:
    """Return what the department decides on a day about an application that passed `check`."""
    if body["YWLX"] == "LSJZ_APPLY" and Decimal(str(body["YBXE"])) >= Decimal(str(body["ZCZE"])):
        return Decision(status="BYQR", facts={"BZSM": "必需支出已由报销、理赔或其他救助覆盖"})
    if body["YWLX"] in ("DB_APPLY", "DBBY_APPLY"):
        if int(str(body["FCTS"])) > MOST_HOUSES:
            return Decision(status="BYQR", facts={"BZSM": f"家庭房产超过{MOST_HOUSES}套，不符合财产状况规定"})
        most = MONTHLY_STANDARD * MONTHS_OF_SAVINGS * int(str(body["JTRS"]))
        if Decimal(str(body["JRZC"])) > most:
            return Decision(status="BYQR", facts={"BZSM": f"家庭金融资产超过{most}元，不符合财产状况规定"})
    return Decision(status="QR", facts={"BZSM": "经审核确认，符合救助条件", **_granted(body, on)})


def _granted(body: Body, on: date) -> dict[str, str]:
    """Return what is paid: relief at once, the living allowance from the next month."""
    if body["YWLX"] == "LSJZ_APPLY":
        paid = min(Decimal(str(body["ZCZE"])) - Decimal(str(body["YBXE"])), MONTHLY_STANDARD * MOST_MONTHS_OF_RELIEF)
        return {"JE": f"{paid:.2f}", "FFRQ": f"{on:%Y-%m-%d}"}
    if body["YWLX"] != "DB_APPLY":
        return {}
    heads = int(str(body["JTRS"]))
    paid = max(MONTHLY_STANDARD * heads - Decimal(str(body["JTYSR"])), LEAST_ALLOWANCE)
    return {"JE": f"{paid:.2f}", "QSNY": f"{on.year + on.month // 12}-{on.month % 12 + 1:02d}"}
