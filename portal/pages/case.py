"""One case: its timeline, deliveries (live), materials, the form (masked), withdrawing it."""

from dataclasses import dataclass, field
from datetime import date

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from config.paging import Page
from connectors.errors import IntakeError
from matters.case import Case, CaseStatus, may_move
from matters.deadline import due_on
from matters.disclosure import Disclosure
from matters.errors import CalendarUnknown, MatterError
from matters.guide import Matter
from matters.masking import mask_form, mask_name
from matters.messages import say
from matters.numbering import normal_number
from matters.policy import may_change_case, may_see_case, may_unmask
from portal.case_steps import CaseSteps, Typed, steps_of
from portal.case_words import StatusBadge, TimelineEntry, badge, timeline
from portal.delivery_words import DeliveryLine, delivery_line
from portal.disclosing import LEAST_REASON, disclose, reason_of
from portal.forms.display import DisplaySection, display
from portal.forms.materials import MaterialLine, material_lines
from portal.guards import checked_form, signed_in
from portal.library import local
from portal.notice_words import NoticeLine, is_moving, notice_lines
from portal.people import Person
from portal.refusals import NotHere
from portal.rendering import is_htmx
from portal.state import PortalState, portal_of
from portal.words import _, gettext

_MOST_DISCLOSURES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """Context of pages/case.html and partials/case-live.html. Applicant and form are masked unless `unmasked`."""

    case: Case
    matter_name: str
    situation: str
    applicant: str = field(repr=False)
    status: StatusBadge
    due_on: date | None
    deliveries: tuple[DeliveryLine, ...]
    events: tuple[TimelineEntry, ...]
    live: bool
    notices: tuple[NoticeLine, ...]
    materials: tuple[MaterialLine, ...]
    sections: tuple[DisplaySection, ...]
    unmasked: bool
    may_unmask: bool
    disclosures: Page[Disclosure]
    may_withdraw: bool
    steps: CaseSteps
    error: str
    reason: str
    unmask_reason: str


async def show(request: Request, person: Person) -> Response:
    """Show the case; htmx asks for the part that moves."""
    case = await find(request, person)
    return await case_page(request, person, case)


async def unmask(request: Request, person: Person) -> Response:
    """Show personal data in full once, for a reason that is kept first: what can't be recorded is not shown."""
    form = await checked_form(request)
    case = await find(request, person)
    if not may_unmask(person.actor, case):
        raise NotHere
    reason = reason_of(form)
    if error := await disclose(portal_of(request), person, case.number, reason, of="case"):
        return await case_page(request, person, case, error=error, unmask_reason=reason, status=422)
    return await case_page(request, person, case, unmasked=True)


async def withdraw(request: Request, person: Person) -> Response:
    """Take the case back for the applicant, with their reason."""
    form = await checked_form(request)
    case = await find(request, person)
    reason = reason_of(form)
    if len(reason) < LEAST_REASON:
        error = _("请写明撤回的理由（至少4个字）。")
        return await case_page(request, person, case, error=error, reason=reason, status=422)
    portal = portal_of(request)
    try:
        await portal.intake.withdraw(case.number, actor=person.actor, reason=reason, at=portal.clock())
    except (IntakeError, MatterError) as error:
        text = say(error.public, error.params, gettext)
        return await case_page(request, person, case, error=text, reason=reason, status=409)
    return RedirectResponse(f"/cases/{case.number}", status_code=303)


async def find(request: Request, person: Person) -> Case:
    """Return the case in the address if this person may see it.

    Raises:
        NotHere: there is none, or it is another unit's: both look the same.
    """
    number = normal_number(request.path_params["number"])
    case = await portal_of(request).cases.by_number(number)
    if case is None or not may_see_case(person.actor, case):
        raise NotHere(_("没有这个办件，或者不在您的办理范围内。请核对办件编号。"))
    return case


async def matter_of(portal: PortalState, case: Case) -> Matter:
    """Return the guide the case was accepted under."""
    current = portal.library.matters.get(case.matter_id)
    if current is not None and current.guide.basic_info.version == case.guide_version:
        return current
    return await portal.guides.load(case.matter_id, case.guide_version)


async def case_page(
    request: Request,
    person: Person,
    case: Case,
    *,
    unmasked: bool = False,
    error: str = "",
    reason: str = "",
    typed: Typed | None = None,
    unmask_reason: str = "",
    status: int = 200,
) -> Response:
    portal = portal_of(request)
    matter = await matter_of(portal, case)
    now = portal.clock()
    views = await portal.deliveries.of_case(case.number)
    lines = tuple(delivery_line(v.delivery, portal.library.system_name(v.delivery.system), at=now) for v in views)
    form = case.form if unmasked else mask_form(matter, case.form, portal.library.mask_rules)
    is_fragment = is_htmx(request) and request.method == "GET"
    told = await portal.notices.of_case(case.number)
    looks = Page[Disclosure](items=())
    if not is_fragment:
        asked = request.query_params.get("looks")
        looks = await portal.disclosures.of_case(case.number, most=_MOST_DISCLOSURES, after=asked)
    context = CasePage(
        case=case,
        matter_name=local(matter),
        situation=local(matter.situation(case.situation)),
        applicant=case.applicant_name if unmasked else mask_name(case.applicant_name),
        status=badge(case.status),
        due_on=_due_on(portal, case),
        deliveries=lines,
        events=timeline(await portal.cases.events(case.number), portal.library.system_name),
        live=case.is_open or is_moving(told),
        notices=notice_lines(told, portal.flows.reflux, portal.library, portal.item_words, at=now),
        materials=() if is_fragment else material_lines(matter, await portal.cases.materials(case.number)),
        sections=() if is_fragment else display(matter, case.situation, form),
        unmasked=unmasked,
        may_unmask=may_unmask(person.actor, case),
        disclosures=looks,
        may_withdraw=may_change_case(person.actor, case) and may_move(case.status, CaseStatus.WITHDRAWN),
        steps=await steps_of(portal, person, case, typed),
        error=error,
        reason=reason,
        unmask_reason=unmask_reason,
    )
    partial = "partials/case-live.html" if is_fragment else None
    return portal.renderer.page(request, "pages/case.html", context, partial=partial, status=status)


def _due_on(portal: PortalState, case: Case) -> date | None:
    try:
        return due_on(case, portal.calendar)
    except CalendarUnknown:
        return case.promised_on


_ADDRESS = "/cases/{number}"

routes: list[BaseRoute] = [
    Route(_ADDRESS, signed_in(show), name="case"),
    Route(f"{_ADDRESS}/unmask", signed_in(unmask), methods=["POST"], name="unmask"),
    Route(f"{_ADDRESS}/withdraw", signed_in(withdraw), methods=["POST"], name="withdraw"),
]
