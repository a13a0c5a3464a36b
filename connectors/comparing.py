"""Two versions of a spec, compared: what an approver has to look at. Pure.

Differences are told place by place of the written file; what they change in the data that leaves (a field newly sent,
no longer sent, from another source) is told first, for that is what a person answers for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from connectors.mapping import Flow
from connectors.spec import data_flow
from connectors.system import System

Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowChange:
    """One field of the department's that is fed otherwise; `before` and `after` are our paths."""

    operation: str
    target: str
    change: Change
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceChange:
    """One place of the written spec; `before` and `after` as written, None where it is not there."""

    path: str
    change: Change
    before: object
    after: object


def compare_flows(before: System, after: System) -> tuple[FlowChange, ...]:
    """Return what changes in the data that leaves, by operation."""
    names = dict.fromkeys((*before.operations, *after.operations))
    return tuple(change for name in names for change in _of_operation(name, before, after))


def compare_documents(before: object, after: object) -> tuple[PlaceChange, ...]:
    """Return where two written specs differ, in the order of the older one."""
    return tuple(_places("", before, after))


def _of_operation(name: str, before: System, after: System) -> Iterator[FlowChange]:
    old, new = _sources(before, name), _sources(after, name)
    for target in dict.fromkeys((*old, *new)):
        was, will = old.get(target), new.get(target)
        if was != will:
            change: Change = "added" if was is None else "removed" if will is None else "changed"
            yield FlowChange(operation=name, target=target, change=change, before=was or (), after=will or ())


def _sources(system: System, name: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    operation = system.operations.get(name)
    for flow in data_flow(operation) if operation is not None else ():
        found[flow.target] = (*found.get(flow.target, ()), *_written(flow))
    return found


def _written(flow: Flow) -> tuple[str, ...]:
    filters = "".join(f" | {name}" for name in flow.filters)
    return tuple(f"{source}{filters}" for source in flow.sources) or (f"(constant){filters}",)


def _places(path: str, before: object, after: object) -> Iterator[PlaceChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            inner = f"{path}.{key}".lstrip(".")
            if key not in after:
                yield PlaceChange(path=inner, change="removed", before=before[key], after=None)
            elif key not in before:
                yield PlaceChange(path=inner, change="added", before=None, after=after[key])
            else:
                yield from _places(inner, before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _places(f"{path}.{number}", old, new)
    elif before != after:
        yield PlaceChange(path=path, change="changed", before=before, after=after)
