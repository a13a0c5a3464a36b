"""Checks what a person typed before a department takes it; every error names its field and says what to do."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from demo.desk.entry_form import EntryField, EntryForm, Kind
from demo.identifiers import id_check_character

CASE_NUMBER = re.compile(r"\d{9}-\d{6}-[A-Z0-9]{3,8}-\d{6}")
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A checked entry: our case number, the operation and the values under the system's own names."""

    number: str
    operation: str
    values: Mapping[str, str]

    @property
    def payload(self) -> dict[str, object]:
        """Return what the system keeps."""
        return {"WBBH": self.number, "operation": self.operation, **self.values}


class EntryRefused(Exception):
    """`errors` gives a sentence per input name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = dict(errors)


def check_entry(form: EntryForm, typed: Mapping[str, str], *, on: date) -> Entry:
    """Return the entry as the system would keep it on that day of the department's clock.

    Raises:
        EntryRefused: naming each input that does not hold.
    """
    if errors := dict(_errors(form, typed, on)):
        raise EntryRefused(errors)
    operation = typed["operation"]
    values = {f.name: _kept(form, f, typed.get(f.name, "")) for f in form.fields}
    return Entry(
        number=clean_number(typed["number"]), operation=operation, values={k: v for k, v in values.items() if v}
    )


def closed_season(form: EntryForm) -> str:
    """Return the sentence for a month in which nothing new is taken."""
    return f"本系统仅在每年 {min(form.months)} 月至 {max(form.months)} 月开放新增，其余时间只能查询；请在申报期内录入。"


def clean_number(number: str) -> str:
    """Return a case number without the blanks and lower-case letters that typing leaves in it."""
    return "".join(number.split()).upper()


def id_numbers(text: str) -> tuple[str, ...]:
    """Return the numbers typed one a line (or apart by blanks and commas), upper-case."""
    return tuple(part.upper() for part in re.split(r"[\s,，、;；]+", text) if part)


def _kept(form: EntryForm, field: EntryField, text: str) -> str:
    value = "\n".join(id_numbers(text)) if field.kind in {Kind.ID_NUMBER, Kind.ID_NUMBERS} else text.strip()
    return value.encode(form.encoding, "replace").decode(form.encoding)


def _errors(form: EntryForm, typed: Mapping[str, str], on: date) -> Iterator[tuple[str, str]]:
    if not CASE_NUMBER.fullmatch(clean_number(typed.get("number", ""))):
        yield "number", "请照打印件填写一窗办件编号，如 320105007-261122-MZ004-000371。"
    operation = typed.get("operation", "")
    if on.month not in form.months:
        yield "operation", closed_season(form)
    elif operation not in form.operations:
        yield "operation", "请选择业务类型。"
    for field in form.fields:
        text = typed.get(field.name, "").strip()
        if not text:
            if field.is_needed(operation):
                yield field.name, f"请填写{field.label}。"
        elif error := _CHECKS[field.kind](field, text):
            yield field.name, error


def _check_name(_field: EntryField, text: str) -> str | None:
    return None if 2 <= len(text) <= 50 else "姓名应为 2 至 50 个字。"


def _check_id_number(_field: EntryField, text: str) -> str | None:
    return None if is_id_number(text.upper()) else "身份证号应为 18 位且校验码正确，请对照证件重新输入。"


def _check_id_numbers(_field: EntryField, text: str) -> str | None:
    wrong = [i for i, number in enumerate(id_numbers(text), 1) if not is_id_number(number)]
    return f"第 {wrong[0]} 个身份证号不是 18 位或校验码不符，请对照证件重新输入。" if wrong else None


def is_id_number(text: str) -> bool:
    """Return whether the text has 18 characters and the check character of GB 11643."""
    return bool(re.fullmatch(r"\d{17}[\dX]", text, re.ASCII)) and id_check_character(text[:17]) == text[17]


def _check_choice(field: EntryField, text: str) -> str | None:
    return None if text in field.choices else f"请从列表中选择{field.label}。"


def _check_month(_field: EntryField, text: str) -> str | None:
    return None if re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])", text, re.ASCII) else "请填写六位年月，如 202611。"


def _check_year(_field: EntryField, text: str) -> str | None:
    return None if re.fullmatch(r"(19|20)\d\d", text, re.ASCII) else "请填写四位年度，如 2026。"


def _check_text(_field: EntryField, text: str) -> str | None:
    return None if len(text) <= _LONGEST else f"最多 {_LONGEST} 个字。"


_CHECKS: Mapping[Kind, Callable[[EntryField, str], str | None]] = {
    Kind.NAME: _check_name,
    Kind.ID_NUMBER: _check_id_number,
    Kind.ID_NUMBERS: _check_id_numbers,
    Kind.CHOICE: _check_choice,
    Kind.MONTH: _check_month,
    Kind.YEAR: _check_year,
    Kind.TEXT: _check_text,
}
