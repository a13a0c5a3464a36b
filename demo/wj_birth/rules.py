"""What this department checks; no I/O. FAIL on the merits: the mother's identity number is a man's."""

from typing import Final

from demo.ground import checks
from demo.ground.checks import Body, Complaint, may, need, when

_DATE: Final = checks.day("%Y-%m-%d")
_BORN: Final = when("stage", "born")

FIELDS: Final = (
    need("outCaseNo", checks.case_number),
    need("motherName", checks.text(100)),
    need("motherIdNo", checks.identity),
    need("motherPhone", checks.phone),
    need("motherHukou", checks.township),
    need("residence", checks.text(400)),
    may("fatherName", checks.text(100)),
    may("fatherIdNo", checks.identity),
    may("maritalStatus", checks.code("10", "20", "30", "40")),
    need("stage", checks.code("pregnant", "born")),
    need("expectedDate", _DATE, when("stage", "pregnant")),
    need("birthDate", _DATE, _BORN),
    may("birthCertNo", checks.pattern(r"[A-Z0-9]{10,20}", "应为10至20位字母数字")),
    may("childSex", checks.code("1", "2")),
    may("parity", checks.integer(1, 9)),
)


def check(body: Body) -> list[Complaint]:
    """Return everything wrong with a registration."""
    return checks.complaints(body, FIELDS)


def business_key(body: Body) -> str:
    """Return what is registered once: a birth certificate, else the mother's pregnancy."""
    if certificate := body.get("birthCertNo"):
        return f"cert:{certificate}"
    return f"mother:{body['motherIdNo']}:{body.get('parity', 1)}"


def refusal(body: Body) -> str:
    """Return why the registration fails on the merits, empty when it does not."""
    if checks.is_male(str(body["motherIdNo"])):
        return "女方身份证件性别与全员人口库不一致"
    return ""
