"""Taking an application in, the frame: begin a draft, its situation, leaving it, throwing it away."""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from config.logs import get
from matters.errors import UnknownSituation
from matters.guide import Matter
from matters.policy import may_take_in
from matters.ports import Draft
from portal import drafts
from portal.forms.steps import SITUATION, Step, next_href
from portal.guards import checked_form, signed_in
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import portal_of
from portal.words import _

_log = get("portal.intake")


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationPage:
    """Context of pages/intake_situation.html."""

    matter: Matter
    draft: Draft
    steps: tuple[Step, ...]
    error: str


async def begin(request: Request, person: Person) -> Response:
    """Begin a draft from the guide page."""
    form = await checked_form(request)
    portal = portal_of(request)
    matter = portal.library.matters.get(request.path_params["matter"])
    if matter is None:
        raise NotHere(_("没有这个事项。请从事项列表中查找。"))
    if not may_take_in(person.actor):
        raise NotAllowed(_("只有综合窗口工作人员可以受理。如需受理，请联系管理员。"))
    situation = str(form.get("situation") or matter.guide.situations[0].id)
    try:
        matter.situation(situation)
    except UnknownSituation:
        situation = matter.guide.situations[0].id
    draft = await drafts.begin(portal, person, matter, situation)
    _log.info("intake_begun", matter=matter.id)
    return RedirectResponse(f"/drafts/{draft.id}", status_code=303)


async def resume(request: Request, person: Person) -> Response:
    """Go on where there is something to do: the first step that is not done."""
    it = await drafts.load(request, person)
    steps = it.steps("")
    step = next((s for s in steps if s.state in ("todo", "wrong")), steps[-1])
    return RedirectResponse(step.href, status_code=303)


async def show_situation(request: Request, person: Person) -> Response:
    """Show the situations to choose from."""
    return _situation_page(request, await drafts.load(request, person))


async def choose_situation(request: Request, person: Person) -> Response:
    """Keep another situation; what was typed stays, even where it is not asked for now."""
    form = await checked_form(request)
    it = await drafts.load(request, person)
    chosen = str(form.get("situation") or "")
    try:
        it.matter.situation(chosen)
    except UnknownSituation:
        return _situation_page(request, it, error=_("请选择本事项的办理情形"), status=422)
    portal = portal_of(request)
    generated = drafts.generated_proofs(it.matter, chosen, portal)

    def change(draft: Draft) -> Draft:
        given = {proof.material for proof in draft.materials}
        added = tuple(proof for proof in generated if proof.material not in given)
        return replace(draft, situation=chosen, materials=(*draft.materials, *added))

    saved = await drafts.save(portal, it.draft, change)
    return RedirectResponse(next_href(saved.steps(SITUATION), SITUATION), status_code=303)


async def discard(request: Request, person: Person) -> Response:
    """Delete the draft."""
    await checked_form(request)
    await portal_of(request).drafts.delete(request.path_params["draft"], person.sub)
    return RedirectResponse("/cases?state=drafts", status_code=303)


def _situation_page(request: Request, it: drafts.Intaking, *, error: str = "", status: int = 200) -> Response:
    context = SituationPage(matter=it.matter, draft=it.draft, steps=it.steps(SITUATION), error=error)
    return portal_of(request).renderer.page(request, "pages/intake_situation.html", context, status=status)


routes: list[BaseRoute] = [
    Route("/matters/{matter}/intake", signed_in(begin), methods=["POST"], name="intake"),
    Route("/drafts/{draft}", signed_in(resume), name="draft"),
    Route("/drafts/{draft}/situation", signed_in(show_situation), methods=["GET"], name="situation"),
    Route("/drafts/{draft}/situation", signed_in(choose_situation), methods=["POST"]),
    Route("/drafts/{draft}/discard", signed_in(discard), methods=["POST"], name="discard"),
]
