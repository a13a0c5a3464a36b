"""Lint of the form: keys, shared data items, options, conditions, and constraints that name another field."""

import re
from collections.abc import Iterator

from matters import derived
from matters.conditions import SITUATION
from matters.data_items import DataItem, DataItems
from matters.form_fields import Column, FieldType, FormField
from matters.guide import Matter
from matters.lint_findings import Finding, error, warning
from matters.messages import N_

_CHOICES = frozenset({FieldType.ENUM, FieldType.MULTI_ENUM})


def lint_form(matter: Matter, items: DataItems) -> Iterator[Finding]:
    """Give every finding about the form."""
    yield from _repeated_keys(matter)
    for field in matter.form.all_fields():
        place = f"form/{field.key}"
        yield from _column(field, place, items)
        yield from _condition(matter, field, place)
        yield from _references(matter, field, place)
        if field.type is FieldType.PERSON_LIST and not field.columns:
            yield error(place, "no_columns", N_("名单“{label}”没有列"), label=field.label)
        for column in field.columns:
            yield from _column(column, f"{place}/{column.key}", items)


def _repeated_keys(matter: Matter) -> Iterator[Finding]:
    keys = [field.key for field in matter.form.all_fields()]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield error(f"form/{key}", "key_repeated", N_("字段“{key}”重复"), key=key)
    if SITUATION in keys:
        yield error(f"form/{SITUATION}", "key_reserved", N_("字段名“situation”已用于办理情形"))


def _column(column: Column, place: str, items: DataItems) -> Iterator[Finding]:
    if column.type in _CHOICES and not column.options:
        yield error(place, "no_options", N_("“{label}”没有选项"), label=column.label)
    codes = [option.code for option in column.options]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield error(place, "option_repeated", N_("“{label}”的选项“{option}”重复"), label=column.label, option=code)
    if column.constraints.pattern is not None and not is_pattern_safe(column.constraints.pattern):
        yield error(place, "pattern_unsafe", N_("“{label}”的格式规则无法使用"), label=column.label)
    yield from _source(column, place, items)


def _source(column: Column, place: str, items: DataItems) -> Iterator[Finding]:
    if column.source is None:
        if match := _same_item(column, items):
            message = N_("“{label}”未引用共享数据项，可用“{item}”，群众不必重复填写")
            # A row of a list is about somebody else each time, so nothing is prefilled there and it only warns.
            find = error if isinstance(column, FormField) else warning
            yield find(place, "item_exists", message, label=column.label, item=match.id)
        return
    item = items.by_id.get(column.source)
    if item is None:
        yield error(place, "item_unknown", N_("共享数据项“{item}”不存在"), item=column.source)
        return
    is_part_of_date = item.type is FieldType.MONTH and column.type is FieldType.DATE
    if item.type is not column.type and not is_part_of_date:
        message = N_("“{label}”的类型与共享数据项“{item}”不一致")
        yield error(place, "item_type", message, label=column.label, item=item.id)
    if item.codelist is not None:
        outside = sorted({option.code for option in column.options} - set(items.codelists[item.codelist]))
        if outside:
            message = N_("“{label}”的选项“{option}”不在代码清单“{codelist}”中")
            yield error(place, "option_outside", message, label=column.label, option=outside[0], codelist=item.codelist)


def _same_item(column: Column, items: DataItems) -> DataItem | None:
    """Return the shared item of the same type and name, leaving out units in brackets and whose field it is."""
    label = re.sub(r"[（(].*?[）)]", "", column.label)
    return next(
        (
            item
            for item in items.items
            if item.type is column.type and re.sub(r"[（(].*?[）)]", "", item.label) == label
        ),
        None,
    )


def _condition(matter: Matter, field: FormField, place: str) -> Iterator[Finding]:
    condition = field.visible_when
    if condition is None:
        return
    if condition.field == SITUATION:
        known: set[bool | str] = {situation.id for situation in matter.guide.situations}
    elif condition.field not in matter.fields_by_key:
        message = N_("“{label}”的显示条件写了没有的字段“{field}”")
        yield error(f"{place}/visible_when", "field_unknown", message, label=field.label, field=condition.field)
        return
    else:
        other = matter.fields_by_key[condition.field]
        known = {True, False} if other.type is FieldType.BOOLEAN else {option.code for option in other.options}
    unknown = [value for value in condition.values if value not in known]
    if unknown:
        message = N_("“{label}”的显示条件写了没有的值“{value}”")
        yield error(f"{place}/visible_when", "value_unknown", message, label=field.label, value=str(unknown[0]))
    if _goes_in_circle(matter, field):
        message = N_("“{label}”的显示条件互相引用，永远不会显示")
        yield error(f"{place}/visible_when", "circle", message, label=field.label)


def _goes_in_circle(matter: Matter, field: FormField) -> bool:
    seen: set[str] = set()
    current: FormField | None = field
    while current is not None and current.visible_when is not None:
        if current.key in seen:
            return True
        seen.add(current.key)
        current = matter.fields_by_key.get(current.visible_when.field)
    return False


def _references(matter: Matter, field: FormField, place: str) -> Iterator[Finding]:
    limits = field.constraints
    others = [limits.after_field, limits.gte_field, limits.lte_field]
    others += [limits.required_if_age.of] if limits.required_if_age else []
    for other in others:
        if other is not None and other not in matter.fields_by_key:
            message = N_("“{label}”的约束写了没有的字段“{field}”")
            yield error(f"{place}/constraints", "field_unknown", message, label=field.label, field=other)
    columns = {column.key for column in field.columns}
    if limits.unique_by is not None and limits.unique_by not in columns:
        message = N_("名单“{label}”没有列“{column}”")
        yield error(f"{place}/constraints", "column_unknown", message, label=field.label, column=limits.unique_by)
    if limits.derived is not None:
        yield from _derived(matter, field, limits.derived, place)


def _derived(matter: Matter, field: FormField, expression: str, place: str) -> Iterator[Finding]:
    message = N_("“{label}”的计算式“{expression}”不能计算")
    try:
        known = all(key in matter.fields_by_key and key != field.key for key in derived.inputs(expression))
        columns = derived.columns(expression)
    except derived.ExpressionInvalid:
        known, columns = False, frozenset()
    if known:
        known = all(column in {c.key for c in matter.fields_by_key[key].columns} for key, column in columns)
    if not known:
        yield error(f"{place}/constraints", "derived_invalid", message, label=field.label, expression=expression)


def is_pattern_safe(pattern: str) -> bool:
    """Tell whether a pattern compiles and repeats no group that itself repeats, which can take for ever."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return re.search(r"[+*}]\)[+*{]", pattern) is None
