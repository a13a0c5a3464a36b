"""What a department checks of a form by itself: a table of fields per operation, read top to bottom.

A check gets a value that is there and returns a complaint in Chinese, or an empty text. Departments check on their own:
nothing here is shared with OneWindow's form engine, so that a mistake there is found here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

Body = Mapping[str, object]
Check = Callable[[object], str]
Needed = Callable[[Body], bool]

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True, slots=True)
class Field:
    """`path` may go into objects with dots. `needed` is asked with the whole body."""

    path: str
    check: Check
    needed: Needed


@dataclass(frozen=True, slots=True)
class Complaint:
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}{self.text}"


def always(_body: Body) -> bool:
    return True


def never(_body: Body) -> bool:
    return False


def when(path: str, *values: object) -> Needed:
    """Return a condition: what stands at `path` is one of `values`."""
    return lambda body: look_up(body, path) in values


def need(path: str, check: Check, condition: Needed = always) -> Field:
    """Return a field that must be there (when the condition holds)."""
    return Field(path, check, condition)


def may(path: str, check: Check) -> Field:
    """Return a field that is checked where it is given."""
    return Field(path, check, never)


def look_up(body: object, path: str) -> object:
    """Return what stands at `path`, None when there is nothing."""
    for word in path.split("."):
        body = body.get(word) if isinstance(body, Mapping) else None
    return body


def complaints(body: Body, fields: Sequence[Field]) -> list[Complaint]:
    """Return everything that is wrong with `body`, in the order of the table."""
    found = []
    for field in fields:
        value = look_up(body, field.path)
        if value is None or value in ("", [], {}):
            if field.needed(body):
                found.append(Complaint(field.path, "不能为空"))
        elif complaint := field.check(value):
            found.append(Complaint(field.path, complaint))
    return found


def text(most_bytes: int) -> Check:
    """Text of at most so many bytes in GB 18030, as the department's columns count."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            return "应为字符串"
        return f"超过{most_bytes}字节" if len(value.encode("gb18030")) > most_bytes else ""

    return check


def pattern(expression: str, complaint: str) -> Check:
    compiled = re.compile(expression)
    return lambda value: "" if isinstance(value, str) and compiled.fullmatch(value) else complaint


def code(*known: object) -> Check:
    """One of the codes in the department's table; True and 1 are told apart."""
    table = {(type(item), item) for item in known}
    return lambda value: (
        "" if not isinstance(value, list | dict) and (type(value), value) in table else "代码不在字典内"
    )


def codes(*known: str) -> Check:
    """A list of codes of the department's table."""
    return lambda value: "" if isinstance(value, list) and all(item in known for item in value) else "代码不在字典内"


def integer(least: int, most: int) -> Check:
    def check(value: object) -> str:
        if not isinstance(value, int) or isinstance(value, bool):
            return "应为整数"
        return "" if least <= value <= most else f"应在{least}至{most}之间"

    return check


def number(least: float, most: float) -> Check:
    def check(value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "应为数字"
        return "" if least <= value <= most else f"应在{least}至{most}之间"

    return check


def day(pattern_: str) -> Check:
    """A date, month or time written in the strftime pattern, exactly."""

    def check(value: object) -> str:
        try:
            written = datetime.strptime(str(value), pattern_).strftime(pattern_)  # noqa: DTZ007 - dates have no zone
        except ValueError:
            return "日期格式不正确"
        return "" if written == str(value) else "日期格式不正确"

    return check


def integer_month(value: object) -> str:
    """A month as the whole number yyyyMM; the text is refused."""
    if not isinstance(value, int) or isinstance(value, bool):
        return "应为整数年月yyyyMM"
    return day("%Y%m")(str(value))


def boolean(value: object) -> str:
    return "" if isinstance(value, bool) else "应为布尔值"


def identity(value: object) -> str:
    """An identity number. Source: GB 11643-1999; area codes are not checked, for areas are renamed."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{17}[\dX]", value):
        return "应为18位居民身份号码"
    if birth_date(value) is None:
        return "出生日期不存在"
    total = sum(w * int(d) for w, d in zip(_ID_WEIGHTS, value, strict=False))
    return "" if "10X98765432"[total % 11] == value[17] else "校验码不正确"


def birth_date(identity_number: str) -> date | None:
    """Return the birth date inside an identity number, None when there is no such day."""
    try:
        return date(int(identity_number[6:10]), int(identity_number[10:12]), int(identity_number[12:14]))
    except ValueError:
        return None


def age_on(identity_number: str, on: date) -> int:
    """Return the age in full years on a day; the number must have passed `identity`."""
    born = birth_date(identity_number)
    if born is None:
        raise ValueError("an identity number that was not checked")
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def is_male(identity_number: str) -> bool:
    return int(identity_number[16]) % 2 == 1


def credit_code(value: object) -> str:
    """A unified social credit code. Source: GB 32100-2015 §4.2.5."""
    if not isinstance(value, str) or len(value) != 18 or any(c not in _USCC for c in value):
        return "应为18位统一社会信用代码"
    total = sum(pow(3, i, 31) * _USCC.index(c) for i, c in enumerate(value[:17]))
    return "" if _USCC[(31 - total % 31) % 31] == value[17] else "校验码不正确"


phone = pattern(r"1\d{10}|0\d{2,3}-?\d{7,8}", "电话号码格式不正确")
account = pattern(r"\d{12,30}", "银行账号格式不正确")
township = pattern(r"\d{9}|\d{12}", "行政区划应填至乡镇（街道）")
case_number = pattern(r"\d{9}-\d{6}-[A-Z0-9]{3,8}-\d{6}", "平台办件编号格式不正确")
