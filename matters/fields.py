"""Reading one value by its type: from what was typed to its normal form, or why it can't be read.

Normal forms are JSON values: texts trimmed; `1234.50` for money; `2026-01-05`, `2026-01`, 2026 and
`2026-01-05T09:30:00+08:00` for dates, months, years and moments; codes for options, in the guide's order for several;
digits for accounts and regions. `None`, blank text and an empty list of options read as absent (`ABSENT`).
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from config.clock import SHANGHAI
from matters import identity_numbers, normal
from matters.form_fields import Column, FieldType
from matters.messages import N_


class Unreadable(Exception):
    """`message` is a msgid that says what to do; `params` beside the field's label."""

    def __init__(self, code: str, message: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.params = params


class Absent:
    """Nothing was given."""

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent()
MOST_CHOICES = 200
LONGEST_WHOLE = 10**12

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0[0-9]{2,3}-?[2-9][0-9]{6,7}(-[0-9]{1,6})?")
_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{4})([0-9]{2})([0-9]{2})")
_MONTH = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})月?|([0-9]{4})([0-9]{2})")
_MONEY = re.compile(r"[+-]?[0-9]{1,13}(\.[0-9]{1,6})?")
_REGION = re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}")
_FIRST_YEAR, _LAST_YEAR = 1800, 2200


def read(field: Column, value: object) -> object:
    """Return the normal form of `value`, or ABSENT.

    Raises:
        Unreadable: it is not of the field's type.
    """
    if value is None or (isinstance(value, str) and len(value) <= normal.LONGEST_SHORT and not value.strip()):
        return ABSENT
    return READERS[field.type](field, value)


def _text(field: Column, value: object) -> object:
    text = normal.line(_string(value, normal.LONGEST_TEXT))
    pattern = field.constraints.pattern
    if pattern and not re.search(pattern, text):
        # A patterned text is a number on some certificate: what a Chinese keyboard made of it is put right first.
        better = normal.number_like(text)
        text = better if re.search(pattern, better) else text
    return text or ABSENT


def _textarea(_field: Column, value: object) -> object:
    return normal.paragraph(_string(value, normal.LONGEST_TEXT)) or ABSENT


def _id_card(_field: Column, value: object) -> object:
    number = normal.number_like(_string(value))
    if not identity_numbers.has_id_shape(number):
        raise Unreadable("id_shape", N_("{label}应为18位，请对照证件重新输入（最后一位可能是X）"))
    return number


def _uscc(_field: Column, value: object) -> object:
    code = normal.number_like(_string(value))
    if not identity_numbers.has_uscc_shape(code):
        raise Unreadable("uscc_shape", N_("{label}应为18位数字或大写字母（不含I、O、S、V、Z），请对照营业执照重新输入"))
    return code


def _phone(_field: Column, value: object) -> object:
    typed = normal.half_width(_string(value))
    mobile = re.sub(r"[\s-]", "", typed).removeprefix("+86")
    if _MOBILE.fullmatch(mobile):
        return mobile
    landline = typed.replace(" ", "-").replace("(", "").replace(")", "-").strip("-")
    if _LANDLINE.fullmatch(landline):
        return landline
    raise Unreadable("phone_shape", N_("{label}不对，请输入11位手机号码，或带区号的固定电话（例如025-83123456）"))


def _bank_account(_field: Column, value: object) -> object:
    digits = normal.number_like(_string(value))
    if not (digits.isascii() and digits.isdigit()):
        raise Unreadable("account_shape", N_("{label}只能是数字，请对照银行卡重新输入"))
    return digits


def _region(_field: Column, value: object) -> object:
    code = normal.half_width(_string(value))
    if not _REGION.fullmatch(code):
        raise Unreadable("region_shape", N_("{label}不是行政区划代码，请从列表中选择"))
    return code


def _date(_field: Column, value: object) -> object:
    return _calendar_date(_DATE.fullmatch(normal.half_width(_string(value)))).isoformat()


def _calendar_date(match: re.Match[str] | None) -> date:
    wrong = Unreadable("date_shape", N_("{label}不是有效的日期，请按“2026-01-05”的格式输入"))
    if match is None:
        raise wrong
    year, month, day = (int(part) for part in match.groups() if part is not None)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise wrong
    try:
        return date(year, month, day)
    except ValueError:
        raise wrong from None


def _month(_field: Column, value: object) -> object:
    match = _MONTH.fullmatch(normal.half_width(_string(value)))
    wrong = Unreadable("month_shape", N_("{label}不是有效的月份，请按“2026-01”的格式输入"))
    if match is None:
        raise wrong
    year, month = (int(part) for part in match.groups() if part is not None)
    if not (_FIRST_YEAR <= year <= _LAST_YEAR and 1 <= month <= 12):
        raise wrong
    return f"{year:04d}-{month:02d}"


def _year(_field: Column, value: object) -> object:
    wrong = Unreadable("year_shape", N_("{label}不是有效的年份，请输入四位数字，例如2026"))
    if isinstance(value, str):
        typed = normal.half_width(_string(value)).removesuffix("年")
        if not (len(typed) == 4 and typed.isascii() and typed.isdigit()):
            raise wrong
        value = int(typed)
    if isinstance(value, bool) or not isinstance(value, int) or not 1900 <= value <= _LAST_YEAR:
        raise wrong
    return value


def _datetime(_field: Column, value: object) -> object:
    wrong = Unreadable("datetime_shape", N_("{label}不是有效的时间，请按“2026-01-05 09:30”的格式输入"))
    try:
        moment = datetime.fromisoformat(normal.half_width(_string(value)))
        aware = moment.replace(tzinfo=SHANGHAI) if moment.tzinfo is None else moment.astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        raise wrong from None
    if not 1900 <= aware.year <= _LAST_YEAR:
        raise wrong
    return aware.isoformat(timespec="seconds")


def _money(_field: Column, value: object) -> object:
    wrong = Unreadable("money_shape", N_("{label}不是有效的金额，请只输入数字，例如1200.50"))
    if isinstance(value, bool):
        raise wrong
    if isinstance(value, int | float):
        typed = str(value) if abs(value) < LONGEST_WHOLE else "out of range"
    else:
        typed = re.sub(r"[,\s¥]|元$", "", normal.half_width(_string(value)))
    if not _MONEY.fullmatch(typed):
        raise wrong
    amount = Decimal(typed)
    if amount != amount.quantize(Decimal("0.01")):
        raise Unreadable("scale", N_("{label}最多保留{scale}位小数"), scale=2)
    return f"{amount.quantize(Decimal('0.01')) + 0:.2f}"


def _integer(_field: Column, value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= LONGEST_WHOLE:
        raise Unreadable("integer_shape", N_("{label}应为整数，请只输入数字"))
    return value


def _number(_field: Column, value: object) -> object:
    wrong = Unreadable("number_shape", N_("{label}应为数字"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong
    # Size first: the text of an enormous whole number costs time, and Python refuses to make it.
    if not abs(value) < LONGEST_WHOLE:
        raise wrong
    number = Decimal(str(value))
    return int(number) if number == number.to_integral_value() else float(number)


def _enum(field: Column, value: object) -> object:
    if not any(option.code == value for option in field.options):
        raise Unreadable("option_unknown", N_("{label}没有这个选项，请从列表中选择"))
    return value


def _multi_enum(field: Column, value: object) -> object:
    if not isinstance(value, list | tuple):
        raise Unreadable("type", N_("{label}请选择一项或多项"))
    known = [option.code for option in field.options]
    if len(value) > MOST_CHOICES or any(choice not in known for choice in value):
        raise Unreadable("option_unknown", N_("{label}没有这个选项，请从列表中选择"))
    return [code for code in known if code in value] or ABSENT


def _boolean(_field: Column, value: object) -> object:
    if not isinstance(value, bool):
        raise Unreadable("type", N_("{label}请选择是或否"))
    return value


def _string(value: object, longest: int = normal.LONGEST_SHORT) -> str:
    if not isinstance(value, str):
        raise Unreadable("type", N_("{label}应为文字"))
    if len(value) > longest:
        raise Unreadable("too_long", N_("{label}太长，最多{max_length}个字"), max_length=longest)
    if normal.has_forbidden_characters(value):
        raise Unreadable("characters", N_("{label}含有无法识别的字符，请重新输入，不要粘贴"))
    return value


Reader = Callable[[Column, object], object]

READERS: Mapping[FieldType, Reader] = {
    FieldType.TEXT: _text,
    FieldType.TEXTAREA: _textarea,
    FieldType.ADDRESS: _text,
    FieldType.ID_CARD: _id_card,
    FieldType.USCC: _uscc,
    FieldType.PHONE: _phone,
    FieldType.BANK_ACCOUNT: _bank_account,
    FieldType.REGION: _region,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.MONTH: _month,
    FieldType.YEAR: _year,
    FieldType.MONEY: _money,
    FieldType.INTEGER: _integer,
    FieldType.NUMBER: _number,
    FieldType.ENUM: _enum,
    FieldType.MULTI_ENUM: _multi_enum,
    FieldType.BOOLEAN: _boolean,
}
