"""Person lists: each row's required columns and constraints, and rows that say the same person twice."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from matters import constraints
from matters.constraints import Context, Finding
from matters.form_errors import FieldError, label_params
from matters.form_fields import Column, FormField
from matters.messages import N_

Found = tuple[FieldError, bool]
"""An error, or a warning when the second is True."""


def check_rows(
    form_field: FormField, rows: Sequence[Mapping[str, object]], context: Context, unreadable: Collection[str]
) -> Iterator[Found]:
    """Give every finding in the rows; `unreadable` are paths that have their message already."""
    for index, row in enumerate(rows):
        row_context = Context(
            at=context.at,
            values={**context.values, **row},
            columns={**context.columns, **{column.key: column for column in form_field.columns}},
        )
        for column in form_field.columns:
            path = f"{form_field.key}/{index}/{column.key}"
            if path not in unreadable:
                yield from _check_cell(column, path, index, row, row_context)
    yield from _repeated(form_field, rows)


def _check_cell(column: Column, path: str, index: int, row: Mapping[str, object], context: Context) -> Iterator[Found]:
    if column.key not in row:
        if column.required or constraints.is_required_by_age(column, context):
            message = N_("请填写第{row}行的{label}")
            yield FieldError(path=path, code="required", message=message, params=label_params(column, index)), False
        return
    for finding in constraints.check(column, row[column.key], context):
        yield _placed(column, path, index, finding), finding.is_warning


def _placed(column: Column, path: str, index: int, finding: Finding) -> FieldError:
    params = {**label_params(column, index), **finding.params}
    return FieldError(path=path, code=finding.code, message=finding.message, params=params)


def _repeated(form_field: FormField, rows: Sequence[Mapping[str, object]]) -> Iterator[Found]:
    unique_by = form_field.constraints.unique_by
    column = next((column for column in form_field.columns if column.key == unique_by), None)
    if column is None:
        return
    for index, earlier in constraints.repeated_rows(rows, column.key):
        params = {**label_params(column, index), "earlier": earlier + 1}
        message = N_("第{row}行的{label}与第{earlier}行重复，请删除一行或改正")
        path = f"{form_field.key}/{index}/{column.key}"
        yield FieldError(path=path, code="duplicate", message=message, params=params), False
