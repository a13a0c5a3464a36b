"""My cases: the list with a filter by state, the state of every delivery, and drafts to go on with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.ledger import Delivery
from matters.masking import mask_name
from matters.policy import Role, may_see_cases, may_take_in
from matters.ports import CaseSummary, Draft, Scope
from portal.case_words import StatusBadge, badge
from portal.delivery_words import DeliveryLine, delivery_line, worst
from portal.guards import signed_in
from portal.library import local
from portal.people import Person
from portal.refusals import NotAllowed
from portal.state import PortalState, portal_of
from portal.words import _

PAGE = 30
FILTERS = ("open", "closed", "all", "drafts")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case of the list; the applicant is masked."""

    number: str
    matter: str
    applicant: str
    status: StatusBadge
    received_at: datetime
    promised_on: date | None
    delivery: DeliveryLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """One draft of the person's own."""

    id: str
    matter: str
    situation: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesPage:
    """Context of pages/cases.html."""

    heading: str
    may_take_in: bool
    state: str
    filters: tuple[tuple[str, str], ...]
    cases: tuple[CaseLine, ...]
    drafts: tuple[DraftLine, ...]
    after: str


async def case_list(request: Request, person: Person) -> Response:
    """Show a page of the cases this person may see, newest first; two queries whatever their number."""
    if not may_see_cases(person.actor):
        raise NotAllowed
    portal = portal_of(request)
    state = request.query_params.get("state", "open")
    state = state if state in FILTERS else "open"
    cases: tuple[CaseLine, ...] = ()
    drafts: tuple[DraftLine, ...] = ()
    after = ""
    if state == "drafts":
        kept = await portal.drafts.of_owner(person.sub, after=request.query_params.get("after"), most=PAGE)
        drafts, after = tuple(_draft_line(portal, draft) for draft in kept), kept.after or ""
    else:
        page = await portal.cases.page(
            scope_of(person),
            after=request.query_params.get("after") or None,
            limit=PAGE,
            is_open={"open": True, "closed": False}.get(state),
        )
        deliveries = await portal.deliveries.of_cases([case.number for case in page])
        cases = tuple(_line(portal, case, deliveries.get(case.number, ())) for case in page)
        after = page.after or ""
    taking_in = may_take_in(person.actor)
    context = CasesPage(
        heading=_("我的办件") if person.actor.has(Role.CLERK) else _("本区域办件"),
        may_take_in=taking_in,
        state=state,
        filters=tuple(each for each in _filters() if taking_in or each[0] != "drafts"),
        cases=cases,
        drafts=drafts,
        after=after,
    )
    return portal.renderer.page(request, "pages/cases.html", context)


def scope_of(person: Person) -> Scope:
    """Return whose cases the list shows: a clerk's unit, else a manager's region."""
    actor = person.actor
    return Scope(unit=actor.unit) if actor.has(Role.CLERK) else Scope(region=actor.region)


def _line(portal: PortalState, case: CaseSummary, deliveries: Sequence[Delivery]) -> CaseLine:
    now = portal.clock()
    lines = [delivery_line(d, portal.library.system_name(d.system), at=now) for d in deliveries]
    return CaseLine(
        number=case.number,
        matter=portal.library.matter_name(case.matter_id, case.matter_name),
        applicant=mask_name(case.applicant_name),
        status=badge(case.status),
        received_at=case.received_at,
        promised_on=case.promised_on,
        delivery=worst(lines),
    )


def _draft_line(portal: PortalState, draft: Draft) -> DraftLine:
    matter = portal.library.matters.get(draft.matter_id)
    situation = next((s for s in matter.guide.situations if s.id == draft.situation), None) if matter else None
    return DraftLine(
        id=draft.id,
        matter=local(matter) if matter else draft.matter_id,
        situation=local(situation) if situation else "",
        updated_at=draft.updated_at,
    )


def _filters() -> tuple[tuple[str, str], ...]:
    return (("open", _("在办")), ("closed", _("已结束")), ("all", _("全部")), ("drafts", _("暂存")))


routes: list[BaseRoute] = [Route("/cases", signed_in(case_list), name="cases")]
