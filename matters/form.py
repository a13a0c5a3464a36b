"""Checking a form: from what was typed or posted to normal values, errors and warnings, each at its field.

The steps: refuse what no form has → read each value by its type → hide what is not shown → compute what is
derived → check what is required and every constraint. What is hidden is dropped and asks for nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import cast

from matters import constraints, fields
from matters.conditions import SITUATION, visible_keys
from matters.constraints import Context, Finding
from matters.derived import NotYet, compute
from matters.errors import UnknownSituation
from matters.form_errors import FieldError, label_params
from matters.form_fields import FieldType, FormField
from matters.guide import Matter
from matters.messages import N_
from matters.reading import Reading, read_form, unknown_fields
from matters.rows import Found, check_rows

__all__ = ["FieldError", "FormCheck", "check_form", "derive", "visible_fields"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormCheck:
    """Normal values of what could be read; the form holds when there are no errors. Warnings stop nothing."""

    values: Mapping[str, object] = field(repr=False)
    errors: tuple[FieldError, ...] = ()
    warnings: tuple[FieldError, ...] = ()


def check_form(
    matter: Matter,
    situation: str,
    values: Mapping[str, object],
    *,
    at: date,
    supplied: Mapping[str, object] | None = None,
) -> FormCheck:
    """Check every visible field on the day `at` (Shanghai's).

    `supplied` are the values of read-only fields as the back office gave them; a clerk's differing value is an
    error. A derived field is computed, whatever was sent. The work is bounded by the form, not by the input.
    """
    try:
        matter.situation(situation)
    except UnknownSituation:
        error = FieldError(path=SITUATION, code="unknown_situation", message=UnknownSituation.public)
        return FormCheck(values={}, errors=(error,))
    reading = read_form(matter, values)
    shown = visible_keys(matter, situation, reading.values)
    kept = _kept(matter, reading, shown, supplied or {})
    context = Context(at=at, values=kept, columns=matter.fields_by_key)
    found = [
        each
        for form_field in matter.form.all_fields()
        if form_field.key in shown
        for each in _check_field(form_field, reading, context)
    ]
    return FormCheck(
        values={key: kept[key] for key in matter.fields_by_key if key in kept},
        errors=(*unknown_fields(matter, situation, values), *(error for error, is_warning in found if not is_warning)),
        warnings=tuple(warning for warning, is_warning in found if is_warning),
    )


def visible_fields(matter: Matter, situation: str, values: Mapping[str, object]) -> tuple[FormField, ...]:
    """Return the fields shown in this situation with these values (typed or normal), in the order of the form."""
    shown = visible_keys(matter, situation, read_form(matter, values).values)
    return tuple(form_field for form_field in matter.form.all_fields() if form_field.key in shown)


def derive(matter: Matter, values: Mapping[str, object]) -> dict[str, object]:
    """Return the computed values of all derived fields whose inputs are there; `values` are normal ones."""
    computed: dict[str, object] = {}
    for form_field in matter.form.all_fields():
        if expression := form_field.constraints.derived:
            try:
                computed[form_field.key] = _as_value(form_field, compute(expression, {**values, **computed}))
            except NotYet:
                continue
    return computed


def _as_value(form_field: FormField, number: Decimal) -> object:
    match form_field.type:
        case FieldType.MONEY:
            return f"{number.quantize(Decimal('0.01')) + 0:.2f}"
        case FieldType.INTEGER:
            return int(number)
        case _:
            return float(number)


def _kept(matter: Matter, reading: Reading, shown: frozenset[str], supplied: Mapping[str, object]) -> dict[str, object]:
    """Return what the case keeps: shown values, those of the back office, and computed ones."""
    fields_by_key = matter.fields_by_key
    kept = {key: value for key, value in reading.values.items() if key in shown and not fields_by_key[key].supplied}
    for key in shown:
        if fields_by_key[key].constraints.readonly and key in supplied:
            kept[key] = fields.read(fields_by_key[key], supplied[key])
    kept |= {key: value for key, value in derive(matter, kept).items() if key in shown}
    return kept


def _check_field(form_field: FormField, reading: Reading, context: Context) -> Iterator[Found]:
    key, limits = form_field.key, form_field.constraints
    problems = () if limits.derived else reading.problems.get(key, ())
    if limits.readonly:
        yield from _check_readonly(form_field, bool(problems), reading, context)
        return
    yield from ((problem, False) for problem in problems)
    if key in context.values:
        yield from (
            _placed(form_field, finding) for finding in constraints.check(form_field, context.values[key], context)
        )
        if form_field.columns:
            rows = cast("list[Mapping[str, object]]", context.values[key])
            yield from check_rows(form_field, rows, context, {problem.path for problem in problems})
    elif not problems and not limits.derived and _is_required(form_field, context):
        # A derived field that can't be computed lacks an input, and that one has the message.
        chosen = bool(form_field.options) or form_field.type is FieldType.BOOLEAN
        message = N_("请选择{label}") if chosen else N_("请填写{label}")
        yield FieldError(path=key, code="required", message=message, params=label_params(form_field)), False


def _is_required(form_field: FormField, context: Context) -> bool:
    return form_field.required or constraints.is_required_by_age(form_field, context)


def _check_readonly(form_field: FormField, is_unreadable: bool, reading: Reading, context: Context) -> Iterator[Found]:
    given = reading.values.get(form_field.key)
    if is_unreadable or (given is not None and given != context.values.get(form_field.key)):
        message = N_("{label}由业务部门提供，窗口不能填写，请清空后再提交")
        yield FieldError(path=form_field.key, code="readonly", message=message, params=label_params(form_field)), False


def _placed(form_field: FormField, finding: Finding) -> Found:
    params = {**label_params(form_field), **finding.params}
    error = FieldError(path=form_field.key, code=finding.code, message=finding.message, params=params)
    return error, finding.is_warning
