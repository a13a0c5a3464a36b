"""Test people and bodies: made from a `random.Random`, so the same seed gives the same person; nobody real can be met.

Births lie in 1900–1909 unless an age rule forbids it; then the age asked for at a given day is kept (design.md section 4).
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from demo import identifiers

FIRST_BIRTH, LAST_BIRTH = date(1900, 1, 1), date(1909, 12, 31)

# Characters of novels older than any copyright (红楼梦, 水浒传, 镜花缘, 西游记, 聊斋志异). Compound surnames test masking and
# pinyin, the last man's 𬍛 (U+2C35B, the jade radical of the 贾 cousins) every step that still thinks in GBK or UTF-16.
MEN = ("贾宝玉", "薛蟠", "柳湘莲", "林冲", "公孙胜", "呼延灼", "皇甫端", "司徒坚", "单廷珪", "乐和", "孙行者", "贾𬍛")
WOMEN = (
    "林黛玉",
    "薛宝钗",
    "史湘云",
    "王熙凤",
    "扈三娘",
    "司徒妩儿",
    "欧阳锦心",
    "尉迟芳",
    "唐闺臣",
    "聂小倩",
    "解娘子",
    "田凤翾",
)

REGIONS = {"320105007": "云桥街道", "320206003": "玉林镇"}
"""Townships of the demo units; the codes' last three digits are not in the statistical register."""

_STREETS = ("听雨路", "望江巷", "太虚里", "蟠桃园", "梁山泊路", "大观园街")
_BANKS = ("云桥示范银行营业部", "玉林示范农商银行", "太虚示范银行清风支行")
_BODIES = ("荣国府商贸", "梁山物流", "花果山食品", "大观园物业", "镜花缘文化")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who appears on a form; `region` is a nine-digit township, `bank_account` a card number."""

    name: str
    id_number: str
    birth_date: date
    is_male: bool
    phone: str
    region: str
    address: str
    bank_name: str
    bank_account: str

    @property
    def gender(self) -> str:
        """GB/T 2261.1: 1 male, 2 female."""
        return "1" if self.is_male else "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """An enterprise; `registration_no` serves wherever a department wants its own number of it."""

    name: str
    uscc: str
    registration_no: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRule:
    """Whole years at `at`, both ends allowed; None where the guide sets no bound."""

    at: date
    least: int | None = None
    most: int | None = None


class Impossible(Exception):
    """No birth date satisfies the rule."""


def years_before(day: date, years: int) -> date:
    """Return the same day `years` earlier; 29 February becomes 28 February, so that an age is never rounded up."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def age_on(birth_date: date, day: date) -> int:
    """Return the whole years lived on `day`; a birthday counts from its own day."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def birth_span(rule: AgeRule) -> tuple[date, date]:
    """Return first and last birth date allowed by `rule`, inside 1900–1909 where the rule leaves any of it.

    Raises:
        Impossible: the bounds exclude each other.
    """
    first = years_before(rule.at, rule.most + 1) + timedelta(days=1) if rule.most is not None else FIRST_BIRTH
    last = years_before(rule.at, rule.least) if rule.least is not None else rule.at - timedelta(days=1)
    if first > last:
        raise Impossible(f"nobody is at least {rule.least} and at most {rule.most} years old")
    preferred = max(first, FIRST_BIRTH), min(last, LAST_BIRTH)
    return preferred if preferred[0] <= preferred[1] else (first, last)


def make_person(rng: random.Random, *, age: AgeRule, is_male: bool | None = None, region: str | None = None) -> Person:
    """Return a person within the age rule, of the sex and township asked for or drawn ones."""
    male = rng.random() < 0.5 if is_male is None else is_male
    first, last = birth_span(age)
    birth_date = first + timedelta(days=rng.randint(0, (last - first).days))
    township = region or rng.choice(sorted(REGIONS))
    return Person(
        name=rng.choice(MEN if male else WOMEN),
        id_number=identifiers.id_number(rng, birth_date=birth_date, is_male=male),
        birth_date=birth_date,
        is_male=male,
        phone=identifiers.phone(rng),
        region=township,
        address=make_address(rng, township),
        bank_name=rng.choice(_BANKS),
        bank_account=identifiers.bank_account(rng),
    )


def make_address(rng: random.Random, region: str) -> str:
    """Return an address in a township, on a street of a novel."""
    return f"江苏省{REGIONS.get(region, '云桥街道')}{rng.choice(_STREETS)}{rng.randint(1, 199)}号{rng.randint(1, 30)}室"


def make_body(rng: random.Random) -> Body:
    """Return an enterprise with a valid credit code of the unassigned region."""
    return Body(
        name=f"{rng.choice(_BODIES)}（示范）有限公司",
        uscc=identifiers.uscc(rng),
        registration_no=f"99{identifiers.digits(rng, 10)}",
        address=make_address(rng, rng.choice(sorted(REGIONS))),
    )
