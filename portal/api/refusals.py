"""A refused call: raised anywhere below a handler, answered once by `endpoint.py`.

Texts are msgids with `{names}` filled from `params` after translation, so that the sentence is in the caller's
language and what the caller sent is never used as a format string.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.language import Catalogue
from config.problems import FieldProblem, Problem
from portal.api.problem_types import ProblemType

Gettext = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A msgid and what fills it."""

    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    def read(self, gettext: Gettext) -> str:
        """Return the sentence in the language `gettext` speaks."""
        return fill(gettext(self.message), self.params)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRefusal:
    """What is wrong at one place; `pointer` is a JSON Pointer into the body, or the name of a parameter."""

    pointer: str
    code: str
    sentence: Sentence


class Refused(Exception):
    """The call is not carried out; `kind` gives status and title."""

    def __init__(
        self,
        kind: ProblemType,
        detail: str = "",
        *,
        params: Mapping[str, object] | None = None,
        errors: Sequence[FieldRefusal] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind.slug)
        self.kind = kind
        self.detail = Sentence(message=detail or kind.remedy, params=params or {})
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def problem(self, catalogue: Catalogue) -> Problem:
        """Return the problem details in the catalogue's language."""
        return Problem(
            status=self.kind.status,
            type=self.kind.slug,
            title=catalogue.gettext(self.kind.title),
            detail=self.detail.read(catalogue.gettext),
            errors=tuple(
                FieldProblem(pointer=e.pointer, code=e.code, detail=e.sentence.read(catalogue.gettext))
                for e in self.errors
            ),
            headers=self.headers,
        )


def fill(sentence: str, params: Mapping[str, Any]) -> str:
    """Put `params` into the `{names}` of a sentence; braces without a value stay as they are."""
    for name, value in params.items():
        sentence = sentence.replace("{" + name + "}", str(value))
    return sentence


def pointer(*parts: str | int) -> str:
    """Return the JSON Pointer to `parts`, escaped (RFC 6901 §3)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
