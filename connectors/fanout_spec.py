"""Event fan-outs (联动) as declared: `event_fanouts` of bundles.yaml says what follows from what, config/fanouts.yaml how.

An action goes to a system's operation, is served by the reflux to a receiver, or is a visit a person makes. One that
bundles.yaml calls reversible has an `undo`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from connectors.receivers import Reflux
from connectors.system import System
from matters.data_items import DataItems
from matters.declared import Declared, parse, read_yaml
from matters.errors import DeclaredDataInvalid
from matters.guide import Matter


class _Action(Declared):
    matter: str | None
    action: str
    system: str | None
    reversible: bool


class _EventFanout(Declared):
    """One of `event_fanouts` in bundles.yaml."""

    id: str
    name: str
    name_en: str
    trigger: str
    seed_trace: str
    actions: tuple[_Action, ...]
    note: str


class _Bundles(Declared):
    event_fanouts: tuple[_EventFanout, ...]


class OfCase(Declared):
    """A case of `case` (in `situation`, where one is named) reaches a state."""

    case: str
    situation: str = ""
    at: Literal["accepted", "approved"]


class OfAnnouncement(Declared):
    """A system announces it by callback (`callback.announcement` of its spec)."""

    announcement: str


class Scan(Declared):
    """Who reaches `age` within so many days and has no result of matter `without`; `age` in whole years."""

    age: int = Field(ge=1, le=120)
    within_days: int = Field(ge=0, le=366)
    without: str


class OfScan(Declared):
    """Found by the daily scan."""

    scan: Scan


class Binding(Declared):
    """How one action is carried out; just one of `operation`, `reflux`, `visit`."""

    operation: str = ""
    undo: str = ""
    confirm: str = ""
    reflux: str = ""
    visit: bool = False


class _Bound(Declared):
    id: str
    when: tuple[Annotated[OfCase | OfAnnouncement | OfScan, Field(union_mode="smart")], ...]
    person: str
    fields: tuple[str, ...]
    once_per_person: bool
    needs_person: bool
    basis: str = Field(min_length=1)
    actions: tuple[Binding, ...]


class _File(Declared):
    schema_version: Literal[1]
    fanouts: tuple[_Bound, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FanoutAction:
    """`system` is where it goes (empty for a visit and what the reflux serves); `matter` what it is about."""

    action: str
    matter: str
    system: str
    how: Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Fanout:
    """What follows from an event. `person` is the prefix of the data items that say whom it is about."""

    id: str
    name: str
    name_en: str
    when: tuple[OfCase | OfAnnouncement | OfScan, ...]
    person: str
    fields: tuple[str, ...]
    once_per_person: bool
    needs_person: bool
    basis: str
    trigger: str
    note: str
    actions: tuple[FanoutAction, ...]

    @property
    def scan(self) -> Scan | None:
        return next((each.scan for each in self.when if isinstance(each, OfScan)), None)


Fanouts = Mapping[str, Fanout]


def load_fanouts(bundles: Path, bindings: Path) -> Fanouts:
    """Return the fan-outs by id.

    Raises:
        DeclaredDataInvalid: with every problem of the two files.
    """
    found = read_yaml(bundles).get("event_fanouts")
    declared = parse(_Bundles, {"event_fanouts": found}, bundles).event_fanouts
    bound = {each.id: each for each in parse(_File, read_yaml(bindings), bindings).fanouts}
    problems = [f"{bindings}: {line}" for line in _mismatches(declared, bound)]
    if problems:
        raise DeclaredDataInvalid(problems)
    return {each.id: _joined(each, bound[each.id]) for each in declared}


def _mismatches(declared: tuple[_EventFanout, ...], bound: Mapping[str, _Bound]) -> Iterator[str]:
    known = {each.id for each in declared}
    for id_ in bound.keys() - known:
        yield f"{id_}: bundles.yaml has no such event"
    for each in declared:
        how = bound.get(each.id)
        if how is None:
            yield f"{each.id}: expected how its actions are carried out"
            continue
        if len(how.actions) != len(each.actions):
            yield f"{each.id}.actions: expected {len(each.actions)}, one for each of bundles.yaml"
            continue
        for number, (action, binding) in enumerate(zip(each.actions, how.actions, strict=True)):
            place = f"{each.id}.actions.{number}"
            if sum((bool(binding.operation), bool(binding.reflux), binding.visit)) != 1:
                yield f"{place}: expected one of operation, reflux, visit"
            if binding.operation and not action.system:
                yield f"{place}: bundles.yaml names no system for {action.action}"
            if binding.operation and action.reversible and not binding.undo:
                yield f"{place}: {action.action} is reversible: expected undo"
            if binding.visit and not action.matter:
                yield f"{place}: a visit leads into a matter, and bundles.yaml names none"
            if binding.confirm and not how.needs_person:
                yield f"{place}.confirm: goes with needs_person"
        if not {f"{how.person}.name", f"{how.person}.id_number"} <= set(how.fields):
            yield f"{each.id}.fields: expected {how.person}.name and {how.person}.id_number among them"


def _joined(declared: _EventFanout, bound: _Bound) -> Fanout:
    return Fanout(
        id=declared.id,
        name=declared.name,
        name_en=declared.name_en,
        when=bound.when,
        person=bound.person,
        fields=bound.fields,
        once_per_person=bound.once_per_person,
        needs_person=bound.needs_person,
        basis=bound.basis,
        trigger=declared.trigger,
        note=declared.note,
        actions=tuple(
            FanoutAction(
                action=action.action,
                matter=action.matter or "",
                system=(action.system or "") if how.operation else "",
                how=how,
            )
            for action, how in zip(declared.actions, bound.actions, strict=True)
        ),
    )


def problems_of(
    fanouts: Fanouts,
    *,
    reflux: Reflux,
    systems: Mapping[str, System],
    matters: Mapping[str, Matter],
    items: DataItems,
) -> list[str]:
    """Return what does not hold between the fan-outs and everything else that is declared."""
    return [
        f"{fanout.id}: {problem}"
        for fanout in fanouts.values()
        for problem in _problems_with(fanout, reflux, systems, matters, items)
    ]


def _problems_with(
    fanout: Fanout, reflux: Reflux, systems: Mapping[str, System], matters: Mapping[str, Matter], items: DataItems
) -> Iterator[str]:
    for item in fanout.fields:
        if item not in items.by_id:
            yield f"{item}: is not a shared data item"
    for each in fanout.when:
        named = each.case if isinstance(each, OfCase) else each.scan.without if isinstance(each, OfScan) else ""
        if named and named not in matters:
            yield f"{named}: there is no such matter"
        if isinstance(each, OfCase) and each.situation not in {"", *_situations(matters.get(each.case))}:
            yield f"{each.case}: has no situation {each.situation}"
    for action in fanout.actions:
        how = action.how
        if how.reflux and (how.reflux not in reflux.by_id or reflux.by_id[how.reflux].way == "never"):
            yield f"{how.reflux}: is no receiver of config/reflux.yaml that is told"
        if action.matter and action.matter not in matters:
            yield f"{action.matter}: there is no such matter"
        system = systems.get(action.system)
        if action.system and system is None:
            yield f"{action.system}: there is no such system"
        for operation in (how.operation, how.undo, how.confirm):
            if system is not None and operation and operation not in system.operations:
                yield f"{action.system}: has no operation {operation}"


def _situations(matter: Matter | None) -> set[str]:
    return {each.id for each in matter.guide.situations} if matter is not None else set()
