"""Derived fields: the small expression language of the form, `len(list)`, `sum(list.column)`, sums and differences.

    expression = term { ("+" | "-") term }
    term       = "len(" key ")" | "sum(" key "." column ")" | key | whole number

There is nothing else in it, on purpose: what a form computes can be read aloud. Amounts are exact decimals.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

_TERM = re.compile(
    r"\s*(?P<sign>[+-])?\s*(?:len\(\s*(?P<len>\w+)\s*\)|sum\(\s*(?P<sum>\w+)\.(?P<column>\w+)\s*\)"
    r"|(?P<whole>[0-9]{1,12})|(?P<key>[A-Za-z_]\w*))\s*"
)


class ExpressionInvalid(Exception):
    """The expression is not in the language."""


@dataclass(frozen=True, slots=True)
class Term:
    kind: Literal["len", "sum", "key", "whole"]
    name: str
    column: str
    sign: int


class NotYet(Exception):
    """An input is missing or cannot be read; the result is unknown, which is no error of its own."""


@lru_cache(maxsize=256)
def parse_expression(text: str) -> tuple[Term, ...]:
    """Return the terms of an expression.

    Raises:
        ExpressionInvalid: it is not in the language.
    """
    terms = tuple(_terms(text))
    if not terms:
        raise ExpressionInvalid(text)
    return terms


def _terms(text: str) -> Iterator[Term]:
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None or (position > 0 and match["sign"] is None):
            raise ExpressionInvalid(text)
        sign = -1 if match["sign"] == "-" else 1
        if match["len"]:
            yield Term("len", match["len"], "", sign)
        elif match["sum"]:
            yield Term("sum", match["sum"], match["column"], sign)
        elif match["whole"]:
            yield Term("whole", match["whole"], "", sign)
        else:
            yield Term("key", match["key"], "", sign)
        position = match.end()


def inputs(text: str) -> frozenset[str]:
    """Return the keys an expression reads."""
    return frozenset(term.name for term in parse_expression(text) if term.kind != "whole")


def columns(text: str) -> frozenset[tuple[str, str]]:
    """Return the columns an expression reads, each as (list key, column key)."""
    return frozenset((term.name, term.column) for term in parse_expression(text) if term.kind == "sum")


def compute(text: str, values: Mapping[str, object]) -> Decimal:
    """Return the value of an expression over normal values.

    Raises:
        NotYet: an input is missing.
    """
    return sum((term.sign * _value(term, values) for term in parse_expression(text)), Decimal(0))


def _value(term: Term, values: Mapping[str, object]) -> Decimal:
    match term.kind:
        case "whole":
            return Decimal(term.name)
        case "len":
            return Decimal(len(_rows(term.name, values)))
        case "sum":
            return sum((_decimal(row.get(term.column)) for row in _rows(term.name, values)), Decimal(0))
        case "key":
            return _decimal(values.get(term.name))


def _rows(key: str, values: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    rows = values.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise NotYet
    return rows


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise NotYet
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise NotYet from None
