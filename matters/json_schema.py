"""A matter's form as JSON Schema 2020-12: what `POST /api/v1/cases` takes under `form`.

It describes the normal form of every value, so whatever it accepts `check_form` can read; `check_form` also takes
what a keyboard makes of it (full-width digits, spaces). Rules between fields and over check characters are beyond
it: they stand in `x-` words and in the guide.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matters.conditions import SITUATION
from matters.form_fields import Column, FieldType, FormField
from matters.guide import Matter
from matters.normal import LONGEST_SHORT, LONGEST_TEXT

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NOT_BLANK = r"\S"

Schema = dict[str, Any]

_SHAPES: Mapping[FieldType, Schema] = {
    FieldType.TEXT: {"type": "string", "pattern": _NOT_BLANK, "maxLength": LONGEST_TEXT},
    FieldType.TEXTAREA: {"type": "string", "pattern": _NOT_BLANK, "maxLength": LONGEST_TEXT},
    FieldType.ADDRESS: {"type": "string", "pattern": _NOT_BLANK, "maxLength": LONGEST_TEXT},
    FieldType.ID_CARD: {"type": "string", "pattern": "^[0-9]{17}[0-9X]$", "x-checksum": "GB 11643-1999"},
    FieldType.USCC: {
        "type": "string",
        "pattern": "^[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}$",
        "x-checksum": "GB 32100-2015",
    },
    FieldType.PHONE: {"type": "string", "pattern": "^(1[3-9][0-9]{9}|0[0-9]{2,3}-?[2-9][0-9]{6,7}(-[0-9]{1,6})?)$"},
    FieldType.BANK_ACCOUNT: {"type": "string", "pattern": "^[0-9]+$", "maxLength": LONGEST_SHORT},
    FieldType.REGION: {"type": "string", "pattern": "^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$"},
    FieldType.DATE: {"type": "string", "format": "date", "pattern": "^(1[89]|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2}$"},
    FieldType.DATETIME: {
        "type": "string",
        "format": "date-time",
        "pattern": r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?\+08:00$",
    },
    FieldType.MONTH: {"type": "string", "pattern": "^(1[89]|2[01])[0-9]{2}-(0[1-9]|1[0-2])$"},
    FieldType.YEAR: {"type": "integer", "minimum": 1900, "maximum": 2200},
    FieldType.MONEY: {"type": "string", "pattern": r"^-?[0-9]{1,13}(\.[0-9]{1,2})?$"},
    FieldType.INTEGER: {"type": "integer", "minimum": -999_999_999_999, "maximum": 999_999_999_999},
    FieldType.NUMBER: {"type": "number", "minimum": -999_999_999_999, "maximum": 999_999_999_999},
    FieldType.ENUM: {},
    FieldType.MULTI_ENUM: {"type": "array"},
    FieldType.BOOLEAN: {"type": "boolean"},
    FieldType.PERSON_LIST: {"type": "array"},
}


def json_schema(matter: Matter) -> Schema:
    """Return the schema of the matter's form; which fields a situation shows stands in `x-visible-when` and `allOf`."""
    all_fields = list(matter.form.all_fields())
    conditions = [condition for field in all_fields if (condition := _required_when(matter, field)) is not None]
    schema: Schema = {
        "$schema": DIALECT,
        "title": matter.name,
        "x-title-en": matter.name_en,
        "type": "object",
        "properties": {SITUATION: _situations(matter)} | {field.key: _field(field) for field in all_fields},
        "required": [field.key for field in all_fields if _is_asked(field) and field.visible_when is None],
        "additionalProperties": False,
        "x-sections": [
            {
                "id": section.id,
                "title": section.title,
                "title-en": section.title_en,
                "fields": [field.key for field in section.fields],
            }
            for section in matter.form.sections
        ],
    }
    return schema | ({"allOf": conditions} if conditions else {})


def _situations(matter: Matter) -> Schema:
    return {
        "title": "办理情形",
        "description": "与请求中的 situation 相同，可不填",
        "oneOf": [{"const": one.id, "title": one.name} for one in matter.guide.situations],
    }


def _is_asked(column: Column) -> bool:
    limits = column.constraints
    return column.required and not column.supplied and limits.default is None and limits.min_items != 0


def _field(field: FormField) -> Schema:
    schema = _column(field)
    if field.help:
        schema["description"] = field.help
    if field.visible_when is not None:
        schema["x-visible-when"] = {"field": field.visible_when.field, "in": list(field.visible_when.values)}
    if field.columns:
        schema["items"] = {
            "type": "object",
            "properties": {column.key: _column(column) for column in field.columns},
            "required": [column.key for column in field.columns if _is_asked(column)],
            "additionalProperties": False,
        }
    return schema


def _column(column: Column) -> Schema:
    schema: Schema = {"title": column.label, "x-title-en": column.label_en, "x-type": column.type.value}
    schema |= _SHAPES[column.type] | _choices(column) | _limits(column)
    if column.source is not None:
        schema["x-source"] = column.source
    if column.supplied:
        schema["readOnly"] = True
    return schema


def _choices(column: Column) -> Schema:
    if not column.options:
        return {}
    options = [
        {"const": option.code, "title": option.label, "x-title-en": option.label_en} for option in column.options
    ]
    if column.type is FieldType.MULTI_ENUM:
        return {"items": {"oneOf": options}, "uniqueItems": True, "minItems": column.constraints.min_items or 0}
    return {"oneOf": options}


def _limits(column: Column) -> Schema:
    limits = column.constraints
    schema: Schema = {}
    if limits.min_length is not None and column.type is not FieldType.ENUM:
        schema["minLength"] = limits.min_length
    if limits.max_length is not None:
        schema["maxLength"] = limits.max_length
    if limits.pattern is not None:
        schema["pattern"] = limits.pattern
    if column.type in (FieldType.INTEGER, FieldType.NUMBER):
        schema |= {
            name: bound for name, bound in (("minimum", limits.min), ("maximum", limits.max)) if bound is not None
        }
    if column.type is FieldType.MONEY and limits.min is not None and limits.min >= 0:
        schema["pattern"] = r"^[0-9]{1,13}(\.[0-9]{1,2})?$"
    if column.type is FieldType.PERSON_LIST:
        schema |= {
            name: bound for name, bound in (("minItems", limits.min_items), ("maxItems", limits.max_items)) if bound
        }
    if limits.must_be is not None:
        schema["const"] = limits.must_be
    if limits.default is not None:
        schema["default"] = limits.default
    return schema | _words_of_our_own(column)


_OWN_WORDS = (
    "min_age",
    "max_age",
    "not_future",
    "max_future_days",
    "after_field",
    "gte_field",
    "lte_field",
    "unique_by",
    "level",
    "scale",
    "min",
    "max",
    "derived",
    "required_if_age",
    "mask",
)


def _words_of_our_own(column: Column) -> Schema:
    given = column.constraints.model_dump(mode="json", exclude_unset=True)
    return {f"x-{word.replace('_', '-')}": given[word] for word in _OWN_WORDS if word in given}


def _required_when(matter: Matter, field: FormField) -> Schema | None:
    """Return the condition under which a conditional field is required; chains of conditions hold all together."""
    if field.visible_when is None or not _is_asked(field):
        return None
    conditions = _chain(matter, field)
    if conditions is None:
        return None
    return {
        "if": {
            "properties": {key: {"enum": list(values)} for key, values in conditions},
            "required": [k for k, _ in conditions],
        },
        "then": {"required": [field.key]},
    }


def _chain(matter: Matter, field: FormField) -> Sequence[tuple[str, Sequence[bool | str]]] | None:
    chain: list[tuple[str, Sequence[bool | str]]] = []
    current: FormField | None = field
    while current is not None and current.visible_when is not None:
        condition = current.visible_when
        if any(key == condition.field for key, _ in chain):
            return None
        chain.append((condition.field, condition.values))
        current = matter.fields_by_key.get(condition.field)
    return chain
