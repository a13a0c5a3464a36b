"""What is wrong at one place of a form or a list of materials."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from matters.form_fields import Column
from matters.messages import say


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """`path` is `household_members/0/id_number`; `message` a Chinese msgid with {params} that says what to do.

    `params` hold the field's label in both languages, numbers and limits, and never a value that was typed.
    """

    path: str
    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    def text(self, gettext: Callable[[str], str] = str) -> str:
        """Return the sentence in the reader's language; without `gettext`, in Chinese."""
        return say(self.message, self.params, gettext)


def label_params(column: Column, row: int | None = None) -> dict[str, object]:
    """Return the params every message about a field has; `row` counts from 0 and is shown from 1."""
    params: dict[str, object] = {"label": column.label, "label_en": column.label_en}
    return params if row is None else {**params, "row": row + 1}
