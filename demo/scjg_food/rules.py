"""What this department checks and decides; no I/O.

- BACK, then VOID after five days without a supplement: self-made drinks declared, but not among the items;
- REFUSE after the inspection: hot, cold or raw food made on less than 8 square metres.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from demo.ground import checks, sm
from demo.ground.checks import Body, Complaint, may, need
from demo.ground.decision import Decision

LEAST_KITCHEN: Final = 8.0
COOKED: Final = frozenset({"hot", "cold", "raw"})
LICENCE_LASTS: Final = timedelta(days=5 * 365)

FIELDS: Final = (
    need("outCaseNo", checks.case_number),
    need("applyType", checks.code("NEW")),
    need("enterpriseName", checks.text(200)),
    need("uscc", checks.credit_code),
    need("legalPerson", checks.text(100)),
    need("legalPersonIdNo", checks.identity),
    need("contactPhone", checks.phone),
    need("formats", checks.codes("catering", "retail", "canteen")),
    need("items", checks.codes("bulk", "hot", "cold", "raw", "cake", "drink")),
    need("siteAddr", checks.text(400)),
    need("siteArea", checks.number(1, 100_000)),
    need("selfMadeDrink", checks.boolean),
    need("online", checks.boolean),
    need("employees", checks.integer(1, 10_000)),
    need("safetyManager", checks.text(100)),
    may("safetyManagerCert", checks.text(100)),
)


def signature(parameters: Mapping[str, object], secret: bytes) -> str:
    """Return hex(MD5(k=v&k=v sorted + secret)) of everything but `sign`. An old interface has nothing better."""
    content = sm.sorted_params(parameters, without="sign") + secret
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def check(body: Body) -> list[Complaint]:
    """Return everything wrong with an application."""
    return checks.complaints(body, FIELDS)


def _texts(value: object) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def business_key(body: Body) -> str:
    """Return what is applied for once: who, where, what, and which kind of application."""
    items = ",".join(sorted(_texts(body["items"])))
    return f"{body['uscc']}:{body['siteAddr']}:{items}:{body['applyType']}"


def needs_supplement(body: Body) -> str:
    """Return what the applicant has to put right first, empty when nothing."""
    if body["selfMadeDrink"] is True and "drink" not in _texts(body["items"]):
        return "申报自制饮品，但经营项目未包含自制饮品制售，请补正经营项目"
    return ""


def inspect(body: Body, *, on: date, licence_number: str) -> Decision:
    """Return what the inspection leads to: CERT or REFUSE."""
    area = float(str(body["siteArea"]))
    if area < LEAST_KITCHEN and COOKED & set(_texts(body["items"])):
        return Decision(
            status="REFUSE", facts={"msg": f"现场核查：加工场所面积{area:g}平方米，不足{LEAST_KITCHEN:g}平方米"}
        )
    return Decision(
        status="CERT",
        facts={"msg": "准予许可", "certNo": licence_number, "validUntil": str(on + LICENCE_LASTS)},
    )
