"""Paths to form fields that no guide has: a mistype that would send nothing for ever. Pure.

An operation is held against the guides that name it; as long as none does, against all of them, for then it is not known
yet which form will feed it. So are the parts that serve several operations, while there is such an operation.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from connectors.errors import SpecProblem
from connectors.yaml_source import YamlSource
from matters.guide import Matter

_FIELD: Final = re.compile(r"(?<![\w.'\"])form\.([A-Za-z0-9_]+)")
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'")
_SHARED: Final = ("fragments", "withdraw", "connection")


def unknown_fields(source: YamlSource, system: str, matters: Sequence[Matter]) -> list[SpecProblem]:
    """Return a problem for each place that reads a form field none of the guides has.

    `matters` are all published guides: what is not among them is taken for a mistake.
    """
    document = source.document
    operations = document.get("operations") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(operations, Mapping):
        return []
    own = {name: _fields(m for m in matters if _goes(m, system, str(name))) for name in operations}
    everything = _fields(matters)
    shared = _fields(m for m in matters if m.target.system == system) if all(own.values()) else everything
    return [
        *(
            p
            for name, each in operations.items()
            for p in _of(source, ("operations", str(name)), each, own[name] or everything)
        ),
        *(p for part in _SHARED for p in _of(source, (part,), document.get(part), shared)),
    ]


def expected(field: str, known: Collection[str]) -> str:
    """Return what is told of a field no guide has."""
    return f"no guide has the field {field!r}: there are {', '.join(sorted(known))}"


def _goes(matter: Matter, system: str, operation: str) -> bool:
    return matter.target.system == system and matter.target.operation == operation


def _fields(matters: Iterable[Matter]) -> frozenset[str]:
    return frozenset(key for matter in matters for key in matter.fields_by_key)


def _of(source: YamlSource, path: tuple[str, ...], value: object, known: frozenset[str]) -> Iterator[SpecProblem]:
    for place, text in _texts(path, value):
        for field in dict.fromkeys(_FIELD.findall(_QUOTED.sub("''", text))):
            if field not in known:
                yield source.problem(place, expected(field, known))


def _texts(path: tuple[str, ...], value: object) -> Iterator[tuple[tuple[str, ...], str]]:
    match value:
        case str():
            yield path, value
        case Mapping():
            for key, inner in value.items():
                if key != "$const":
                    yield from _texts((*path, str(key)), inner)
        case list():
            for number, inner in enumerate(value):
                yield from _texts((*path, str(number)), inner)
        case _:
            return
