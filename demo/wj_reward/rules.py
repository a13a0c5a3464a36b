"""What the reward system checks of a form and how it decides; no I/O. Fields have the names of the page's controls.

Sent back (退回): 奖励扶助 JLFZ of somebody younger than 60, or 49 for 特别扶助; 一次性奖励 DZJL without a certificate number.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from demo.ground import checks
from demo.ground.checks import Body, Complaint, Field, may, need
from demo.ground.decision import Decision

_DAY: Final = checks.day("%Y-%m-%d")
_PERSON: Final = (
    need("txtPTBH", checks.case_number),
    need("txtXM", checks.text(100)),
    need("txtSFZH", checks.identity),
    need("ddlXB", checks.code("1", "2")),
    need("txtCSRQ", _DAY),
    need("txtLXDH", checks.phone),
    need("txtHJD", checks.township),
    need("txtJZDZ", checks.text(400)),
    need("txtKHXM", checks.text(100)),
    need("txtKHH", checks.text(160)),
    need("txtZH", checks.account),
)
FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "JLFZ": (
        *_PERSON,
        need("ddlHYZK", checks.code("10", "20", "30", "40")),
        need("rptZN", lambda _value: ""),
        may("txtPOXM", checks.text(100)),
        need("txtSBND", checks.day("%Y")),
        need("ddlJB", checks.code("1", "2", "3")),
    ),
    "DZJL": (
        *_PERSON,
        may("txtGRZH", checks.text(30)),
        need("txtZNXM", checks.text(100)),
        need("txtZNCSRQ", _DAY),
        need("txtTXRQ", _DAY),
        may("txtGZDW", checks.text(200)),
        need("rblLQ", checks.code("0")),
    ),
}
PREFIXES: Final = {"JLFZ": "JF", "DZJL": "DZ"}


def check(kind: str, form: Body) -> list[Complaint]:
    """Return everything wrong with the form; an unknown kind is one complaint."""
    fields = FIELDS.get(kind)
    return [Complaint("lb", "类别不存在")] if fields is None else checks.complaints(form, fields)


def business_key(kind: str, form: Body) -> str:
    """Return what is declared once: a person by name and number, in a year."""
    return f"{kind}:{form['txtXM']}:{form['txtSFZH']}:{form.get('txtSBND', '')}"


def decide(kind: str, form: Body, *, on: date) -> Decision:
    """Return what the department decides about a form that passed `check`."""
    if kind == "DZJL" and not form.get("txtGRZH"):
        return Decision(status="退回", facts={"remark": "请补充独生子女父母光荣证编号后重新申报"})
    least = 60 if form.get("ddlJB") == "1" else 49
    if kind == "JLFZ" and checks.age_on(str(form["txtSFZH"]), on) < least:
        return Decision(status="退回", facts={"remark": f"未满{least}周岁，不符合当年申报条件"})
    return Decision(status="已审", facts={"remark": "符合条件"})
