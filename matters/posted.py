"""Forms as HTML sends them: flat names and texts, to typed values and back, losing nothing that was typed.

    applicant_name                a field
    household_members.0.name      a column of the first row; rows keep their order, gaps close
    household_members._rows       a marker (any value): the list was on the page, even with no row left
    insurance_types               repeated, once for each choice; `insurance_types._shown` marks that it was on the page
    _add=household_members        the button that adds a row; _remove=household_members.2 the one that removes one

What can't be read by its type stays the text it was, so that the page shows it again beside its message.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from matters import normal
from matters.conditions import visible_keys
from matters.form_fields import Column, FieldType, FormField
from matters.guide import Matter
from matters.reading import read_form

MOST_NAMES = 10_000
MOST_ROWS = 500
ROWS_MARKER = "_rows"
SHOWN_MARKER = "_shown"
ADD, REMOVE = "_add", "_remove"

Pairs = Iterable[tuple[str, str]]
Row = dict[str, object]

_WHOLE = re.compile(r"[+-]?[0-9]{1,12}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Typed values of the fields that were on the page, names nobody knows, and the row button that was pressed."""

    values: dict[str, object] = field(repr=False)
    unknown: tuple[str, ...] = ()
    add: str | None = None
    remove: tuple[str, int] | None = None


def parse_posted(matter: Matter, pairs: Pairs, *, section: str | None = None) -> Posted:
    """Return what was posted; with `section`, only that section's fields. Names starting with `_` are the page's own.

    A field that was left blank is not among the values.
    """
    shown = {form_field.key: form_field for form_field in _fields_of(matter, section)}
    singles: dict[str, list[str]] = {}
    rows: dict[str, dict[int, dict[str, list[str]]]] = {}
    unknown: list[str] = []
    buttons: dict[str, str] = {}
    for _, (name, text) in zip(range(MOST_NAMES), pairs, strict=False):
        key, *rest = name.split(".")
        form_field = shown.get(key)
        if name in (ADD, REMOVE):
            buttons[name] = text
        elif form_field is not None and _take(form_field, rest, text, singles, rows):
            continue
        elif not name.startswith("_"):
            unknown.append(name[: normal.LONGEST_SHORT])
    values: dict[str, object] = {}
    for key, form_field in shown.items():
        value = _list_of(form_field, rows[key]) if key in rows else _typed(form_field, singles.get(key, []))
        if value is not None:
            values[key] = value
    return Posted(values=values, unknown=tuple(unknown), add=_added(buttons, shown), remove=_removed(buttons, shown))


def _fields_of(matter: Matter, section: str | None) -> Iterable[FormField]:
    return (f for part in matter.form.sections if section in (None, part.id) for f in part.fields)


def _take(
    form_field: FormField,
    rest: list[str],
    text: str,
    singles: dict[str, list[str]],
    rows: dict[str, dict[int, dict[str, list[str]]]],
) -> bool:
    """Sort one posted text into its place; False when the name is not one of this field's."""
    key = form_field.key
    if not form_field.columns:
        if rest == [SHOWN_MARKER]:
            return True
        if rest:
            return False
        singles.setdefault(key, []).append(text)
        return True
    if rest == [ROWS_MARKER]:
        rows.setdefault(key, {})
        return True
    if len(rest) != 2 or not _is_index(rest[0]) or all(column.key != rest[1] for column in form_field.columns):
        return False
    rows.setdefault(key, {}).setdefault(int(rest[0]), {}).setdefault(rest[1], []).append(text)
    return True


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4 and int(text) < MOST_ROWS


def _list_of(form_field: FormField, rows: Mapping[int, Mapping[str, list[str]]]) -> list[Row]:
    return [_row(form_field, rows[index]) for index in sorted(rows)]


def _row(form_field: FormField, texts: Mapping[str, list[str]]) -> Row:
    read = {column.key: _typed(column, texts.get(column.key, [])) for column in form_field.columns}
    return {key: value for key, value in read.items() if value is not None}


def _typed(column: Column, texts: list[str]) -> object | None:
    if column.type is FieldType.MULTI_ENUM:
        return [text for text in dict.fromkeys(texts) if text] or None
    # Of several texts under one name the last one typed counts, as in a browser that sends a hidden default first.
    text = next((text for text in reversed(texts) if text.strip()), None)
    return None if text is None else _by_type(column, text)


def _by_type(column: Column, text: str) -> object:
    match column.type:
        case FieldType.BOOLEAN:
            return {"true": True, "false": False}.get(text.strip(), text)
        case FieldType.INTEGER | FieldType.YEAR:
            plain = normal.half_width(text[: normal.LONGEST_SHORT])
            return int(plain) if len(text) <= normal.LONGEST_SHORT and _WHOLE.fullmatch(plain) else text
        case FieldType.NUMBER:
            plain = normal.half_width(text[: normal.LONGEST_SHORT])
            return _number(plain) if len(text) <= normal.LONGEST_SHORT and _DECIMAL.fullmatch(plain) else text
        case _:
            return text


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _added(buttons: Mapping[str, str], shown: Mapping[str, FormField]) -> str | None:
    key = buttons.get(ADD, "")
    return key if key in shown and shown[key].columns else None


def _removed(buttons: Mapping[str, str], shown: Mapping[str, FormField]) -> tuple[str, int] | None:
    key, _, index = buttons.get(REMOVE, "").partition(".")
    return (key, int(index)) if key in shown and shown[key].columns and _is_index(index) else None


def merge_section(
    matter: Matter, section: str, before: Mapping[str, object], posted: Mapping[str, object], *, situation: str
) -> dict[str, object]:
    """Return a draft's values after one section was posted.

    Fields of other sections stay, and so do those of this one that were not shown: who switches a condition back
    finds what was typed. A field that was shown and comes back empty was cleared.
    """
    shown = visible_keys(matter, situation, read_form(matter, before).values)
    cleared = {form_field.key for form_field in _fields_of(matter, section)} & shown
    merged = {key: value for key, value in before.items() if key not in cleared} | dict(posted)
    return {key: merged[key] for key in (*matter.fields_by_key, *merged) if key in merged}


def add_row(matter: Matter, values: Mapping[str, object], key: str) -> dict[str, object]:
    """Return the values with an empty row at the end of list `key`; a full list stays as it is."""
    rows = _rows(values, key)
    most = matter.fields_by_key[key].constraints.max_items or MOST_ROWS
    return {**values, key: [*rows, {}] if len(rows) < most else rows}


def remove_row(values: Mapping[str, object], key: str, index: int) -> dict[str, object]:
    """Return the values without row `index` of list `key`; an index past the end removes nothing."""
    return {**values, key: [row for place, row in enumerate(_rows(values, key)) if place != index]}


def _rows(values: Mapping[str, object], key: str) -> list[object]:
    rows = values.get(key)
    return list(rows) if isinstance(rows, list | tuple) else []


def render_posted(matter: Matter, values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the flat names and texts a page shows for these values; `parse_posted` gives the values back."""
    pairs: list[tuple[str, str]] = []
    for form_field in matter.form.all_fields():
        value = values.get(form_field.key)
        if form_field.columns:
            pairs += _rendered_rows(form_field, value)
        elif value is not None:
            pairs += ((form_field.key, text) for text in texts_of(value))
    return pairs


def _rendered_rows(form_field: FormField, value: object) -> list[tuple[str, str]]:
    if not isinstance(value, list | tuple):
        return []
    pairs = [(f"{form_field.key}.{ROWS_MARKER}", str(len(value)))]
    for index, row in enumerate(value):
        cells = row if isinstance(row, Mapping) else {}
        # An empty first column keeps a row that has nothing typed in it yet.
        first = form_field.columns[0].key
        if first not in cells:
            pairs.append((f"{form_field.key}.{index}.{first}", ""))
        for column in form_field.columns:
            if column.key in cells:
                pairs += ((f"{form_field.key}.{index}.{column.key}", text) for text in texts_of(cells[column.key]))
    return pairs


def texts_of(value: object) -> tuple[str, ...]:
    """Return the texts a value is shown as in form controls: one, or one for each choice of several."""
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, list | tuple):
        return tuple(str(one) for one in value)
    return () if value is None else (str(value),)
