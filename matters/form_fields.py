"""The form of a matter: sections, fields, columns and their constraints, as the matter file declares them."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from pydantic import Field

from matters.declared import Declared


class FieldType(StrEnum):
    TEXT = "text"
    TEXTAREA = "textarea"
    ID_CARD = "id_card"
    USCC = "uscc"
    PHONE = "phone"
    DATE = "date"
    DATETIME = "datetime"
    MONTH = "month"
    YEAR = "year"
    MONEY = "money"
    INTEGER = "integer"
    NUMBER = "number"
    ENUM = "enum"
    MULTI_ENUM = "multi_enum"
    BOOLEAN = "boolean"
    BANK_ACCOUNT = "bank_account"
    ADDRESS = "address"
    REGION = "region"
    PERSON_LIST = "person_list"


class Option(Declared):
    code: str
    label: str
    label_en: str


class RequiredIfAge(Declared):
    """The field is required when the identity number in field `of` belongs to somebody younger than `below`."""

    of: str
    below: int


class Constraints(Declared):
    """Every constraint of schema.md; what is absent holds nothing back."""

    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    checksum: bool | None = None
    luhn: Literal["warn"] | None = None
    mask: str | None = None
    min: int | float | None = None
    max: int | float | None = None
    scale: int | None = None
    min_age: int | None = None
    max_age: int | None = None
    not_future: bool | None = None
    max_future_days: int | None = None
    after_field: str | None = None
    gte_field: str | None = None
    lte_field: str | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_by: str | None = None
    level: int | None = None
    must_be: bool | None = None
    default: bool | int | str | None = None
    readonly: bool | None = None
    derived: str | None = None
    required_if_age: RequiredIfAge | None = None


class VisibleWhen(Declared):
    """The field is shown when `field` (a key, or `situation`) holds one of the values."""

    field: str
    values: tuple[bool | str, ...] = Field(alias="in")


class Column(Declared):
    """A column of a person list; also what every field is, apart from conditions and columns of its own."""

    key: str
    label: str
    label_en: str
    type: FieldType
    required: bool
    source: str | None
    options: tuple[Option, ...]
    constraints: Constraints

    @property
    def supplied(self) -> bool:
        """True when the clerk types nothing here: the platform computes it or the back office supplies it."""
        return bool(self.constraints.readonly or self.constraints.derived)


class FormField(Column):
    columns: tuple[Column, ...]
    visible_when: VisibleWhen | None
    help: str | None


class Section(Declared):
    id: str
    title: str
    title_en: str
    fields: tuple[FormField, ...]


class Form(Declared):
    sections: tuple[Section, ...]

    def all_fields(self) -> Iterator[FormField]:
        """Give every field, in the order of the form."""
        for section in self.sections:
            yield from section.fields
