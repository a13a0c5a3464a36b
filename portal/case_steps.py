"""What a clerk may record on a case just now: a supplement brought or not, a result handed over; and what was typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connectors.result_handing import WAY_WORDS, HandingOver
from matters.case import Case, CaseStatus, may_move
from matters.deadline import shanghai_day
from matters.policy import may_change_case
from portal.people import Person
from portal.state import PortalState
from portal.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What came with the form that did not hold, and what is wrong, by field."""

    handing: HandingOver = field(default_factory=HandingOver)
    supplement: str = field(default="", repr=False)
    wrong: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSteps:
    """The forms of partials/case-steps.html. `supplement_due` is the last day for what the applicant is to bring."""

    may_hand_over: bool
    may_bring: bool
    may_end: bool
    supplement_due: date | None
    ways: tuple[tuple[str, str], ...]
    typed: Typed


async def steps_of(portal: PortalState, person: Person, case: Case, typed: Typed | None = None) -> CaseSteps:
    """Return what this person may record."""
    may_change = may_change_case(person.actor, case)
    may_bring = may_change and may_move(case.status, CaseStatus.SUPPLEMENTED)
    due = await portal.window_steps.supplement_due(case)
    is_late = due is not None and shanghai_day(portal.clock()) > due
    return CaseSteps(
        may_hand_over=may_change and may_move(case.status, CaseStatus.DELIVERED),
        may_bring=may_bring,
        may_end=may_bring and is_late,
        supplement_due=due,
        ways=tuple((way.value, _(word)) for way, word in WAY_WORDS.items()),
        typed=typed or Typed(),
    )
