"""The last step: everything on one page to be read with the applicant, then one submission."""

from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.errors import ApplicationRefused, IntakeError
from connectors.intake import Accepted, Application
from matters.elements import Duration
from matters.errors import CalendarUnknown, DraftUnknown, DuplicateCase
from matters.form import FieldError
from matters.guide import Matter
from matters.messages import say
from matters.ports import Draft
from portal import drafts
from portal.forms.display import DisplaySection, display
from portal.forms.materials import MaterialLine, material_lines
from portal.forms.steps import REVIEW, Step
from portal.forms.view import SummaryLine, control_id, summary_text
from portal.guards import checked_form, signed_in
from portal.people import Person
from portal.refusals import Gone
from portal.sessions import hashed
from portal.state import PortalState, portal_of
from portal.words import _, gettext

SUBMITTED_KNOWN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """Context of pages/intake_review.html. `existing` is the case in flight that stands in the way.

    `by_hand` when the department takes nothing automatically: the case becomes a desk task.
    """

    matter: Matter
    draft: Draft
    steps: tuple[Step, ...]
    sections: tuple[DisplaySection, ...]
    materials: tuple[MaterialLine, ...]
    summary: tuple[SummaryLine, ...]
    warnings: tuple[SummaryLine, ...]
    promised: Duration
    system_name: str
    by_hand: bool
    refusal: str
    existing: str


async def review(request: Request, person: Person) -> Response:
    """Show everything, with what still has to be put right."""
    it = await drafts.load(request, person)
    return _page(request, person, it, it.errors)


async def submit(request: Request, person: Person) -> Response:
    """Submit once: the draft's id is the idempotency key, so a second click finds the same case."""
    await checked_form(request)
    portal = portal_of(request)
    draft_id = request.path_params["draft"]
    try:
        draft = await portal.drafts.load(draft_id, person.sub)
    except DraftUnknown:
        return await _already_submitted(portal, person, draft_id)
    it = drafts.intaking(portal, draft)
    try:
        accepted = await _accept(portal, person, draft)
    except ApplicationRefused as error:
        return _page(request, person, it, error.errors, status=422)
    except DuplicateCase as error:
        refusal = say(error.public, error.params, gettext)
        return _page(request, person, it, (), refusal=refusal, existing=str(error.params.get("number", "")), status=409)
    except (IntakeError, CalendarUnknown) as error:
        return _page(request, person, it, (), refusal=say(error.public, error.params, gettext), status=409)
    # A late second click finds no draft any more and is led to the receipt by this note.
    await portal.state.put(_submitted_key(person, draft.id), accepted.case.number.encode(), SUBMITTED_KNOWN)
    await portal.drafts.delete(draft.id, person.sub)
    return _to_receipt(accepted.case.number)


async def _accept(portal: PortalState, person: Person, draft: Draft) -> Accepted:
    application = Application(
        matter_id=draft.matter_id,
        situation=draft.situation,
        form=draft.values,
        materials=draft.materials,
        unit_name=person.unit_name,
    )
    return await portal.intake.accept(application, actor=person.actor, idempotency_key=draft.id, at=portal.clock())


async def _already_submitted(portal: PortalState, person: Person, draft_id: str) -> Response:
    number = await portal.state.get(_submitted_key(person, draft_id))
    if number is None:
        raise Gone(_("找不到这份暂存，可能已经提交或删除。请在“我的办件”中查看。"))
    return _to_receipt(number.decode())


def _submitted_key(person: Person, draft_id: str) -> str:
    return f"portal_submitted:{hashed(person.sub + ':' + draft_id)}"


def _to_receipt(number: str) -> Response:
    return RedirectResponse(f"/cases/{number}/receipt", status_code=303)


def _page(
    request: Request,
    person: Person,
    it: drafts.Intaking,
    errors: tuple[FieldError, ...],
    *,
    refusal: str = "",
    existing: str = "",
    status: int = 200,
) -> Response:
    portal = portal_of(request)
    context = ReviewPage(
        matter=it.matter,
        draft=it.draft,
        steps=it.steps(REVIEW),
        sections=display(it.matter, it.draft.situation, it.shown_values),
        materials=material_lines(it.matter, it.draft.materials),
        summary=_lines(it, errors),
        warnings=_lines(it, it.check.warnings),
        promised=it.matter.promised(it.draft.situation),
        system_name=portal.library.system_name(it.matter.target.system),
        by_hand=portal.library.is_by_hand(it.matter, person.actor.region),
        refusal=refusal,
        existing=existing,
    )
    return portal.renderer.page(request, "pages/intake_review.html", context, status=status)


def _lines(it: drafts.Intaking, found: tuple[FieldError, ...]) -> tuple[SummaryLine, ...]:
    return tuple(SummaryLine(text=summary_text(error), href=_place(it, error.path)) for error in found)


def _place(it: drafts.Intaking, path: str) -> str:
    base, key = f"/drafts/{it.draft.id}", path.split("/", 1)[0]
    for section in it.matter.form.sections:
        if any(field.key == key for field in section.fields):
            return f"{base}/form/{section.id}?check=1#{control_id(path)}"
    return f"{base}/situation" if key == "situation" else f"{base}/materials?check=1#{control_id(path)}"


routes: list[BaseRoute] = [
    Route("/drafts/{draft}/review", signed_in(review), name="review"),
    Route("/drafts/{draft}/submit", signed_in(submit), methods=["POST"], name="submit"),
]
