"""Predicates over a department's answer, in CEL (github.com/google/cel-spec), compiled when the spec is loaded.

CEL always ends and its patterns run in linear time; with a bound on its length and on lists gone through within lists a
spec can't hang a worker. A predicate that can't be worked out,
for instance because the answer lacks the field it asks for, does not hold.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import cel

from connectors.chinese_marks import stray_mark

VARIABLES: Final = frozenset({"status", "headers", "body", "envelope", "error"})
# `body.rows.all(r, r.code == 0)`: r is the expression's own name, not something it reads.
_OWN_NAMES: Final = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
LONGEST: Final = 1000
MOST_WALKS: Final = 2
"""Lists gone through in one predicate: each within another takes as many times longer as it has rows."""
_GROWING: Final = re.compile(r"\b(?:map|filter)\s*\(")
"""These build their list anew for every row: twenty thousand rows take a minute and a half."""
_STRING: Final = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
_OTHER_STRINGS: Final = re.compile(r"(?<!\w)[rRbB]{1,2}['\"]|'{3}|\"{3}|//")
_WHOLE_ANSWER: Final = re.compile(r"(?<![\w.])(?:body|envelope|headers)\b")
_WALK: Final = re.compile(r"\b(?:all|exists|exists_one|existsOne|map|filter)\s*(?://[^\n]*\n\s*)*\(")


class PredicateRefused(Exception):
    """What is wrong with a predicate, as a sentence for the spec's author."""


class Variables(dict[str, object]):
    """What rules read of one answer. What predicates read is handed to CEL once, however many ask for it.

    To hand over an answer of a megabyte takes half a second, for each of a dozen rules; asking it takes microseconds.
    It is read when first asked for: `status == 429` needs no body at all.
    """

    __slots__ = ("_handed", "_names")

    def __init__(self, values: Mapping[str, object]) -> None:
        super().__init__(values)
        self._handed = cel.Context()
        self._names: set[str] = set()

    def handed(self, names: Iterable[str]) -> cel.Context:
        """Return what CEL has of the answer, with all that is there of `names`."""
        for name in names:
            if name in self and name not in self._names:
                self._handed.add_variable(name, self[name])
                self._names.add(name)
        return self._handed


@dataclass(frozen=True, slots=True)
class Predicate:
    """`when` as it was written; `holds` tells whether it is true of an answer."""

    when: str
    program: Any = field(repr=False, compare=False)
    reads: frozenset[str] = VARIABLES

    def holds(self, answer: Mapping[str, object]) -> bool:
        try:
            variables = answer if isinstance(answer, Variables) else Variables(answer)
            return self.program.execute(variables.handed(self.reads)) is True
        except (KeyError, TypeError, ValueError, RuntimeError, ArithmeticError, IndexError):
            return False


def parse_predicate(when: str) -> Predicate:
    """Compile `when`.

    Raises:
        PredicateRefused: it is not CEL, takes too long, or reads something an answer does not have.
    """
    if len(when) > LONGEST:
        raise PredicateRefused(f"expected a shorter expression: at most {LONGEST} characters")
    if len(_WALK.findall(when)) > MOST_WALKS:
        raise PredicateRefused(
            f"expected fewer lists in one expression: at most {MOST_WALKS} of all, exists, map, filter"
        )
    if (stray := stray_mark(when)) is not None:
        raise PredicateRefused(stray)
    _check_cost(when)
    try:
        program = cel.compile(when)
    except ValueError as error:
        raise PredicateRefused(f"not a CEL expression: {str(error).splitlines()[0]}") from None
    if unknown := set(program.variables()) - VARIABLES - set(_OWN_NAMES.findall(when)):
        raise PredicateRefused(f"unknown variable {sorted(unknown)[0]!r}: there are {', '.join(sorted(VARIABLES))}")
    return Predicate(when, program, VARIABLES & set(program.variables()))


def _check_cost(when: str) -> None:
    """Refuse what takes as long as the square of a list's length, whatever the department answers.

    Raises:
        PredicateRefused
    """
    walks = bool(_WALK.search(when))
    if walks and _OTHER_STRINGS.search(_STRING.sub("''", when)):
        raise PredicateRefused("expected plain texts in quotation marks beside all( or exists(, and no comments")
    plain = _STRING.sub("''", when)
    if _GROWING.search(plain):
        raise PredicateRefused("expected all( or exists(: map and filter take too long over a long list")
    for walk in _WALK.finditer(plain):
        if _WHOLE_ANSWER.search(_inside(plain, walk.end())):
            raise PredicateRefused(
                "expected only what belongs to the row within all( or exists(: the rest stands outside"
            )


def _inside(text: str, begin: int) -> str:
    """Return what stands from `begin` up to the bracket that closes the one before it."""
    depth = 1
    for at in range(begin, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[begin:at]
    return text[begin:]
