"""What a test person writes into one field: texts by key, everything else by type and constraints."""

import random
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from demo import identifiers
from demo.people import REGIONS, Body, Person, make_address

Field = Mapping[str, Any]
"""One entry of a matter file's `form.sections[].fields[]`, as YAML gives it."""

_HOSPITALS = ("云桥示范医院", "大观园示范医院", "梁山泊示范卫生院")
_REASONS = (
    "家中主要劳动力患病住院，收入明显减少，日常生活难以维持。",
    "房屋受灾需要修缮，积蓄已经用尽，请求给予帮助。",
    "子女就学支出较大，家庭月收入低于当地标准。",
)
_DISTANT_CITIES = ("340100", "330100", "420100")

# Texts that are nobody's name; a `…_name` that is missing here is the name of the field's person.
_TEXTS: dict[str, Callable[[random.Random], str]] = {
    "institution_name": lambda rng: "云桥示范养老服务中心",
    "illness_name": lambda rng: rng.choice(("慢性肾功能衰竭", "冠心病", "脑梗死后遗症")),
    "reason_detail": lambda rng: rng.choice(_REASONS),
    "unable_reason": lambda rng: rng.choice(("年老无劳动能力", "重病无收入来源")),
    "assessment_time": lambda rng: rng.choice(("工作日上午", "周六下午")),
    "job_title": lambda rng: rng.choice(("仓库管理员", "售货员", "护理员", "绿化工")),
    "last_employer": lambda rng: rng.choice(("梁山物流（示范）有限公司", "大观园物业（示范）有限公司")),
    "skills": lambda rng: rng.choice(("电工证", "养老护理员初级", "无")),
    "job_intention": lambda rng: rng.choice(("家政服务", "仓储物流", "社区保洁")),
    "hospital": lambda rng: rng.choice(_HOSPITALS),
    "filing_hospital": lambda rng: rng.choice(_HOSPITALS),
    "designated_hospital": lambda rng: rng.choice(_HOSPITALS),
    "drug_need": lambda rng: rng.choice(("二甲双胍", "氨氯地平片")),
    "doctor": lambda rng: "张太医",
    "purpose": lambda rng: rng.choice(("子女入学", "银行贷款")),
    "birth_cert_no": identifiers.birth_cert_no,
    "old_card_no": identifiers.bank_account,
    "from_case_no": lambda rng: f"320105007-260105-MZ001-{identifiers.digits(rng, 6)}",
    "glory_cert_no": lambda rng: f"示范{identifiers.digits(rng, 8)}",
    "manager_cert": lambda rng: f"SF{identifiers.digits(rng, 10)}",
    "disability_level": lambda rng: rng.choice(("一级", "二级", "三级")),
}


def text(rng: random.Random, field: Field, *, person: Person, holder: Person, body: Body) -> str:
    """Return a text of the field's length; `person` is who the field is about, `holder` whose bank account it is."""
    key: str = field["key"]
    if key in _TEXTS:
        return _TEXTS[key](rng)
    match key:
        case "enterprise_name":
            return body.name
        case "gjj_unit_no" | "si_reg_no" | "medical_reg_no":
            return body.registration_no
        case "bank_name":
            return holder.bank_name
        case "bank_account_name":
            return holder.name
        case _:
            pass
    if key == "name" or key.endswith("_name"):
        return person.name
    return _within_length(f"{field['label']}（示范）", field)


def _within_length(value: str, field: Field) -> str:
    constraints = field["constraints"]
    return value[: constraints.get("max_length", len(value))].ljust(constraints.get("min_length", 0), "。")


def region(rng: random.Random, field: Field, person: Person) -> str:
    """Return a township for depth 5, else a city of another province (treatment elsewhere)."""
    return person.region if field["constraints"].get("level", 5) == 5 else rng.choice(_DISTANT_CITIES)


def address(rng: random.Random, field: Field, *, person: Person, body: Body) -> str:
    """Return where the field's person lives, the business stands or the post goes."""
    match field["key"]:
        case "site_address":
            return body.address
        case "mail_address":
            return make_address(rng, rng.choice(sorted(REGIONS)))
        case _:
            return person.address


def integer(rng: random.Random, field: Field) -> int:
    """Return a small number within the bounds: household sizes and counts are small."""
    least = int(field["constraints"].get("min", 0))
    return rng.randint(least, min(int(field["constraints"].get("max", least + 6)), least + 6))


def decimal(rng: random.Random, field: Field, *, at_most: Decimal | None = None) -> Decimal:
    """Return an amount within the bounds and, where another field limits it, not above that one."""
    constraints = field["constraints"]
    unit = Decimal(1).scaleb(-int(constraints.get("scale", 0)))
    least = Decimal(str(constraints.get("min", 0)))
    most = Decimal(str(constraints.get("max", 8000)))
    if at_most is not None:
        most = min(most, at_most)
    return least + rng.randint(0, int((most - least) / unit)) * unit


def day(rng: random.Random, field: Field, *, at: date, after: date | None = None) -> date:
    """Return a date that suits the field, later than `after`.

    A day expected or agreed on lies ahead where the future is allowed; anything else happened in the last two years.
    """
    ahead = field["key"] in {"expected_date", "valid_from", "valid_until", "contract_end"}
    if ahead and not field["constraints"].get("not_future"):
        return max(at, after or at) + timedelta(days=rng.randint(1, 200))
    if after is None:
        return at - timedelta(days=rng.randint(10, 700))
    return after + timedelta(days=rng.randint(1, max(1, min(9, (at - after).days))))


def month(rng: random.Random, *, at: date, not_before: str | None = None) -> str:
    """Return a month as YYYY-MM: this one, or one of the last year; from `not_before` on where that is given."""
    earliest = at.year * 12 + at.month - 1 - 11
    if not_before is not None:
        year, number = not_before.split("-")
        earliest = int(year) * 12 + int(number) - 1
    chosen = rng.randint(earliest, at.year * 12 + at.month - 1)
    return f"{chosen // 12}-{chosen % 12 + 1:02d}"


def moment(rng: random.Random, *, at: date) -> str:
    """Return a time of yesterday's office hours, with the zone it was noted in."""
    noted = datetime.combine(at - timedelta(days=1), time(rng.randint(9, 16), rng.randint(0, 59)))
    return f"{noted.isoformat()}+08:00"
