"""Reading the texts of a spec, mappings, expressions and predicates: a refused one is noted, and reading goes on."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

from connectors.errors import SpecProblem
from connectors.expression import CodeTable, Expression, ExpressionRefused, parse
from connectors.filters import FilterRefused
from connectors.mapping import Compiler, MappingProblem, Node, ObjectOf, Room
from connectors.paths import ANSWER_ROOTS, REQUEST_ROOTS, Roots
from connectors.predicates import Predicate, PredicateRefused, parse_predicate
from connectors.spec_models import CodesSpec, SystemSpec
from connectors.yaml_source import YamlSource

_T = TypeVar("_T")
Place = tuple[str, ...]
"""Where in the file something stands: the keys on the way to it, list items by their number."""
Note = Callable[[Place, str], None]
"""Takes a place and what was expected there."""
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_NEVER: Final = Predicate("false", None)
_NOTHING: Final = Expression(path=(), literal="", steps=())


@dataclass
class Texts:
    """One file being read; what is refused is in `problems`, and something that stands for nothing takes its place."""

    spec: SystemSpec
    source: YamlSource
    problems: list[SpecProblem] = field(default_factory=list)
    _room: Room = field(default_factory=Room)

    @cached_property
    def tables(self) -> Mapping[str, CodeTable]:
        return {name: _table(codes) for name, codes in self.spec.codes.items()}

    def note(self, place: Place, expected: str) -> None:
        problem = self.source.problem(place, expected)
        if problem not in self.problems:  # shared rules are compiled once per operation
            self.problems.append(problem)

    def node(self, written: object, place: Place, *, payload: bool = False, roots: Roots = REQUEST_ROOTS) -> Node:
        """Return a mapping. `payload`: it is an envelope, which may name the message it is laid around."""
        if payload:
            roots = {**roots, "payload": frozenset[str]()}
        compiler = Compiler(roots=roots, tables=self.tables, fragments=self.spec.fragments, room=self._room)
        try:
            return compiler.compile(written)
        except MappingProblem as problem:
            inside = tuple(p for p in problem.path.split(".") if p)
            where = ("fragments", problem.fragment) if problem.fragment else place
            self.note((*where, *inside), problem.reason)
            return ObjectOf({})

    def path(self, text: str, place: Place, roots: Roots = REQUEST_ROOTS) -> tuple[str | Expression, ...]:
        """Return a path of an address in its parts: plain text, and expressions where braces stand."""
        parts: list[str | Expression] = []
        for n, piece in enumerate(_PLACEHOLDER.split(text)):
            expression = piece if n % 2 == 0 else self._parsed(piece, place, roots)
            if expression is not None:
                parts.append(expression)
        return tuple(parts)

    def predicate(self, when: str, place: Place) -> Predicate:
        return self._try(place, lambda: parse_predicate(when)) or _NEVER

    def facts(self, facts: Mapping[str, str], place: Place, roots: Roots = ANSWER_ROOTS) -> Mapping[str, Expression]:
        return {name: self.read(text, (*place, name), roots) for name, text in facts.items()}

    def answer(self, text: str | None, place: Place, roots: Roots = ANSWER_ROOTS) -> Expression | None:
        """Return an expression over an answer, or over a row of one, where there is one."""
        return None if text is None else self.read(text, place, roots)

    def needed(self, text: str, place: Place) -> Expression:
        """Return an expression over an answer."""
        return self.read(text, place, ANSWER_ROOTS)

    def read(self, text: str, place: Place, roots: Roots) -> Expression:
        return self._parsed(text, place, roots) or _NOTHING

    def _parsed(self, text: str, place: Place, roots: Roots) -> Expression | None:
        return self._try(place, lambda: parse(text, roots=roots, tables=self.tables))

    def _try(self, place: Place, make: Callable[[], _T]) -> _T | None:
        try:
            return make()
        except (ExpressionRefused, PredicateRefused, FilterRefused) as refused:
            self.note(place, str(refused))
            return None


def _table(spec: CodesSpec) -> CodeTable:
    return CodeTable(codes=spec.map, unknown=spec.unknown, other=spec.other)
