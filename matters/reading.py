"""Reading a whole form: each value by its type, rows of person lists column by column, unknown names refused.

The work is bounded by the form: of unknown names a few are named, of lists no more rows are read than the guide
allows, and of texts no more characters than `normal` allows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from matters import fields
from matters.conditions import SITUATION
from matters.form_errors import FieldError, label_params
from matters.form_fields import Column, FieldType, FormField
from matters.guide import Matter
from matters.messages import N_

MOST_UNKNOWN_NAMED = 20
MOST_UNKNOWN_COLUMNS = 3
LONGEST_KEY_NAMED = 60
MOST_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Normal values by key; and by key what could not be read."""

    values: dict[str, object]
    problems: dict[str, tuple[FieldError, ...]]


def read_form(matter: Matter, values: Mapping[str, object]) -> Reading:
    """Read every field of the form; what is absent takes its default."""
    reading = Reading(values={}, problems={})
    for form_field in matter.form.all_fields():
        if form_field.type is FieldType.PERSON_LIST:
            value, problems = _read_rows(form_field, values.get(form_field.key))
        else:
            value, problems = _read_value(form_field, values.get(form_field.key), form_field.key)
        if value is None and not problems:
            value = form_field.constraints.default
        if value is not None:
            reading.values[form_field.key] = value
        if problems:
            reading.problems[form_field.key] = problems
    return reading


def unknown_fields(matter: Matter, situation: str, values: Mapping[str, object]) -> Iterator[FieldError]:
    """Give an error for each name the form does not have; the situation may stand among the values."""
    known = matter.fields_by_key
    unknown = (key for key in values if key not in known and not (key == SITUATION and values[key] == situation))
    message = N_("本事项没有“{name}”这一项，请删除")
    yield from (
        _unknown(str(key), str(key), message) for _, key in zip(range(MOST_UNKNOWN_NAMED), unknown, strict=False)
    )


def _unknown(name: str, path: str, message: str) -> FieldError:
    short = name[:LONGEST_KEY_NAMED]
    return FieldError(path=path[: LONGEST_KEY_NAMED * 2], code="unknown_field", message=message, params={"name": short})


Read = tuple[object | None, tuple[FieldError, ...]]


def _read_value(column: Column, given: object, path: str, row: int | None = None) -> Read:
    try:
        value = fields.read(column, given)
    except fields.Unreadable as problem:
        params = {**label_params(column, row), **problem.params}
        return None, (FieldError(path=path, code=problem.code, message=problem.message, params=params),)
    return (None if value is fields.ABSENT else value), ()


def _read_rows(form_field: FormField, given: object) -> Read:
    if given is None:
        # A list that may be empty needs no row to be complete.
        return ([] if form_field.required and form_field.constraints.min_items == 0 else None), ()
    if not isinstance(given, list | tuple):
        return None, (_list_error(form_field, "type", N_("{label}应为名单，请逐行填写")),)
    most = form_field.constraints.max_items or MOST_ROWS
    if len(given) > most:
        message = N_("{label}最多{max_items}项，现在是{count}项")
        return None, (_list_error(form_field, "max_items", message, max_items=most, count=len(given)),)
    rows: list[dict[str, object]] = []
    problems: list[FieldError] = []
    for index, row in enumerate(given):
        read, found = _read_row(form_field, index, row)
        rows.append(read)
        problems += found
    return rows, tuple(problems)


def _list_error(form_field: FormField, code: str, message: str, **params: object) -> FieldError:
    return FieldError(path=form_field.key, code=code, message=message, params={**label_params(form_field), **params})


def _read_row(form_field: FormField, index: int, row: object) -> tuple[dict[str, object], list[FieldError]]:
    place = f"{form_field.key}/{index}"
    if not isinstance(row, Mapping):
        message = N_("{label}第{row}行应为一个人的信息，请逐项填写")
        return {}, [FieldError(path=place, code="type", message=message, params=label_params(form_field, index))]
    values: dict[str, object] = {}
    problems: list[FieldError] = []
    for column in form_field.columns:
        value, found = _read_value(column, row.get(column.key), f"{place}/{column.key}", index)
        problems += found
        if value is None and not found:
            value = column.constraints.default
        if value is not None:
            values[column.key] = value
    known = {column.key for column in form_field.columns}
    unknown = islice((str(key) for key in row if key not in known), MOST_UNKNOWN_COLUMNS)
    message = N_("本事项没有“{name}”这一项，请删除")
    problems += (_unknown(key, f"{place}/{key}", message) for key in unknown)
    return values, problems
