"""What flows back from a case (数据回流): pure rules, no clock and no I/O of their own.

A department's decision, with evidence, makes a result (what the township sees) and a notice for every receiver of the
consumers the guide declares: exactly the declared fields that are known, the basis, the trigger. A change of the result
later is an amendment: everybody who was told is told again, after what they were told before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Final, Literal

from config.clock import SHANGHAI
from connectors.receivers import Receiver, Reflux, Trigger, Way, read_trigger
from matters.case import Case, CaseEvent, CaseStatus
from matters.form_fields import FormField
from matters.guide import Matter

Decision = Literal["approved", "refused", "revoked"]
NoticeState = Literal["new", "amended", "revoked"]
GRANTED: Final = frozenset({CaseStatus.COMPLETED_APPROVED, CaseStatus.DELIVERED, CaseStatus.EVALUATED})
_DECISIONS: Final[Mapping[CaseStatus, Decision]] = {
    CaseStatus.COMPLETED_APPROVED: "approved",
    CaseStatus.COMPLETED_REFUSED: "refused",
}
_REVOKING: Final = frozenset({"reported:completed_refused", "reported:returned", "reported:not_accepted"})
_UNKNOWN_TRIGGER: Final = Trigger(when="at_once", is_sensitive=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One event of a case, with the case as it left it and what the department said in words (`facts`)."""

    case: Case
    event: CaseEvent
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRecord:
    """What came of a case, as the township responsible for the resident sees it. `items` are values by data item."""

    case_number: str
    matter_id: str
    matter_name: str
    guide_version: int
    region: str
    unit: str
    name: str = field(repr=False)
    decision: Decision
    department_number: str
    items: Mapping[str, object] = field(repr=False)
    is_sensitive: bool
    decided_at: datetime
    visible_from: datetime
    amended_at: datetime | None = None
    revision: int = 1

    @property
    def id_number(self) -> str:
        """Return the identity number of the one person the result is about, or an empty text."""
        return next((v for k, v in self.items.items() if k.endswith(".id_number") and isinstance(v, str)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNotice:
    """A notice for one receiver; `receiver` is None where nobody receives for the consumer yet."""

    receiver: Receiver | None
    consumers: tuple[str, ...]
    trigger: str
    fields: tuple[str, ...]
    is_sensitive: bool
    goes_at: datetime
    awaits_payment: bool

    @property
    def receiver_id(self) -> str:
        return self.receiver.id if self.receiver is not None else self.consumers[0][:60]

    @property
    def way(self) -> Way | Literal["nobody"]:
        return self.receiver.way if self.receiver is not None else "nobody"


def decision_of(moved: Moved) -> Decision | None:
    """Return what a department decided by this event; None when it is no decision, or nobody shows evidence."""
    is_move = moved.event.previous is not moved.event.status
    return _DECISIONS.get(moved.event.status) if is_move and moved.event.evidence is not None else None


def is_amendment(moved: Moved) -> bool:
    """Tell whether a department said more, or something else, of a case it had granted."""
    stays = moved.event.previous is moved.event.status and moved.event.evidence is not None
    return stays and moved.event.status in GRANTED and not (moved.event.note or "").startswith("late:")


def is_revocation(moved: Moved) -> bool:
    """Tell whether an amendment takes the grant back (撤销)."""
    return is_amendment(moved) and moved.event.note in _REVOKING


def items_of(
    matter: Matter, case: Case, facts: Mapping[str, str], reflux: Reflux, *, fields: Sequence[str] | None = None
) -> dict[str, object]:
    """Return the declared fields that are known: what the department said, what its approval means, what the form has.

    `fields` takes the place of those the guide declares.
    """
    said = {reflux.item_of_fact[word]: text for word, text in facts.items() if word in reflux.item_of_fact and text}
    by_matter = reflux.decided.get(matter.id, {})
    decided = {**by_matter, **reflux.decided.get(f"{matter.id}/{case.situation}", {})}
    own = reflux.fields.get(matter.id, {})
    found: dict[str, object] = {}
    for item in matter.guide.result.data_reflux.fields if fields is None else fields:
        value: object = said.get(item) or decided.get(item)
        if value is None:
            value = _named(own[item], case.form) if item in own else _from_form(item, matter, case.form)
        if value not in (None, "", []):
            found[item] = value
    return found


def _named(keys: Sequence[str], form: Mapping[str, object]) -> object:
    return next((form[key] for key in keys if form.get(key) not in (None, "")), None)


def _from_form(item: str, matter: Matter, form: Mapping[str, object]) -> object:
    fields = list(matter.form.all_fields())
    for each in fields:
        if each.source == item and form.get(each.key) not in (None, ""):
            return form[each.key]
    return next((values for each in fields if (values := _column(item, each, form))), None)


def _column(item: str, each: FormField, form: Mapping[str, object]) -> list[object]:
    """Return the values of a list's column that stands for `item`, one a person (a roster has no single person)."""
    rows = form.get(each.key)
    keys = [column.key for column in each.columns if column.source == item]
    if not keys or not isinstance(rows, list):
        return []
    return [row[keys[0]] for row in rows if isinstance(row, Mapping) and row.get(keys[0]) not in (None, "")]


def result_of(moved: Moved, matter: Matter, reflux: Reflux, decision: Decision) -> ResultRecord:
    """Return the result of a case just decided. A refusal has no fields but who it is about."""
    case, at = moved.case, moved.event.at
    trigger = read_trigger(matter.guide.result.data_reflux.trigger) or _UNKNOWN_TRIGGER
    items = items_of(matter, case, moved.facts if decision == "approved" else {}, reflux)
    if decision == "refused":
        items = {item: value for item, value in items.items() if item.endswith((".name", ".id_number", ".uscc"))}
    evidence = moved.event.evidence
    return ResultRecord(
        case_number=case.number,
        matter_id=case.matter_id,
        matter_name=case.matter_name,
        guide_version=case.guide_version,
        region=case.responsible_region,
        unit=case.unit,
        name=case.applicant_name,
        decision=decision,
        department_number=(evidence.number if evidence else None) or "",
        items=items,
        is_sensitive=trigger.is_sensitive,
        decided_at=at,
        visible_from=goes_at(trigger, reflux, at),
    )


def amended(before: ResultRecord, moved: Moved, matter: Matter, reflux: Reflux) -> tuple[ResultRecord, tuple[str, ...]]:
    """Return the result after an amendment, and the data items that are different; none when nothing is."""
    if is_revocation(moved):
        if before.decision == "revoked":
            return before, ()
        gone = replace(before, decision="revoked", amended_at=moved.event.at, revision=before.revision + 1)
        return gone, tuple(before.items)
    declared = matter.guide.result.data_reflux.fields
    said = {reflux.item_of_fact[w]: text for w, text in moved.facts.items() if w in reflux.item_of_fact and text}
    changed = {item: said[item] for item in declared if item in said and before.items.get(item) != said[item]}
    if not changed:
        return before, ()
    items = {**before.items, **changed}
    after = replace(before, items=items, amended_at=moved.event.at, revision=before.revision + 1)
    return after, tuple(changed)


def notices_of(result: ResultRecord, matter: Matter, reflux: Reflux) -> Iterator[PlannedNotice]:
    """Give a notice for each receiver of an approval, in the order of the guide; of a refusal only the township hears."""
    declared = matter.guide.result.data_reflux
    trigger = read_trigger(declared.trigger) or _UNKNOWN_TRIGGER
    groups: dict[str, tuple[Receiver | None, list[str]]] = {}
    for consumer in declared.consumers:
        receiver = reflux.by_consumer.get(consumer)
        groups.setdefault(receiver.id if receiver else consumer, (receiver, []))[1].append(consumer)
    for receiver, consumers in groups.values():
        if result.decision != "approved" and (receiver is None or receiver.way != "portal"):
            continue
        is_told = receiver is not None and receiver.way != "never"
        yield PlannedNotice(
            receiver=receiver,
            consumers=tuple(consumers),
            trigger=declared.trigger,
            fields=tuple(result.items) if is_told else (),
            is_sensitive=trigger.is_sensitive,
            goes_at=goes_at(trigger, reflux, result.decided_at),
            awaits_payment=is_told and trigger.when == "after_payment" and not is_paid(result, reflux),
        )


def is_paid(result: ResultRecord, reflux: Reflux) -> bool:
    """Tell whether the result shows that money was paid out."""
    return any(item in result.items for item in reflux.paid)


def goes_at(trigger: Trigger, reflux: Reflux, at: datetime) -> datetime:
    """Return when a notice goes: now, or with the next batch."""
    if trigger.when != "batch":
        return at
    there = at.astimezone(SHANGHAI)
    batch = datetime.combine(there.date(), time.fromisoformat(reflux.batch_at), SHANGHAI)
    return batch if batch > there else batch + timedelta(days=1)
