"""Checking a form: from what was typed or posted to normal values, errors and warnings, each at its field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from matters.form_fields import FormField
from matters.guide import Matter


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong at one place; `path` is `household_members/0/id_number`, `message` a Chinese msgid with {params}."""

    path: str
    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormCheck:
    """Normal values of what could be read; the form holds when there are no errors. Warnings stop nothing."""

    values: Mapping[str, object]
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
    """Check every visible field; `supplied` are the values of read-only fields the back office gave."""
    raise NotImplementedError


def visible_fields(matter: Matter, situation: str, values: Mapping[str, object]) -> tuple[FormField, ...]:
    """Return the fields shown in this situation with these values, in the order of the form."""
    raise NotImplementedError


def derive(matter: Matter, values: Mapping[str, object]) -> dict[str, object]:
    """Return the computed values of all derived fields whose inputs can be read."""
    raise NotImplementedError
