"""Blanks of a starting spec: `《？…》` says what is to be put in its place. Pure.

A spec with a blank left is no spec: it is refused like any other mistake, with its line. What stands in a comment counts
for nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from connectors.errors import SpecProblem
from connectors.yaml_source import YamlSource

_BLANK: Final = re.compile(r"《？([^《》\n]*)》")


def problems_of(source: YamlSource) -> list[SpecProblem]:
    """Return every blank that is left, in the order of the file."""
    return [source.problem(path, expected(blank)) for path, blank in _left((), source.document)]


def expected(blank: str) -> str:
    """Return what is told of a blank."""
    return f"a blank is left: {blank}"


def filled(text: str, value_of: Callable[[str], str]) -> str:
    """Return `text` with each blank replaced by what `value_of` gives for its words."""
    return _BLANK.sub(lambda blank: value_of(blank[1]), text)


def _left(path: tuple[str, ...], value: object) -> Iterator[tuple[tuple[str, ...], str]]:
    match value:
        case str():
            for blank in dict.fromkeys(_BLANK.findall(value)):
                yield path, blank
        case Mapping():
            for key, inner in value.items():
                for blank in _BLANK.findall(str(key)):
                    yield (*path, str(key)), blank
                yield from _left((*path, str(key)), inner)
        case list():
            for number, inner in enumerate(value):
                yield from _left((*path, str(number)), inner)
        case _:
            return
