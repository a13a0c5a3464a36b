"""A case with all that happened to it, read for showing. Who may see it is asked of the policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from connectors.ledger import Delivery
from matters.case import Case, CaseEvent
from matters.deadline import due_on
from matters.errors import CalendarUnknown
from matters.policy import Actor, may_see_case
from portal.api.parameters import case_unknown
from portal.api.state import ApiState


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """`due_on` is the day the case is due now; None without a limit, in an open pause, or past the known calendar."""

    case: Case
    events: Sequence[CaseEvent]
    deliveries: Sequence[Delivery]
    due_on: date | None


async def seen_case(api: ApiState, actor: Actor, number: str) -> Case:
    """Return the case.

    Raises:
        Refused: NOT_FOUND, the same whether there is none or the actor may not see it.
    """
    case = await api.cases.by_number(number)
    if case is None or not may_see_case(actor, case):
        raise case_unknown()
    return case


async def record_of(api: ApiState, case: Case) -> CaseRecord:
    """Return the case with its events and deliveries."""
    views = await api.deliveries.of_case(case.number)
    return CaseRecord(
        case=case,
        events=await api.cases.events(case.number),
        deliveries=[view.delivery for view in views],
        due_on=_due_on(api, case),
    )


def _due_on(api: ApiState, case: Case) -> date | None:
    try:
        return due_on(case, api.calendar)
    except CalendarUnknown:
        return None
