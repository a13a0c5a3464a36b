"""Predicates over a department's answer, in CEL (github.com/google/cel-spec), compiled when the spec is loaded.

CEL always ends and its patterns run in linear time; with a bound on its length and on lists gone through within lists a
spec can't hang a worker. A predicate that can't be worked out,
for instance because the answer lacks the field it asks for, does not hold.
"""

import re
from collections.abc import Mapping
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
_WALK: Final = re.compile(r"\b(?:all|exists|exists_one|existsOne|map|filter)\s*(?://[^\n]*\n\s*)*\(")


class PredicateRefused(Exception):
    """What is wrong with a predicate, as a sentence for the spec's author."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """`when` as it was written; `holds` tells whether it is true of an answer."""

    when: str
    program: Any = field(repr=False, compare=False)

    def holds(self, answer: Mapping[str, object]) -> bool:
        try:
            return self.program.execute(dict(answer)) is True
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
    try:
        program = cel.compile(when)
    except ValueError as error:
        raise PredicateRefused(f"not a CEL expression: {str(error).splitlines()[0]}") from None
    if unknown := set(program.variables()) - VARIABLES - set(_OWN_NAMES.findall(when)):
        raise PredicateRefused(f"unknown variable {sorted(unknown)[0]!r}: there are {', '.join(sorted(VARIABLES))}")
    return Predicate(when, program)
