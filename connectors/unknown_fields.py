"""Paths to form fields that no guide has: a mistype that would send nothing for ever. Pure.

An operation is held against the guides that name it; as long as none does, against all of them, for then it is not known
yet which form will feed it. A fragment is held against the guides of all operations that use it.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from connectors.errors import SpecProblem
from connectors.yaml_source import YamlSource
from matters.guide import Matter

_FIELD: Final = re.compile(r"(?<![\w.'\"])form\.([A-Za-z0-9_]+)")
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'")
_SHARED: Final = ("withdraw", "connection")


def unknown_fields(
    source: YamlSource, system: str, matters: Sequence[Matter], *, named_only: bool = False
) -> list[SpecProblem]:
    """Return a problem for each place that reads a form field none of the guides has.

    `matters` are all published guides: what is not among them is taken for a mistake. With `named_only` what no guide
    names yet is not judged, for who has only some of the guides at hand.
    """
    document = source.document
    operations = document.get("operations") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(operations, Mapping):
        return []
    own = {str(name): _fields(m for m in matters if _goes(m, system, str(name))) for name in operations}
    everything = None if named_only else _fields(matters)
    written = document.get("fragments")
    fragments = written if isinstance(written, Mapping) else {}
    found = [
        _of(source, ("operations", str(name)), each, own[str(name)] or everything) for name, each in operations.items()
    ]
    for name, fragment in fragments.items():
        users = [own[user] for user, each in operations.items() if str(name) in _fragments_of(each, fragments)]
        known = frozenset[str]().union(*users) if users and all(users) else everything
        found.append(_of(source, ("fragments", str(name)), fragment, known))
    shared = _fields(m for m in matters if m.target.system == system) if all(own.values()) else everything
    found += [_of(source, (part,), document.get(part), shared) for part in _SHARED]
    return [problem for problems in found for problem in problems]


def _fragments_of(value: object, fragments: Mapping[object, object]) -> frozenset[str]:
    """Return the fragments a piece uses, and those they use."""
    found: set[str] = set()
    left = [value]
    while left:
        used = {text for path, text in _texts((), left.pop()) if "$use" in path} - found
        found |= used
        left += [fragments[name] for name in used if name in fragments]
    return frozenset(found)


def expected(field: str, known: Collection[str]) -> str:
    """Return what is told of a field no guide has."""
    return f"no guide has the field {field!r}: there are {', '.join(sorted(known))}"


def _goes(matter: Matter, system: str, operation: str) -> bool:
    return matter.target.system == system and matter.target.operation == operation


def _fields(matters: Iterable[Matter]) -> frozenset[str]:
    return frozenset(key for matter in matters for key in matter.fields_by_key)


def _of(
    source: YamlSource, path: tuple[str, ...], value: object, known: frozenset[str] | None
) -> Iterator[SpecProblem]:
    if known is None:
        return
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
