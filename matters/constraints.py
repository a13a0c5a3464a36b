"""Every constraint of a single value, one rule each; the order of `CHECKS` is the order a person is told in.

A rule looks at one normal value and gives what it finds; it never sees a value that is absent or can't be read.
Rules that compare with another field stay silent while that one is absent: it has a message of its own.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from matters import identity_numbers
from matters.form_fields import Column, FieldType
from matters.messages import N_

_NUMERIC = frozenset({FieldType.MONEY, FieldType.INTEGER, FieldType.NUMBER})
_CITY_LEVEL = 2
_DIGITS_OF_LEVEL = {1: 2, 2: 4, 3: 6, 4: 9, 5: 9}
_MUNICIPALITIES = ("11", "12", "31", "50")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found; a warning tells the clerk to look again and stops nothing."""

    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)
    is_warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a rule may look at: the day, the other normal values and the columns they belong to."""

    at: date
    values: Mapping[str, object]
    columns: Mapping[str, Column]


Check = Callable[[Column, object, Context], Iterator[Finding]]


def check(column: Column, value: object, context: Context) -> Iterator[Finding]:
    """Give every finding about one normal value."""
    for rule in CHECKS:
        yield from rule(column, value, context)


def check_length(column: Column, value: object, _context: Context) -> Iterator[Finding]:
    if not isinstance(value, str):
        return
    limits = column.constraints
    if limits.min_length is not None and len(value) < limits.min_length:
        message = N_("{label}至少{min_length}个字，现在是{length}个")
        yield Finding(
            code="min_length", message=message, params={"min_length": limits.min_length, "length": len(value)}
        )
    if limits.max_length is not None and len(value) > limits.max_length:
        message = N_("{label}最多{max_length}个字，现在是{length}个，请缩短")
        yield Finding(
            code="max_length", message=message, params={"max_length": limits.max_length, "length": len(value)}
        )


def check_pattern(column: Column, value: object, _context: Context) -> Iterator[Finding]:
    pattern = column.constraints.pattern
    # Length first: a pattern never runs over more characters than the guide allows.
    longest = column.constraints.max_length or 500
    if pattern and isinstance(value, str) and len(value) <= longest and not re.search(pattern, value):
        yield Finding(code="pattern", message=N_("{label}的格式不对，请对照证件重新输入"))


def check_range(column: Column, value: object, _context: Context) -> Iterator[Finding]:
    if column.type not in _NUMERIC:
        return
    number, limits = Decimal(str(value)), column.constraints
    if limits.min is not None and number < Decimal(str(limits.min)):
        yield Finding(code="min", message=N_("{label}不能小于{min}"), params={"min": limits.min})
    if limits.max is not None and number > Decimal(str(limits.max)):
        yield Finding(code="max", message=N_("{label}不能大于{max}"), params={"max": limits.max})


def check_scale(column: Column, value: object, _context: Context) -> Iterator[Finding]:
    scale = column.constraints.scale
    if scale is None or column.type not in _NUMERIC:
        return
    exponent = Decimal(str(value)).normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > scale:
        yield Finding(code="scale", message=N_("{label}最多保留{scale}位小数"), params={"scale": scale})


def check_id_number(column: Column, value: object, context: Context) -> Iterator[Finding]:
    """GB 11643-1999: a real birth date that has come, and the check character; the region only warns."""
    if column.type is not FieldType.ID_CARD or not isinstance(value, str):
        return
    birth = identity_numbers.id_birth_date(value)
    if birth is None or birth > context.at:
        message = N_("{label}中的出生日期（第7至14位）不对，请对照证件重新输入")
        yield Finding(code="birth_date", message=message)
    elif column.constraints.checksum and not identity_numbers.is_id_checksum_right(value):
        yield Finding(code="checksum", message=N_("{label}的校验位不对，请对照证件重新输入"))
    elif not identity_numbers.is_known_prefix(value):
        message = N_("{label}的地区码（前两位）未收录，请核对证件；无误可继续办理")
        yield Finding(code="region_unknown", message=message, is_warning=True)


def check_uscc(column: Column, value: object, _context: Context) -> Iterator[Finding]:
    """GB 32100-2015: both check characters."""
    if column.type is not FieldType.USCC or not column.constraints.checksum or not isinstance(value, str):
        return
    if not identity_numbers.is_uscc_checksum_right(value):
        yield Finding(code="checksum", message=N_("{label}的校验位不对，请对照营业执照重新输入"))


def check_age(column: Column, value: object, context: Context) -> Iterator[Finding]:
    age, limits = _age(value, context.at), column.constraints
    if column.type is not FieldType.ID_CARD or age is None:
        return
    if limits.min_age is not None and age < limits.min_age:
        message = N_("按{label}计算为{age}周岁，本事项要求年满{min_age}周岁，请核对证件号码")
        yield Finding(code="min_age", message=message, params={"age": age, "min_age": limits.min_age})
    if limits.max_age is not None and age > limits.max_age:
        message = N_("按{label}计算为{age}周岁，本事项要求不超过{max_age}周岁，请核对证件号码")
        yield Finding(code="max_age", message=message, params={"age": age, "max_age": limits.max_age})


def _age(value: object, at: date) -> int | None:
    if not isinstance(value, str) or not identity_numbers.has_id_shape(value):
        return None
    birth = identity_numbers.id_birth_date(value)
    return None if birth is None or birth > at else identity_numbers.age_on(birth, at)


def check_against_id(column: Column, value: object, context: Context) -> Iterator[Finding]:
    """A birth date or gender that is not the identity number's beside it; certificates do differ, so it warns."""
    for suffix, read, message in (
        ("birth_date", _birth_in, N_("{label}与身份证件号码中的出生日期不一致，请核对")),
        ("gender", _gender_in, N_("{label}与身份证件号码不一致，请核对")),
    ):
        if column.key == suffix or column.key.endswith(f"_{suffix}"):
            number = context.values.get(column.key.removesuffix(suffix) + "id_number")
            expected = read(number) if isinstance(number, str) and identity_numbers.has_id_shape(number) else None
            if expected is not None and value != expected:
                yield Finding(code="differs_from_id", message=message, is_warning=True)


def _birth_in(number: str) -> str | None:
    birth = identity_numbers.id_birth_date(number)
    return birth.isoformat() if birth else None


def _gender_in(number: str) -> str | None:
    return identity_numbers.id_gender(number)


def check_luhn(column: Column, value: object, _context: Context) -> Iterator[Finding]:
    """Only ever a warning: accounts on social security cards need not pass."""
    if column.constraints.luhn == "warn" and isinstance(value, str) and not identity_numbers.is_luhn_right(value):
        message = N_("{label}可能输错了，请对照银行卡再核对一遍；无误可继续办理")
        yield Finding(code="luhn", message=message, is_warning=True)


def check_time(column: Column, value: object, context: Context) -> Iterator[Finding]:
    """`not_future` and `max_future_days`; a month or year is in the future when it begins after today."""
    first = _first_day(value)
    if first is None:
        return
    limits = column.constraints
    if limits.not_future and first > context.at:
        yield Finding(code="not_future", message=N_("{label}不能晚于今天"))
    elif limits.max_future_days is not None and first > context.at + timedelta(days=limits.max_future_days):
        message = N_("{label}最晚只能是今天之后{max_future_days}天")
        yield Finding(code="max_future_days", message=message, params={"max_future_days": limits.max_future_days})


def _first_day(value: object) -> date | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return date(value, 1, 1) if 1 <= value <= 9999 else None
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(f"{value}-01" if len(value) == len("2026-01") else value[:10])
    except ValueError:
        return None


def check_order(column: Column, value: object, context: Context) -> Iterator[Finding]:
    """`after_field`, `gte_field`, `lte_field`: one day may begin and end a stay, so "after" includes the same day."""
    limits = column.constraints
    for code, other_key, is_least, message in (
        ("after_field", limits.after_field, True, N_("{label}不能早于{other}")),
        ("gte_field", limits.gte_field, True, N_("{label}不能小于（早于）{other}")),
        ("lte_field", limits.lte_field, False, N_("{label}不能大于{other}")),
    ):
        mine, theirs = _comparable(value), _comparable(context.values.get(other_key or ""))
        if mine is None or theirs is None or type(mine) is not type(theirs):
            continue
        if (mine < theirs) if is_least else (mine > theirs):  # type: ignore[operator]  # the types are the same
            yield Finding(code=code, message=message, params=_other(other_key or "", context))


def _comparable(value: object) -> Decimal | date | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return _first_day(value)


def _other(key: str, context: Context) -> dict[str, object]:
    column = context.columns[key]
    return {"other": column.label, "other_en": column.label_en}


def check_must_be(column: Column, value: object, _context: Context) -> Iterator[Finding]:
    wanted = column.constraints.must_be
    if wanted is None or value is wanted:
        return
    message = N_("“{label}”为“是”方可提交") if wanted else N_("“{label}”为“是”的不符合受理条件，请核对后再提交")
    yield Finding(code="must_be", message=message, params={"must_be": wanted})


def check_items(column: Column, value: object, _context: Context) -> Iterator[Finding]:
    if not isinstance(value, list):
        return
    limits, count = column.constraints, len(value)
    if limits.min_items is not None and count < limits.min_items:
        message = N_("{label}至少要有{min_items}项，请补充")
        yield Finding(code="min_items", message=message, params={"min_items": limits.min_items})
    if limits.max_items is not None and count > limits.max_items:
        message = N_("{label}最多{max_items}项，现在是{count}项")
        yield Finding(code="max_items", message=message, params={"max_items": limits.max_items, "count": count})


def check_level(column: Column, value: object, _context: Context) -> Iterator[Finding]:
    """Depth of a region code; Beijing, Tianjin, Shanghai and Chongqing are cities at two digits."""
    level = column.constraints.level
    if column.type is not FieldType.REGION or level is None or not isinstance(value, str):
        return
    significant = value[:6].rstrip("0") if len(value) == len("320100") else value
    depth = len(significant) + len(significant) % 2 if len(value) == len("320100") else len(value)
    is_city = level == _CITY_LEVEL and value.startswith(_MUNICIPALITIES)
    if depth < _DIGITS_OF_LEVEL.get(level, 2) and not is_city:
        message = N_("{label}请选到市一级") if level == _CITY_LEVEL else N_("{label}请选到乡镇（街道）一级")
        yield Finding(code="level", message=message, params={"level": level})


def is_required_by_age(column: Column, context: Context) -> bool:
    """Tell whether `required_if_age` makes the field required: the person it looks at is too young."""
    rule = column.constraints.required_if_age
    if rule is None:
        return False
    age = _age(context.values.get(rule.of), context.at)
    return age is not None and age < rule.below


def repeated_rows(rows: Sequence[Mapping[str, object]], unique_by: str) -> Iterator[tuple[int, int]]:
    """Give (row, earlier row) for each row whose value under `unique_by` stands in an earlier one."""
    first: dict[object, int] = {}
    for index, row in enumerate(rows):
        value = row.get(unique_by)
        if not isinstance(value, str):
            continue
        earlier = first.setdefault(value, index)
        if earlier != index:
            yield index, earlier


CHECKS: tuple[Check, ...] = (
    check_length,
    check_pattern,
    check_id_number,
    check_uscc,
    check_age,
    check_against_id,
    check_luhn,
    check_range,
    check_scale,
    check_time,
    check_order,
    check_must_be,
    check_items,
    check_level,
)
