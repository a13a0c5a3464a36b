"""One expression of the mapping language: `form.start_month | date('yyyyMM') | integer`.

    expression = source { "|" filter [ "(" argument { "," argument } ")" ] }
    source     = path | "'" text "'"
    path       = word { "." word }          words: letters, digits, _ and -, or a list position
    argument   = number | "'" text "'" | word

An expression is compiled once, when the spec is loaded; whatever is unknown is refused there.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.chinese_marks import stray_mark
from connectors.filter_arguments import unfit
from connectors.filters import FILTERS, KEEP, Argument, Filter, FilterRefused, is_empty

_TOKEN: Final = re.compile(r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<mark>[|(),])|(?P<word>[^\s|(),']+))")
_PATH: Final = re.compile(r"[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)*")
_CODES: Final = "codes"
_CHARACTERS: Final = "characters"


class ExpressionRefused(Exception):
    """What is wrong with the text of an expression, as a sentence for the spec's author."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTable:
    """Our code → theirs. `unknown`: "refuse" the case, "keep" the code as it is, or "default" to `other`."""

    codes: Mapping[str, object]
    unknown: str = "refuse"
    other: object = None

    def translate(self, value: object) -> object:
        if isinstance(value, list | tuple):
            return [self.translate(item) for item in value]
        key = ("true" if value else "false") if isinstance(value, bool) else str(value)
        if key in self.codes:
            return self.codes[key]
        if self.unknown == "keep":
            return value
        if self.unknown == "default":
            return self.other
        raise FilterRefused("the department's code table has no entry for this value")

    def respell(self, value: object) -> object:
        """Return a text with each character the table lists written as the table says; others stay."""
        if not isinstance(value, str):
            raise FilterRefused("expected a text")
        return "".join(str(self.codes.get(character, character)) for character in value)


@dataclass(frozen=True, slots=True)
class Step:
    """A filter with its arguments bound."""

    name: str
    call: Callable[[object], object]
    on_empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """`path` is empty when the source is a literal."""

    path: tuple[str, ...]
    literal: str
    steps: tuple[Step, ...]

    @property
    def source(self) -> str:
        return ".".join(self.path)

    def evaluate(self, values: Mapping[str, object]) -> object:
        """Return the value, None when there is none, `KEEP` for a null to be sent.

        Raises:
            FilterRefused: a filter can't take what the path led to.
        """
        value = look_up(values, self.path) if self.path else self.literal
        for step in self.steps:
            if is_empty(value) and not step.on_empty:
                continue
            if value is KEEP:
                break
            value = step.call(value)
        return value


def look_up(values: object, path: Sequence[str]) -> object:
    """Return what `path` leads to, or None; numbers are positions in a list."""
    for word in path:
        if isinstance(values, Mapping):
            values = values.get(word)
        elif isinstance(values, list | tuple) and word.isdigit() and int(word) < len(values):
            values = values[int(word)]
        else:
            return None
    return values


def parse(text: str, *, roots: Mapping[str, frozenset[str] | None], tables: Mapping[str, CodeTable]) -> Expression:
    """Compile `text`.

    `roots` gives the first words allowed, each with the second words it has, or None where anything may follow.

    Raises:
        ExpressionRefused: unknown root, word, filter or table, or text that is not an expression.
    """
    if (stray := stray_mark(text)) is not None:
        raise ExpressionRefused(stray)
    tokens = _tokens(text)
    if not tokens:
        raise ExpressionRefused("expected an expression, got nothing")
    kind, source = tokens[0]
    path: tuple[str, ...] = ()
    if kind == "word":
        path = _path(source, roots)
    elif kind != "text":
        raise ExpressionRefused(f"expected a path or a 'text', got {source!r}")
    return Expression(
        path=path, literal=_unquoted(source) if kind == "text" else "", steps=tuple(_steps(tokens[1:], tables))
    )


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position, stripped = [], 0, text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise ExpressionRefused(f"can't be read from {stripped[position : position + 20]!r} on")
        tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()
    return tokens


def _path(text: str, roots: Mapping[str, frozenset[str] | None]) -> tuple[str, ...]:
    if not _PATH.fullmatch(text):
        raise ExpressionRefused(f"{text!r} is not a path; a constant text stands in single quotes")
    words = tuple(text.split("."))
    if words[0] not in roots:
        raise ExpressionRefused(f"unknown path {text!r}: it begins with one of {', '.join(sorted(roots))}")
    known = roots[words[0]]
    if known is not None and known and (len(words) < 2 or words[1] not in known):
        raise ExpressionRefused(f"unknown path {text!r}: {words[0]} has {', '.join(sorted(known))}")
    if known is not None and not known and len(words) > 1:
        raise ExpressionRefused(f"unknown path {text!r}: nothing follows {words[0]}")
    return words


def _steps(tokens: Sequence[tuple[str, str]], tables: Mapping[str, CodeTable]) -> list[Step]:
    steps, rest = [], list(tokens)
    while rest:
        if rest[0] != ("mark", "|") or len(rest) < 2 or rest[1][0] != "word":
            raise ExpressionRefused(f"expected | and a filter, got {rest[0][1]!r}")
        name = rest[1][1]
        arguments, rest = _arguments(rest[2:])
        steps.append(_step(name, arguments, tables))
    return steps


def _arguments(rest: list[tuple[str, str]]) -> tuple[list[Argument], list[tuple[str, str]]]:
    if not rest or rest[0] != ("mark", "("):
        return [], rest
    try:
        end = rest.index(("mark", ")"))
    except ValueError:
        raise ExpressionRefused("a bracket is not closed") from None
    inside = rest[1:end]
    if any((token == ("mark", ",")) == (n % 2 == 0) for n, token in enumerate(inside)) or (
        inside and len(inside) % 2 == 0
    ):
        raise ExpressionRefused("arguments are separated by commas")
    return [_argument(token) for token in inside[::2]], rest[end + 1 :]


def _argument(token: tuple[str, str]) -> Argument:
    kind, text = token
    if kind == "text":
        return _unquoted(text)
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"-?\d+\.\d+", text):
        return float(text)
    return {"true": True, "false": False}.get(text, text)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _step(name: str, arguments: list[Argument], tables: Mapping[str, CodeTable]) -> Step:
    if name in (_CODES, _CHARACTERS):
        if len(arguments) != 1 or str(arguments[0]) not in tables:
            raise ExpressionRefused(
                f"{name}(table) names one of the spec's tables: {', '.join(sorted(tables)) or 'none'}"
            )
        table = tables[str(arguments[0])]
        return Step(name, table.translate if name == _CODES else table.respell, on_empty=False)
    known = FILTERS.get(name)
    if known is None:
        raise ExpressionRefused(
            f"unknown filter {name!r}: there are {', '.join(sorted([*FILTERS, _CODES, _CHARACTERS]))}"
        )
    if not known.least <= len(arguments) <= known.most:
        raise ExpressionRefused(f"{name} takes {known.least} to {known.most} arguments, got {len(arguments)}")
    if (expected := unfit(name, arguments)) is not None:
        raise ExpressionRefused(expected)
    return Step(name, _bound(known, arguments), on_empty=known.on_empty)


def _bound(known: Filter, arguments: Sequence[Argument]) -> Callable[[object], object]:
    def call(value: object) -> object:
        try:
            return known.call(value, *arguments)
        except TypeError:
            raise FilterRefused("expected another kind of value") from None

    return call
