"""What this department checks and decides; no I/O. Field names are its indicator codes (人社指标体系).

aac003 姓名 · aac002 公民身份号码 · aac004 性别 · aac005 民族 · aac006 出生日期 · aae005 联系电话 · aae006 居住地址 · aab301 户籍地区划 ·
aac066 参保身份 · aac084 在校学生标志 · aae030 参保月份 · aaz289 缴费档次 · aae145 缴费方式 · aae008 开户银行 · aae009 户名 · aae010 账号 ·
aic160 待遇起领年月 · aae202 累计缴费年限 · bae301 补缴标志 · bae302 补缴年数 · bae303 领取其他待遇标志 · aae160 注销原因 · aae035 注销日期 ·
lqr 领取人 · bae304 继承人同意标志 · bae310 待遇类别 · bae311 认证方式 · bae312 人像分值 · bae313 上门人员 · bae314 采集时间 · dbr 代办人.

Refused with code -1 (GRCBDJ, DYZG_RZ) or by callback (DYSL, ZXDJ):
- GRCBDJ: a pupil or student, or younger than 16;
- DYZG_RZ: 企业职工 benefits (category 2), which the employees' system certifies;
- DYSL: younger than 60 in the month it starts, drawing another pension, or less than 15 years without paying up;
- ZXDJ: on death, a claimant who is the deceased.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import Final

from demo.ground import checks
from demo.ground.checks import Body, Complaint, Field, may, need, when
from demo.ground.decision import Decision

PENSION_AGE: Final = 60
LEAST_AGE: Final = 16
LEAST_YEARS: Final = 15
EMPLOYEES: Final = "2"

_PERSON: Final = (
    need("aac003", checks.text(100)),
    need("aac002", checks.identity),
    need("aac004", checks.code("1", "2")),
    need("aac006", checks.day("%Y%m%d")),
    need("aae005", checks.phone),
    need("aab301", checks.township),
    need("aae006", checks.text(400)),
)
_AGENT: Final = (
    need("dbr.aac003", checks.text(100), lambda body: "dbr" in body),
    need("dbr.aac002", checks.identity, lambda body: "dbr" in body),
    need("dbr.aae005", checks.phone, lambda body: "dbr" in body),
    need("dbr.aae144", checks.code("1", "2", "3", "4", "5", "9"), lambda body: "dbr" in body),
)
_ACCOUNT: Final = (
    need("aae009", checks.text(100)),
    need("aae008", checks.text(160)),
    need("aae010", checks.account),
)
_YES_NO: Final = checks.code("0", "1")
_RELATIONS: Final = ("01", "10", "11", "20", "30", "40", "50", "60", "97", "99", "02")

FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "GRCBDJ": (
        *_PERSON,
        may("aac005", checks.pattern(r"\d{2}", "民族代码应为2位")),
        need("aac066", checks.code("00", "01", "02", "03", "04")),
        need("aac084", _YES_NO),
        need("aae030", checks.integer_month),
        need("aaz289", checks.code(100, 200, 500, 1000, 2000, 9999)),
        need("aae145", checks.code("1", "2", "3")),
        may("aae009", checks.text(100)),
        may("aae008", checks.text(160)),
        may("aae010", checks.account),
        *_AGENT,
    ),
    "DYSL": (
        *_PERSON,
        may("aae202", checks.number(0, 60)),
        need("bae301", _YES_NO),
        need("bae302", checks.integer(1, 15), when("bae301", "1")),
        need("bae303", _YES_NO),
        need("aic160", checks.integer_month),
        *_ACCOUNT,
        *_AGENT,
    ),
    "ZXDJ": (
        need("aac003", checks.text(100)),
        need("aac002", checks.identity),
        need("aae160", checks.code("1", "2")),
        need("aae035", checks.day("%Y%m%d")),
        need("lqr.aac003", checks.text(100)),
        need("lqr.aac002", checks.identity),
        need("lqr.aae005", checks.phone),
        need("lqr.aae144", checks.code(*_RELATIONS)),
        need("bae304", checks.code("1"), when("aae160", "1")),
        *_ACCOUNT,
    ),
    "DYZG_RZ": (
        need("aac003", checks.text(100)),
        need("aac002", checks.identity),
        may("aae005", checks.phone),
        need("aae006", checks.text(400)),
        need("bae310", checks.code("1", EMPLOYEES, "3", "4")),
        need("bae311", checks.code("1", "2", "3", "4")),
        may("bae312", checks.number(0, 100)),
        need("bae313", checks.text(100), when("bae311", "2")),
        may("bae314", checks.day("%Y%m%d%H%M%S")),
        *_AGENT,
    ),
}

BENEFITS: Final = frozenset({"DYSL", "ZXDJ"})
"""Decided later, and shut out by the monthly settlement."""


def check(operation: str, body: Body) -> list[Complaint]:
    """Return everything wrong with a transaction's body."""
    found = checks.complaints(body, FIELDS[operation])
    if not found and "aac006" in body and str(body["aac006"]) != str(body["aac002"])[6:14]:
        found.append(Complaint("aac006", "与身份证号中的出生日期不一致"))
    return found


def decide(operation: str, body: Body, *, on: date) -> Decision:
    """Return the decision on a body that passed `check`; `on` is today in Beijing."""
    match operation:
        case "GRCBDJ":
            return _enrol(body, on)
        case "DYZG_RZ":
            return _certify(body, on)
        case "DYSL":
            return _grant(body)
        case _:
            return _cancel(body)


def _refused(reason: str) -> Decision:
    return Decision(status="-1", facts={"msg": reason})


def _enrol(body: Body, on: date) -> Decision:
    if body["aac084"] == "1":
        return _refused("在校学生不符合城乡居民养老保险参保条件")
    if (age := checks.age_on(str(body["aac002"]), on)) < LEAST_AGE:
        return _refused(f"参保人{age}周岁，未满{LEAST_AGE}周岁，不予登记")
    return Decision(status="3", facts={"msg": "成功", "aae030": body["aae030"], "aaz289": body["aaz289"]})


def _certify(body: Body, on: date) -> Decision:
    if body["bae310"] == EMPLOYEES:
        return _refused("该人员为企业职工养老待遇，请到企业职工社会保险业务系统认证")
    return Decision(status="3", facts={"msg": "成功", "rznd": on.year})


def _grant(body: Body) -> Decision:
    year, month = divmod(int(str(body["aic160"])), 100)
    if checks.age_on(str(body["aac002"]), date(year, month, monthrange(year, month)[1])) < PENSION_AGE:
        return _refused(f"起领月份未满{PENSION_AGE}周岁，未达到领取年龄")
    if body["bae303"] == "1":
        return _refused("已领取其他基本养老待遇，不得重复领取")
    paid = float(str(body.get("aae202", LEAST_YEARS))) + float(str(body.get("bae302", 0)))
    if paid < LEAST_YEARS:
        return _refused(f"累计缴费年限不足{LEAST_YEARS}年且未补足")
    amount = 200.0 + 8.5 * paid
    return Decision(status="3", facts={"msg": "核定通过", "aae129": f"{amount:.2f}", "aic160": body["aic160"]})


def _cancel(body: Body) -> Decision:
    claimant = body["lqr"]
    if body["aae160"] == "1" and isinstance(claimant, Mapping) and claimant.get("aac002") == body["aac002"]:
        return _refused("死亡注销的领取人不能为参保人本人")
    stop = str(body["aae035"])[:6]
    return Decision(status="3", facts={"msg": "注销完成", "aae031": int(stop)})
