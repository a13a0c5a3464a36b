"""Who gets what flows back (数据回流): config/reflux.yaml, typed and checked.

A guide names consumers in words; here each of these words has a receiver, and each receiver a way: our own portal, a
system over the ledger, a person's hand, or `never` for companies, to whom the body in `by` passes on what it verified
itself. A consumer nobody maps is shown as such; a company that somebody maps to a way of ours is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from pydantic import ConfigDict, Field

from connectors.system import System
from matters.data_items import DataItems
from matters.declared import Declared, parse, read_yaml
from matters.errors import DeclaredDataInvalid
from matters.guide import Matter

Way = Literal["portal", "system", "hand", "never"]
COMPANY_WORDS: Final = (
    *(
        "公司",
        "企业",
        "集团",
        "公共事业",
        "供水",
        "供电",
        "供气",
        "燃气",
        "自来水",
        "电力",
        "通信",
        "银行",
        "养老服务机构",
    ),
)
"""Words of consumers that are companies or run like one; OneWindow hands them no personal data itself."""
_WHEN: Final[Mapping[str, "When"]] = {"办结后实时": "at_once", "办结后批量回流": "batch", "发放后实时": "after_payment"}
_SENSITIVE: Final = ("严格权限", "敏感数据仅授权岗位可见")
When = Literal["at_once", "batch", "after_payment"]


class Receiver(Declared):
    """One receiver. `basis` is the legal basis, shown and sent with every notice."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")
    name: str
    name_en: str
    kind: Literal["public_body", "institution", "company"] = "public_body"
    way: Way
    consumers: tuple[str, ...] = ()
    system: str = ""
    operation: str = ""
    by: str = ""
    basis: str = ""


class Reflux(Declared):
    """`facts` are the words departments use for data items; `decided` what an approval says by itself, by matter or
    `matter/situation`; `fields` the form fields of an item where its source does not tell; `paid` items prove a payment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    schema_version: Literal[1]
    batch_at: str = Field(default="02:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    receivers: tuple[Receiver, ...]
    facts: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    decided: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    fields: Mapping[str, Mapping[str, tuple[str, ...]]] = Field(default_factory=dict)
    paid: tuple[str, ...] = ()

    @cached_property
    def by_consumer(self) -> Mapping[str, Receiver]:
        return {consumer: receiver for receiver in self.receivers for consumer in receiver.consumers}

    @cached_property
    def by_id(self) -> Mapping[str, Receiver]:
        return {receiver.id: receiver for receiver in self.receivers}

    @cached_property
    def item_of_fact(self) -> Mapping[str, str]:
        return {word: item for item, words in self.facts.items() for word in words}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    when: When
    is_sensitive: bool


def read_trigger(text: str) -> Trigger | None:
    """Return what a guide's words for the trigger mean; None for words that are not known."""
    first, _, rest = text.partition("，")
    when = _WHEN.get(first)
    if when is None or (rest and rest not in _SENSITIVE):
        return None
    return Trigger(when=when, is_sensitive=bool(rest))


def load_reflux(path: Path) -> Reflux:
    """Return the declared receivers.

    Raises:
        DeclaredDataInvalid: with every problem of the file.
    """
    reflux = parse(Reflux, read_yaml(path), path)
    if problems := [f"{path}: {problem}" for problem in _own_problems(reflux)]:
        raise DeclaredDataInvalid(problems)
    return reflux


def problems_of(
    reflux: Reflux, *, systems: Mapping[str, System], matters: Sequence[Matter], items: DataItems
) -> list[str]:
    """Return what does not hold between the receivers and everything else that is declared."""
    return [*_own_problems(reflux), *_problems_with(reflux, systems, {m.id: m for m in matters}, items)]


def _own_problems(reflux: Reflux) -> Iterator[str]:
    seen: dict[str, str] = {}
    for receiver in reflux.receivers:
        place = f"receivers.{receiver.id}"
        if reflux.by_id[receiver.id] is not receiver:
            yield f"{place}: is declared twice"
        if (receiver.way == "system") != bool(receiver.system and receiver.operation):
            yield f"{place}: way system goes with system and operation, other ways without"
        if (receiver.way == "never") != bool(receiver.by):
            yield f"{place}: way never names in `by` who tells them instead, other ways name nobody"
        if receiver.way in ("system", "hand") and not receiver.basis:
            yield f"{place}: expected the legal basis"
        for consumer in receiver.consumers:
            if consumer in seen:
                yield f"{place}.consumers: {consumer} is mapped to {seen[consumer]} already"
            seen[consumer] = receiver.id
            if is_company(receiver, consumer) and receiver.way != "never":
                yield f"{place}.consumers: {consumer} is a company: OneWindow hands it no personal data, expected way: never"
    for word in reflux.item_of_fact:
        if sum(word in words for words in reflux.facts.values()) > 1:
            yield f"facts: {word} stands for two data items"


def is_company(receiver: Receiver, consumer: str) -> bool:
    """Tell whether a consumer is a company, by what the file says of it or by its name."""
    return receiver.kind == "company" or any(word in f"{receiver.name}{consumer}" for word in COMPANY_WORDS)


def _problems_with(
    reflux: Reflux, systems: Mapping[str, System], matters: Mapping[str, Matter], items: DataItems
) -> Iterator[str]:
    for receiver in reflux.receivers:
        if receiver.way != "system":
            continue
        system = systems.get(receiver.system)
        if system is None:
            yield f"receivers.{receiver.id}.system: there is no system {receiver.system}"
        elif receiver.operation not in system.operations:
            yield f"receivers.{receiver.id}.operation: {receiver.system} has no operation {receiver.operation}"
    for matter in matters.values():
        if read_trigger(matter.guide.result.data_reflux.trigger) is None:
            yield f"{matter.id}: data_reflux.trigger: expected one of {'、'.join(_WHEN)}"
    named = [*reflux.facts, *reflux.paid]
    named += [item for by_item in (*reflux.decided.values(), *reflux.fields.values()) for item in by_item]
    for item in dict.fromkeys(named):
        if item not in items.by_id:
            yield f"{item}: is not a shared data item"
    for named_matter in {*reflux.decided, *reflux.fields}:
        matter_id, _, situation = named_matter.partition("/")
        found = matters.get(matter_id)
        if found is None or (situation and situation not in {each.id for each in found.guide.situations}):
            yield f"{named_matter}: there is no such matter or situation"


def unmapped(reflux: Reflux, matter: Matter) -> tuple[str, ...]:
    """Return the consumers of a guide that nobody receives for yet."""
    return tuple(c for c in matter.guide.result.data_reflux.consumers if c not in reflux.by_consumer)
