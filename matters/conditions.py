"""Which fields are shown: `visible_when` names the situation or another field; what hangs on a hidden field is hidden."""

from collections.abc import Mapping

from matters.form_fields import FormField
from matters.guide import Matter

SITUATION = "situation"


def visible_keys(matter: Matter, situation: str, values: Mapping[str, object]) -> frozenset[str]:
    """Return the keys of the fields shown with these normal values."""
    seen: dict[str, bool] = {}
    return frozenset(key for key in matter.fields_by_key if _is_visible(key, matter, situation, values, seen))


def _is_visible(key: str, matter: Matter, situation: str, values: Mapping[str, object], seen: dict[str, bool]) -> bool:
    if key not in seen:
        seen[key] = False  # a circle of conditions shows nothing; lint names it
        seen[key] = _holds(matter.fields_by_key[key], matter, situation, values, seen)
    return seen[key]


def _holds(
    field: FormField, matter: Matter, situation: str, values: Mapping[str, object], seen: dict[str, bool]
) -> bool:
    condition = field.visible_when
    if condition is None:
        return True
    if condition.field == SITUATION:
        return situation in condition.values
    if condition.field not in matter.fields_by_key:
        return False
    if not _is_visible(condition.field, matter, situation, values, seen):
        return False
    return _is_among(values.get(condition.field), condition.values)


def _is_among(value: object, wanted: tuple[bool | str, ...]) -> bool:
    if isinstance(value, list | tuple):
        return any(_is_among(one, wanted) for one in value)
    # True == 1 in Python, and "true" is a text: only the same kind of value counts.
    return any(type(value) is type(one) and value == one for one in wanted)
