"""Coverage: does every field a department insists on have a source in this version of the guide? Pure.

Computed from the spec alone, for each matter that targets one of its operations. A mandatory field without a source
would come back from every window as "invalid"; so a spec with one is refused before it is approved, not while a
person waits. What a clerk may leave empty is told apart: such a case goes to a desk, and the owner should know.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectors.mapping import Flow
from connectors.spec import data_flow
from connectors.system import Operation, System
from matters.form_fields import FormField
from matters.guide import Matter

_ALWAYS_FED = frozenset({"default", "require"})
_MAYBE_EMPTY_ROOTS = frozenset({"reason", "department"})
_MAYBE_EMPTY_APPLICANT = frozenset({"phone", "address", "region"})


class Fed(StrEnum):
    """How surely a mandatory field of theirs gets a value."""

    ALWAYS = "always"
    MAYBE = "maybe"  # only from fields the clerk may leave empty, or that a situation hides
    NEVER = "never"  # this version of the guide has no such field


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageLine:
    """One mandatory field of theirs; `sources` are paths of ours, empty for a constant or when nothing feeds it."""

    target: str
    fed: Fed
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One operation for one matter. `unsent` are form fields that go nowhere: asked for, and never delivered."""

    system: str
    operation: str
    matter: str
    lines: tuple[CoverageLine, ...]
    unsent: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Tell whether every mandatory field has a source."""
        return all(line.fed is not Fed.NEVER for line in self.lines)


def coverage(system: System, matters: Iterable[Matter]) -> tuple[Coverage, ...]:
    """Return the coverage of every matter that goes to `system` by an operation that sends something."""
    found = []
    for matter in matters:
        if matter.target.system != system.id:
            continue
        operation = system.operation(matter.target.operation)
        if not operation.manual:
            found.append(cover(system, operation, matter))
    return tuple(found)


def cover(system: System, operation: Operation, matter: Matter) -> Coverage:
    """Return how the mandatory fields of `operation` are fed by the form of `matter`."""
    flows = data_flow(operation)
    required = operation.request.required if operation.request is not None else ()
    fields = matter.fields_by_key
    used = {source.split(".")[1] for flow in flows for source in (*flow.sources, *flow.when) if _is_form(source)}
    return Coverage(
        system=system.id,
        operation=operation.name,
        matter=matter.id,
        lines=tuple(_line(target, flows, fields) for target in required),
        unsent=tuple(key for key in fields if key not in used),
    )


def _line(target: str, flows: Iterable[Flow], fields: Mapping[str, FormField]) -> CoverageLine:
    fitting = [flow for flow in flows if flow.target == target or flow.target.startswith((f"{target}.", f"{target}["))]
    verdicts = {_fed(flow, fields) for flow in fitting}
    fed = next((verdict for verdict in (Fed.ALWAYS, Fed.MAYBE) if verdict in verdicts), Fed.NEVER)
    sources = dict.fromkeys(source for flow in fitting for source in flow.sources)
    return CoverageLine(target=target, fed=fed, sources=tuple(sources))


def _fed(flow: Flow, fields: Mapping[str, FormField]) -> Fed:
    if _ALWAYS_FED & set(flow.filters) and not flow.when:
        return Fed.ALWAYS
    if any(_source(path, fields) is Fed.NEVER for path in flow.when):
        return Fed.NEVER
    best = [_source(path, fields) for path in flow.sources]
    if flow.sources and all(verdict is Fed.NEVER for verdict in best):
        return Fed.NEVER
    decided = all(_source(path, fields) is Fed.ALWAYS for path in flow.when)
    return Fed.ALWAYS if decided and (not best or Fed.ALWAYS in best) else Fed.MAYBE


def _source(path: str, fields: Mapping[str, FormField]) -> Fed:
    words = path.split(".")
    if not _is_form(path):
        is_vague = words[0] in _MAYBE_EMPTY_ROOTS or (words[0] == "applicant" and words[1] in _MAYBE_EMPTY_APPLICANT)
        return Fed.MAYBE if is_vague else Fed.ALWAYS
    field = fields.get(words[1]) if len(words) > 1 else None
    if field is None:
        return Fed.NEVER
    sure = field.required and field.visible_when is None
    if len(words) == 2:
        return Fed.ALWAYS if sure else Fed.MAYBE
    column = next((column for column in field.columns if column.key == words[2]), None)
    if column is None:
        return Fed.NEVER
    return Fed.ALWAYS if sure and column.required else Fed.MAYBE


def _is_form(path: str) -> bool:
    return path.startswith("form.")
