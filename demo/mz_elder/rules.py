"""What this department checks of an application and how it decides; no I/O.

Refused on the merits (status 40):
- 尊老金 ZLJ_APPLY: younger than 80 at the end of the month it is to start in;
- 养老服务补贴 YLFW_BT: economically not in hardship (category 9), or both self-sufficient (level 0) and younger than 80.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import Final

from demo.ground import checks
from demo.ground.checks import Body, Complaint, Field, may, need, when
from demo.ground.decision import Decision

ALLOWANCE_AGE: Final = 80
OTHER_CATEGORY: Final = "9"
SELF_SUFFICIENT: Final = "0"

_AGENT: Final = (
    need("agent.name", checks.text(100), lambda body: "agent" in body),
    need("agent.idNumber", checks.identity, lambda body: "agent" in body),
    need("agent.phone", checks.phone, lambda body: "agent" in body),
    need("agent.relation", checks.code("1", "2", "3", "4", "5", "9"), lambda body: "agent" in body),
)

_PERSON: Final = (
    need("outCaseNo", checks.case_number),
    need("townCode", checks.township),
    need("applicantName", checks.text(100)),
    need("idNumber", checks.identity),
    need("gender", checks.code("1", "2")),
    need("birthDate", checks.day("%Y-%m-%d")),
    need("hukouRegion", checks.township),
    need("address", checks.text(400)),
    need("acceptedAt", checks.day("%Y-%m-%d %H:%M:%S")),
)


def _bank(condition: checks.Needed = checks.always) -> tuple[Field, ...]:
    return (
        need("bank.accountName", checks.text(100), condition),
        need("bank.bankName", checks.text(160), condition),
        need("bank.accountNo", checks.account, condition),
    )


FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "ZLJ_APPLY": (
        *_PERSON,
        may("phone", checks.phone),
        need("startMonth", checks.day("%Y-%m")),
        need("origin", checks.code("SELF", "AUTO", "GRID")),
        need("confirmed", checks.code(True), when("origin", "AUTO", "GRID")),
        may("emergency.name", checks.text(100)),
        may("emergency.phone", checks.phone),
        *_bank(),
        *_AGENT,
    ),
    "YLFW_BT": (
        *_PERSON,
        need("phone", checks.phone),
        need("incomeCategory", checks.code("1", "2", "3", OTHER_CATEGORY)),
        need("selfCareLevel", checks.code(SELF_SUFFICIENT, "1", "2", "3", "4")),
        need("living", checks.code("1", "2", "3", "4")),
        need("subsidyForm", checks.code("CASH", "SERVICE")),
        may("assessmentTime", checks.text(200)),
        *_bank(when("subsidyForm", "CASH")),
        *_AGENT,
    ),
}


def check(body: Body) -> list[Complaint]:
    """Return everything wrong with the form; an unknown bizType is one complaint."""
    fields = FIELDS.get(str(body.get("bizType")))
    if fields is None:
        return [Complaint("bizType", "业务类型不存在")]
    found = checks.complaints(body, fields)
    identity = body.get("idNumber")
    if not found and isinstance(identity, str) and str(body["birthDate"]).replace("-", "") != identity[6:14]:
        found.append(Complaint("birthDate", "与身份证号中的出生日期不一致"))
    return found


def decide(body: Body) -> Decision:
    """Return what the department decides about a form that passed `check`."""
    if body["bizType"] == "ZLJ_APPLY":
        return _decide_allowance(body)
    return _decide_subsidy(body)


def _decide_allowance(body: Body) -> Decision:
    year, month = (int(part) for part in str(body["startMonth"]).split("-"))
    age = checks.age_on(str(body["idNumber"]), date(year, month, monthrange(year, month)[1]))
    if age < ALLOWANCE_AGE:
        return Decision(
            status="40", facts={"remark": f"起发月份年龄{age}周岁，未达到尊老金发放年龄{ALLOWANCE_AGE}周岁"}
        )
    amount = "100.00" if age < 90 else "200.00" if age < 100 else "500.00"
    return Decision(
        status="30",
        facts={"remark": "审核通过", "category": "尊老金", "monthlyAmount": amount, "startMonth": body["startMonth"]},
    )


def _decide_subsidy(body: Body) -> Decision:
    if body["incomeCategory"] == OTHER_CATEGORY:
        return Decision(status="40", facts={"remark": "经济困难身份不符合补贴条件"})
    accepted = date.fromisoformat(str(body["acceptedAt"])[:10])
    if body["selfCareLevel"] == SELF_SUFFICIENT and checks.age_on(str(body["idNumber"]), accepted) < ALLOWANCE_AGE:
        return Decision(status="40", facts={"remark": "能力评估等级为能力完好且未满80周岁，不符合补贴条件"})
    amount = {"0": "100.00", "1": "200.00", "2": "300.00", "3": "500.00", "4": "700.00"}[str(body["selfCareLevel"])]
    return Decision(status="30", facts={"remark": "评估通过", "category": "养老服务补贴", "monthlyAmount": amount})
