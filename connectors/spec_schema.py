"""What the language of specs allows at a place, read from its own models; nothing is listed twice. Pure.

Used by comments of starting specs and by the mends shown beside a mistake.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from connectors.spec_models import SystemSpec

_OPEN: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What may stand at one place: the keys of an object, or the values of a leaf. Empty where anything may.

    `kind` is a type's name as JSON Schema has it, "" where several are allowed; `least` and `most` bound a number.
    """

    keys: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    default: object = None
    kind: str = ""
    least: float | None = None
    most: float | None = None


def place(path: Sequence[str], document: object = None) -> Place | None:
    """Return what the schema says of `path`; None where there is no such place.

    `document` decides between the kinds of a part that has several (`connection.auth.kind`).
    """
    node, value = _resolved(_schema(), document), document
    for word in path:
        inner = _inner(node, word)
        if inner is None:
            return None
        value = _value(value, word)
        node = _resolved(inner, value)
    return _place(node)


@cache
def _schema() -> Mapping[str, Any]:
    return SystemSpec.model_json_schema(by_alias=True)


def _value(value: object, word: str) -> object:
    if isinstance(value, Mapping):
        return value.get(word)
    if isinstance(value, list) and word.isdigit() and int(word) < len(value):
        return value[int(word)]
    return None


def _inner(node: Mapping[str, Any], word: str) -> Mapping[str, Any] | None:
    if word in node.get("properties", {}):
        found: Mapping[str, Any] = node["properties"][word]
        return found
    more = node.get("additionalProperties") if not word.isdigit() or "items" not in node else node["items"]
    if isinstance(more, Mapping):
        return more
    # A mapping of the department's message (`body`, `fragments`) may hold anything.
    return _OPEN if more is True or not {"properties", "items", "type"} & node.keys() else None


def _resolved(node: Mapping[str, Any], value: object) -> Mapping[str, Any]:
    """Return `node` with its references followed, and of several alternatives the one `value` belongs to."""
    around = {key: node[key] for key in ("default",) if key in node}
    while True:
        if "$ref" in node:
            node = _schema()["$defs"][node["$ref"].rsplit("/", 1)[1]]
        elif "discriminator" in node:
            kinds = node["discriminator"]["mapping"]
            named = _value(value, node["discriminator"]["propertyName"])
            if named not in kinds:
                return {"properties": {"kind": {"enum": list(kinds)}}, "required": ["kind"], **around}
            node = {"$ref": kinds[named]}
        elif "anyOf" in node:
            some = [each for each in node["anyOf"] if each.get("type") != "null"]
            if len(some) != 1:
                return {**around}
            node = some[0]
        else:
            return {**node, **around}


def _place(node: Mapping[str, Any]) -> Place:
    choices = node.get("enum") or ([node["const"]] if "const" in node else [])
    items = _resolved(node["items"], None) if "items" in node else {}
    return Place(
        keys=tuple(node.get("properties", ())),
        required=tuple(node.get("required", ())),
        choices=tuple(str(choice) for choice in choices or items.get("enum", ())),
        default=node.get("default"),
        kind=node.get("type", "") if isinstance(node.get("type", ""), str) else "",
        least=node.get("minimum", node.get("exclusiveMinimum")),
        most=node.get("maximum", node.get("exclusiveMaximum")),
    )
