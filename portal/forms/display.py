"""A filled form to be read: review, case page, printable pack. Codes become labels, lists become tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from matters.conditions import visible_keys
from matters.form_fields import Column, FieldType, FormField
from matters.guide import Matter
from portal.library import local
from portal.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One field and what stands in it."""

    key: str
    label: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list: headings, and a text for each cell."""

    key: str
    label: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplaySection:
    """A section with what is shown of it."""

    id: str
    title: str
    items: tuple[Line | Table, ...] = field(repr=False)


def display(matter: Matter, situation: str, values: Mapping[str, object]) -> tuple[DisplaySection, ...]:
    """Return the sections with their visible fields; `values` may be typed, normal or masked ones."""
    shown = visible_keys(matter, situation, values)
    sections = (
        DisplaySection(
            id=section.id,
            title=local(section, "title"),
            items=tuple(_item(f, values.get(f.key)) for f in section.fields if f.key in shown),
        )
        for section in matter.form.sections
    )
    return tuple(section for section in sections if section.items)


def _item(f: FormField, value: object) -> Line | Table:
    if not f.columns:
        return Line(key=f.key, label=local(f, "label"), text=text_of(f, value))
    rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []
    return Table(
        key=f.key,
        label=local(f, "label"),
        headings=tuple(local(column, "label") for column in f.columns),
        rows=tuple(tuple(text_of(column, row.get(column.key)) for column in f.columns) for row in rows),
    )


def text_of(column: Column, value: object) -> str:
    """Return a value as people write it; nothing is a dash."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list | tuple):
        return "、".join(text_of(column, one) for one in value) or "-"
    for option in column.options:
        if option.code == value:
            return local(option, "label")
    if column.type is FieldType.DATETIME:
        return str(value).replace("T", " ")[:16]
    return str(value)
