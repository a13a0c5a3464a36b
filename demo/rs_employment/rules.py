"""What this department checks and decides; no I/O.

Only the recognition of hardship (JYKN) is decided on the merits. REJECTED are:
- large_age: women younger than 40, men younger than 50 on the day of application;
- long_unemployed: unemployed for less than a year.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from demo.ground import checks
from demo.ground.checks import Body, Complaint, Field, may, need, when
from demo.ground.decision import Decision

WOMEN_FROM: Final = 40
MEN_FROM: Final = 50
LONG: Final = timedelta(days=365)

_DATE: Final = checks.day("%Y-%m-%d")
_PERSON: Final = (
    need("out_case_no", checks.case_number),
    need("name", checks.text(100)),
    need("id_number", checks.identity),
    need("gender", checks.code("M", "F")),
    need("birth_date", _DATE),
    need("phone", checks.phone),
    need("hukou_region", checks.township),
    need("address", checks.text(400)),
)
_AGENT: Final = (
    need("agent.name", checks.text(100), lambda body: "agent" in body),
    need("agent.id_number", checks.identity, lambda body: "agent" in body),
    need("agent.phone", checks.phone, lambda body: "agent" in body),
    need("agent.relation", checks.text(40), lambda body: "agent" in body),
)
_EDUCATION: Final = need("education", checks.code("20", "30", "40", "70", "80"))
_HIRED: Final = when("registration_type", "hired")

FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "registrations": (
        *_PERSON,
        _EDUCATION,
        need("registration_type", checks.code("hired", "self")),
        need("employer.name", checks.text(200), _HIRED),
        need("employer.uscc", checks.credit_code, _HIRED),
        need("employer.contact_name", checks.text(100), _HIRED),
        need("employer.contact_phone", checks.phone, _HIRED),
        need("start_date", _DATE),
        need("job_title", checks.text(100)),
        need("employment_form", checks.code("1", "2", "3", "4")),
        may("monthly_wage", checks.number(0, 10_000_000)),
        may("contract.type", checks.code("open", "fixed", "task")),
        may("contract.end_date", _DATE),
        *_AGENT,
    ),
    "unemployment-registrations": (
        *_PERSON,
        _EDUCATION,
        need("unemployed_date", _DATE),
        need("unemployed_reason", checks.code("01", "02", "03", "04", "05", "99")),
        may("last_employer", checks.text(200)),
        may("skills", checks.text(200)),
        may("service_needs", checks.codes("job", "training", "startup", "none")),
        *_AGENT,
    ),
    "recognitions": (
        *_PERSON,
        need(
            "hardship_category",
            checks.code("large_age", "disabled", "dibao", "zero_employment", "long_unemployed", "land_lost", "other"),
        ),
        need("unemployed_date", _DATE),
        may("job_intention", checks.text(200)),
        need("accept_placement", checks.code(True)),
        *_AGENT,
    ),
}

PREFIXES: Final = {"registrations": "JYDJ", "unemployment-registrations": "SYDJ", "recognitions": "JYKN"}


def check(kind: str, body: Body) -> list[Complaint]:
    """Return everything wrong with a resource of that kind."""
    found = checks.complaints(body, FIELDS[kind])
    if not found and str(body["birth_date"]).replace("-", "") != str(body["id_number"])[6:14]:
        found.append(Complaint("birth_date", "与身份证号中的出生日期不一致"))
    return found


def business_key(kind: str, body: Body) -> str:
    """Return what makes two resources the same thing to this department."""
    if kind == "registrations":
        employer = body.get("employer")
        uscc = employer.get("uscc", "") if isinstance(employer, Mapping) else ""
        return f"JYDJ:{body['id_number']}:{body['start_date']}:{uscc}"
    if kind == "unemployment-registrations":
        return f"SYDJ:{body['id_number']}:{body['unemployed_date']}"
    return f"JYKN:{body['id_number']}:{body['hardship_category']}"


def recognise(body: Body, *, on: date) -> Decision:
    """Return APPROVED or REJECTED for a recognition that passed `check`."""
    identity = str(body["id_number"])
    least = MEN_FROM if checks.is_male(identity) else WOMEN_FROM
    if body["hardship_category"] == "large_age" and checks.age_on(identity, on) < least:
        return Decision(status="REJECTED", facts={"reason": f"大龄失业人员须年满{least}周岁"})
    unemployed = date.fromisoformat(str(body["unemployed_date"]))
    if body["hardship_category"] == "long_unemployed" and on - unemployed < LONG:
        return Decision(status="REJECTED", facts={"reason": "连续失业不满一年"})
    return Decision(status="APPROVED", facts={"reason": "", "valid_until": f"{on.year + 3}-{on:%m}-01"})
