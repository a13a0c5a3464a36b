"""Cases in words: status badges, and the events of a timeline with who showed that they happened."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from matters.case import CaseEvent, CaseStatus
from matters.citizen_words import STATUS_NAMES
from portal.words import _

_TONES = {
    CaseStatus.SUPPLEMENT_REQUIRED: "warn",
    CaseStatus.SUSPENDED: "warn",
    CaseStatus.COMPLETED_APPROVED: "ok",
    CaseStatus.DELIVERED: "ok",
    CaseStatus.EVALUATED: "ok",
    CaseStatus.TRANSFERRED: "ok",
    CaseStatus.COMPLETED_REFUSED: "danger",
    CaseStatus.NOT_ACCEPTED: "danger",
    CaseStatus.RETURNED: "danger",
    CaseStatus.TERMINATED_NO_SUPPLEMENT: "danger",
    CaseStatus.WITHDRAWN: "",
    CaseStatus.DRAFT: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusBadge:
    """A status as a badge."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One event. Without evidence it reads as not confirmed."""

    at: datetime
    text: str
    who: str
    number: str
    note: str = field(repr=False)
    is_confirmed: bool


def badge(status: CaseStatus) -> StatusBadge:
    """Return the badge of a status."""
    return StatusBadge(text=_(STATUS_NAMES[status]), tone=_TONES.get(status, "busy"))


def timeline(events: Iterable[CaseEvent], name_of: Callable[[str], str]) -> tuple[TimelineEntry, ...]:
    """Return the events, newest first; `name_of` names a system."""
    return tuple(_entry(event, name_of) for event in reversed(tuple(events)))


def _entry(event: CaseEvent, name_of: Callable[[str], str]) -> TimelineEntry:
    evidence = event.evidence
    moved = event.previous != event.status
    return TimelineEntry(
        at=event.at,
        text=_(STATUS_NAMES[event.status]) if moved else _("办理进展"),
        who=_who(evidence.source, evidence.who, name_of) if evidence else "",
        number=(evidence.number or "") if evidence else "",
        note=((evidence.note or "") if evidence else ""),
        is_confirmed=evidence is not None,
    )


def _who(source: str, who: str, name_of: Callable[[str], str]) -> str:
    match source:
        case "window":
            return _("窗口 {name}").format(name=who)
        case "desk":
            return _("窗口代录部门结果 {name}").format(name=who)
        case "applicant":
            return _("申请人提出，经办 {name}").format(name=who)
        case "timer":
            return _("系统计时")
        case _:
            return name_of(source)
