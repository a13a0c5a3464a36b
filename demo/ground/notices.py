"""Notices (回流、联动): what OneWindow tells a department about a person beyond its own applications.

Every department takes them by its own protocol; what they have in common is here. A notice is known by its number, and
the same number again changes nothing. `HL_…` tell a result, `LD_…` ask for something: to suspend, resume or end payments.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from demo.ground import checks, received_sql
from demo.ground.checks import Body, Complaint, Field, may, need
from demo.ground.received import ReceivedStore

RESULT: Final = "HL_NOTICE"
SUSPEND, RESUME, END = "LD_SUSPEND", "LD_RESUME", "LD_END"
NOTICES: Final = ("HL_", "LD_")
"""How the operations of notices begin; a list of a day's applications does not name them."""

_NUMBER = r"(\d{9}-\d{6}-[A-Z]{1,5}\d{2,3}-\d{6}-H\d{1,2}|LD-\d{6}-[0-9a-f]{12}-\d{1,2})(-\d{1,3})?"
number = checks.pattern(_NUMBER, "告知件编号不正确")


def is_notice(operation: object) -> bool:
    """Tell whether an operation is one of notices."""
    return str(operation).startswith(NOTICES)


def fields(names: Mapping[str, str]) -> tuple[Field, ...]:
    """Return what every notice must have; `names` are this department's names of number, name, id, basis and state."""
    return (
        need(names["number"], number),
        need(names["basis"], checks.text(600)),
        need(names["state"], checks.code("new", "amended", "revoked", "undone", "confirmed")),
        may(names["name"], checks.text(100)),
        may(names["id"], checks.identity),
    )


def check(body: Body, names: Mapping[str, str]) -> list[Complaint]:
    """Return everything wrong with a notice."""
    return checks.complaints(body, fields(names))


SAID: Final[Mapping[str, str]] = {
    SUSPEND: "已暂停发放，待人工确认",
    RESUME: "已恢复发放，并补发暂停期间的金额",
    END: "已终止发放",
    "LD_REVIEW": "已列入动态复核",
    "LD_REVIEW_OFF": "已撤销动态复核",
    "LD_ELIGIBLE": "已标识医疗救助对象",
    "LD_ELIGIBLE_OFF": "已取消医疗救助对象标识",
    "LD_SUBSIDY": "已设置资助参保类别",
    "LD_SUBSIDY_OFF": "已取消资助参保类别",
    RESULT: "已接收办理结果",
}
"""What a department answers to each."""
NOBODY: Final = "没有此人的发放记录，无需处理"


async def said_of(store: ReceivedStore, operation: str, id_number: str, *, paid: Sequence[str]) -> str:
    """Return what is said to a notice about payments: whether there are any, by applications in the states `paid`."""
    if operation not in (SUSPEND, RESUME, END):
        return SAID[operation]
    is_paid = await store.run(lambda connection: received_sql.names_person(connection, id_number, paid))
    return SAID[operation] if is_paid else NOBODY
