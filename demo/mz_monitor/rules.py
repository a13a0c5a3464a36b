"""What the platform checks of a notice and how it compares; no I/O.

Refused (422): a matter it does not monitor. NOT_MATCHED: a person it has no record of, here those whose serial in the
identity number ends in 7. Everybody else is MATCHED.
"""

from typing import Final

from demo.ground import checks, notices
from demo.ground.checks import Body, Complaint, Field, may, need
from demo.ground.decision import Decision

MONITORED: Final = ("01-", "02-", "03-", "04-", "05-", "06-", "24-")
FIELDS: Final[tuple[Field, ...]] = (
    need("noticeKey", checks.pattern(r"[0-9a-f-]{36}", "推送标识格式不正确")),
    need("noticeNo", notices.number),
    need("state", checks.code("new", "amended", "revoked")),
    need("caseNo", checks.case_number),
    need("matter", checks.text(80)),
    need("townCode", checks.township),
    need("decidedAt", checks.day("%Y-%m-%d %H:%M:%S")),
    need("basis", checks.text(600)),
    need("name", checks.text(100)),
    need("idNumber", checks.identity),
    may("category", checks.text(60)),
    may("startMonth", checks.text(10)),
)


def check(body: Body) -> list[Complaint]:
    """Return everything wrong with a notice."""
    return checks.complaints(body, FIELDS)


def is_monitored(body: Body) -> bool:
    """Tell whether the platform keeps an eye on people with results of this matter."""
    return str(body["matter"]).startswith(MONITORED)


def compare(body: Body) -> Decision:
    """Return what comparing a notice that passed `check` gives."""
    if body["state"] == "revoked":
        return Decision(status="MATCHED", facts={"remark": "已移出监测名单"})
    if str(body["idNumber"])[16] == "7":
        return Decision(status="NOT_MATCHED", facts={"remark": "监测库中没有此人，请核对身份信息"})
    return Decision(status="MATCHED", facts={"remark": "与监测数据一致，已纳入帮扶名单"})
