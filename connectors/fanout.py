"""Events and what follows from them (联动): pure rules.

An event is somebody's death, eightieth birthday or grant: found in a case, announced by a system, or by the daily scan.
It happens once, however often it is reported. Where the fan-out needs a person, its actions are reversible and provisional:
the event stays `open` until somebody confirms it or undoes it, which goes out as a notice of its own after the first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from connectors.fanout_spec import Fanout, FanoutAction, Fanouts, OfAnnouncement, OfCase
from connectors.receivers import Reflux
from connectors.reflux import Moved, decision_of, items_of
from matters.case import CaseStatus
from matters.guide import Matter

EventState = Literal["done", "open", "confirmed", "undone"]
Step = Literal["act", "undo", "confirm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What was found to have happened. `source` names what reported it; the same one counts once."""

    fanout: Fanout
    source: str
    case_number: str = ""
    items: Mapping[str, object] = field(repr=False)
    region: str
    unit: str
    happened_at: datetime

    @property
    def id_number(self) -> str:
        return str(self.items.get(f"{self.fanout.person}.id_number") or "")

    @property
    def name(self) -> str:
        return str(self.items.get(f"{self.fanout.person}.name") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event as kept. `decided_by` is who confirmed or undid it, with the reason."""

    number: str
    fanout: str
    source: str
    case_number: str
    name: str = field(repr=False)
    region: str
    unit: str
    items: Mapping[str, object] = field(repr=False)
    state: EventState
    happened_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a system announced by itself: `kind` as `announcement` of a fan-out, values by data item."""

    kind: str
    system: str
    event_id: str
    items: Mapping[str, object] = field(repr=False)
    region: str
    received_at: datetime


def happenings_of(moved: Moved, matter: Matter, fanouts: Fanouts, reflux: Reflux) -> Iterator[Happening]:
    """Give what an event of a case means for the fan-outs that wait for such a case."""
    for fanout in fanouts.values():
        if not any(isinstance(each, OfCase) and _is_met(each, moved) for each in fanout.when):
            continue
        case = moved.case
        known = items_of(matter, case, moved.facts, reflux, fields=fanout.fields)
        yield Happening(
            fanout=fanout,
            source=case.number,
            case_number=case.number,
            items=known,
            region=case.responsible_region,
            unit=case.unit,
            happened_at=moved.event.at,
        )


def _is_met(each: OfCase, moved: Moved) -> bool:
    if moved.case.matter_id != each.case or each.situation not in ("", moved.case.situation):
        return False
    if each.at == "approved":
        return decision_of(moved) == "approved"
    return moved.event.status is CaseStatus.ACCEPTED and moved.event.previous is not CaseStatus.ACCEPTED


def awaits(matter_id: str, fanouts: Fanouts) -> bool:
    """Tell whether some fan-out waits for cases of this matter."""
    return any(isinstance(each, OfCase) and each.case == matter_id for f in fanouts.values() for each in f.when)


def announced(announcement: Announcement, fanouts: Fanouts) -> Iterator[Happening]:
    """Give what an announcement means for the fan-outs that wait for it."""
    for fanout in fanouts.values():
        if not any(isinstance(each, OfAnnouncement) and each.announcement == announcement.kind for each in fanout.when):
            continue
        yield Happening(
            fanout=fanout,
            source=f"{announcement.system}:{announcement.event_id}",
            items={item: announcement.items[item] for item in fanout.fields if announcement.items.get(item)},
            region=announcement.region,
            unit="",
            happened_at=announcement.received_at,
        )


def operation_for(action: FanoutAction, step: Step) -> str:
    """Return the operation of a step; empty when the action has none for it."""
    return {"act": action.how.operation, "undo": action.how.undo, "confirm": action.how.confirm}[step]
