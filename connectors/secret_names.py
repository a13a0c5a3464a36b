"""Which secrets a spec refers to: names of files in the secrets directory, wherever they stand in it. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from connectors.spec_auth import SecretName
from connectors.system import System

_VALIDATORS = get_args(SecretName)[1:]
_IN_A_FILTER = re.compile(r"\|\s*sm4\(\s*'([^']+)'\s*\)")
"""The one filter that takes a secret's name: columns of exchange tables are sealed with it."""


def secret_names(part: BaseModel | None) -> list[str]:
    """Return the names of the secrets a piece of a spec refers to, sorted, each once."""
    return sorted(set(_of(part)))


def secrets_in_service(system: System) -> dict[str, tuple[str, ...]]:
    """Return the secrets a system needs by name, each with the sections of the spec it is used in, sorted.

    Those of a version tried in some regions beside it are among them.
    """
    specs = [system.spec, *([system.canary.system.spec] if system.canary is not None else [])]
    uses: dict[str, set[str]] = {}
    for spec in specs:
        for name, sections in _sections(_Itself(spec)).items():
            uses.setdefault(name, set()).update(sections)
    return {name: tuple(sorted(uses[name])) for name in sorted(uses)}


@dataclass(frozen=True, slots=True, eq=False)
class _Itself:
    """A spec as a key: the same only when it is the very same object, which the cache keeps alive."""

    spec: BaseModel

    def __hash__(self) -> int:
        return id(self.spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.spec is self.spec


@lru_cache(maxsize=256)
def _sections(of: _Itself) -> Mapping[str, frozenset[str]]:
    """Return the sections each secret is used in; a spec never changes, and walking one takes ten milliseconds."""
    uses: dict[str, set[str]] = {}
    for section in type(of.spec).model_fields:
        for name in _of(getattr(of.spec, section)):
            uses.setdefault(name, set()).add(section)
    return {name: frozenset(sections) for name, sections in uses.items()}


def _of(value: object) -> Iterator[str]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            inner = getattr(value, name)
            if isinstance(inner, str) and name in _secret_fields(type(value)):
                yield inner
            else:
                yield from _of(inner)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _of(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _of(inner)
    elif isinstance(value, str):
        yield from _IN_A_FILTER.findall(value)


@lru_cache(maxsize=256)
def _secret_fields(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if any(each in field.metadata for each in _VALIDATORS) or _names_a_secret(field.annotation)
    )


def _names_a_secret(annotation: Any) -> bool:
    """Tell whether an annotation is `SecretName`, also where it may be left out."""
    if get_origin(annotation) is Annotated:
        return any(each in get_args(annotation)[1:] for each in _VALIDATORS)
    return any(_names_a_secret(each) for each in get_args(annotation))
