"""What one department is told of people, guide by guide: which of our fields feed which of theirs, and what comes back. Pure.

Computed from the compiled spec and the guides, never written down beside them (docs/connectors.md). A personal field is
one the form, its data item or its type masks (`matters.masking`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.mapping import Flow
from connectors.spec import data_flow
from connectors.system import Operation, System
from matters.form_fields import Column, FormField
from matters.guide import Matter
from matters.masking import MaskRule, rule_of

_PERSONAL_PATHS: Mapping[str, MaskRule] = {
    "applicant.name": MaskRule.NAME,
    "applicant.id_number": MaskRule.ID_NUMBER,
    "applicant.phone": MaskRule.PHONE,
    "applicant.address": MaskRule.ADDRESS,
    "clerk.name": MaskRule.NAME,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One of our paths. `field` is the form's field or column it reads, None for what the case itself has."""

    path: str
    field: Column | None
    mask: MaskRule

    @property
    def is_personal(self) -> bool:
        return self.mask is not MaskRule.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One field of theirs. No sources: a constant. `when` are fields that decide whether it is sent."""

    target: str
    sources: tuple[Source, ...]
    filters: tuple[str, ...]
    when: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataUse:
    """One operation for one guide. `unsent` are fields the form asks for and this department is never told.

    `matter` is None for an operation no published guide names.
    """

    operation: Operation
    matter: Matter | None
    uses: tuple[Use, ...]
    unsent: tuple[FormField, ...]

    @property
    def is_of_notices(self) -> bool:
        """Tell whether it is sent for a notice (数据回流, 联动), by data items, and not for a case of its own."""
        return any(source.path.split(".")[0] in ("item", "notice") for use in self.uses for source in use.sources)

    @property
    def personal(self) -> tuple[Source, ...]:
        """Return the personal fields among what is sent, each once."""
        found = {source.path: source for use in self.uses for source in use.sources if source.is_personal}
        return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ComesBack:
    """One way results come back: `way` is poll, callback or results; `reads` pairs ours with their expression."""

    way: str
    reads: tuple[tuple[str, str], ...]


def data_uses(system: System, matters: Sequence[Matter], masks: Mapping[str, MaskRule]) -> tuple[DataUse, ...]:
    """Return what each operation sends, once per guide that names it, in the order of the spec."""
    found: list[DataUse] = []
    for operation in system.operations.values():
        own = [m for m in matters if m.target.system == system.id and m.target.operation == operation.name]
        named: Sequence[Matter | None] = own or (None,)
        found += [_use(operation, matter, masks) for matter in named]
    return tuple(found)


def never_sent(uses: Iterable[DataUse]) -> tuple[FormField, ...]:
    """Return the fields of these guides that no operation sends, each once by key."""
    sent = {source.field.key for use in uses for each in use.uses for source in each.sources if source.field}
    left = {field.key: field for use in uses for field in use.unsent if field.key not in sent}
    return tuple(left.values())


def comes_back(system: System) -> tuple[ComesBack, ...]:
    """Return by which ways a result is heard, and what is read of it."""
    spec = system.spec
    ways = (("poll", spec.poll), ("callback", spec.callback), ("results", spec.results))
    return tuple(ComesBack(way=way, reads=_reads(part)) for way, part in ways if part is not None)


def _reads(part: object) -> tuple[tuple[str, str], ...]:
    names = ("our_number", "department_number", "status", "message", "occurred_at")
    read = [(name, getattr(part, name, None)) for name in names]
    facts: Mapping[str, str] = getattr(part, "facts", {})
    return tuple((name, text) for name, text in (*read, *facts.items()) if text)


def _use(operation: Operation, matter: Matter | None, masks: Mapping[str, MaskRule]) -> DataUse:
    fields = matter.fields_by_key if matter is not None else {}
    flows = data_flow(operation)
    read = {word for flow in flows for path in (*flow.sources, *flow.when) if (word := _key(path))}
    return DataUse(
        operation=operation,
        matter=matter,
        uses=tuple(_one(flow, fields, masks) for flow in flows),
        unsent=tuple(field for key, field in fields.items() if key not in read),
    )


def _one(flow: Flow, fields: Mapping[str, FormField], masks: Mapping[str, MaskRule]) -> Use:
    return Use(
        target=flow.target,
        sources=tuple(_source(path, fields, masks) for path in flow.sources),
        filters=flow.filters,
        when=flow.when,
    )


def _source(path: str, fields: Mapping[str, FormField], masks: Mapping[str, MaskRule]) -> Source:
    words = path.split(".")
    field = fields.get(_key(path))
    if words[0] == "item":
        return Source(path=path, field=None, mask=masks.get(".".join(words[1:]), MaskRule.HIDDEN))
    if field is None:
        # A form field no guide explains is taken for personal: more rather than less.
        rule = MaskRule.HIDDEN if words[0] == "form" else _PERSONAL_PATHS.get(path, MaskRule.NONE)
        return Source(path=path, field=None, mask=rule)
    column: Column = next((c for c in field.columns if len(words) > 2 and c.key == words[2]), field)
    return Source(path=path, field=column, mask=rule_of(column, masks))


def _key(path: str) -> str:
    words = path.split(".")
    return words[1] if words[0] == "form" and len(words) > 1 else ""
