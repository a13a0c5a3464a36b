"""What this department checks of a row and how it decides; no I/O.

Refused (RET_CODE 2): a new account for somebody who has one at another employer, which would have to be moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from demo.ground import checks
from demo.ground.checks import Body, Complaint, need

CAP: Final = Decimal("36921.00")
"""Three times the average wage: what lies above it counts no contributions."""
NEW: Final = "1"

FIELDS: Final = (
    need("ID", checks.pattern(r"\d{20}-\d{4}", "行标识格式不正确")),
    need("WBBH", checks.case_number),
    need("PCH", checks.pattern(r"\d{20}", "批次号格式不正确")),
    need("DWZH", checks.text(30)),
    need("DWMC", checks.text(200)),
    need("TYXYDM", checks.credit_code),
    need("YWLX", checks.code(NEW, "2")),
    need("ZGXM", checks.text(100)),
    need("SFZHM", checks.identity),
    need("JCJS", checks.number(0, 10_000_000)),
    need("DWBL", checks.number(5, 12)),
    need("GRBL", checks.number(5, 12)),
    need("QSY", checks.day("%Y%m")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody's account; `unit` is the employer's number."""

    number: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is written back into a row."""

    code: str
    message: str
    account: str = ""


def check(row: Mapping[str, object]) -> list[Complaint]:
    """Return everything wrong with a row; numbers come as decimals or as text."""
    body: Body = {name: _number(value) if name in ("JCJS", "DWBL", "GRBL") else value for name, value in row.items()}
    return checks.complaints(body, FIELDS)


def _number(value: object) -> object:
    return None if value is None else float(str(value))


def decide(row: Mapping[str, object], known: Account | None, fresh: str) -> Answer:
    """Return the answer to a row: `known` is the person's account so far, `fresh` the number a new one would get."""
    if known is None:
        return Answer(code="1", message="账户设立成功", account=fresh)
    if known.unit == row["DWZH"] or row["YWLX"] != NEW:
        return Answer(code="1", message="账户已存在", account=known.number)
    return Answer(code="2", message="职工已有正常缴存账户，应办理转移")


def capped(base: object) -> Decimal:
    """Return the base that counts."""
    return min(Decimal(str(base)), CAP)
