"""Recording, on a case's page, what happens at the window: a supplement brought or not, the result handed over."""

from collections.abc import Awaitable

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.errors import IntakeError
from connectors.result_handing import LONGEST_NAME, LONGEST_REFERENCE, HandingOver, HandingWay, wrong_in
from matters.case import Case
from matters.errors import MatterError
from matters.messages import say
from portal.case_steps import Typed
from portal.guards import checked_form, signed_in
from portal.pages.case import case_page, find
from portal.people import Person
from portal.state import portal_of
from portal.words import _, gettext

LEAST_NOTE, LONGEST_NOTE = 2, 300


async def hand_over(request: Request, person: Person) -> Response:
    """Record to whom and how the result was handed over."""
    form = await checked_form(request)
    case = await find(request, person)
    handing = _handing(form)
    typed = Typed(handing=handing, wrong={name: gettext(text) for name, text in wrong_in(handing).items()})
    if typed.wrong:
        return await case_page(request, person, case, typed=typed, status=422)
    portal = portal_of(request)
    step = portal.window_steps.hand_over(case.number, handing, actor=person.actor, at=portal.clock())
    return await _taken(request, person, case, step, typed)


async def bring(request: Request, person: Person) -> Response:
    """Record what the applicant brought of what was asked for."""
    form = await checked_form(request)
    case = await find(request, person)
    brought = _text(form, "brought", LONGEST_NOTE)
    if len(brought) < LEAST_NOTE:
        typed = Typed(supplement=brought, wrong={"brought": _("请写明补充了哪些材料。")})
        return await case_page(request, person, case, typed=typed, status=422)
    portal = portal_of(request)
    step = portal.window_steps.bring_supplement(case.number, brought, actor=person.actor, at=portal.clock())
    return await _taken(request, person, case, step, Typed(supplement=brought))


async def end(request: Request, person: Person) -> Response:
    """Record that nothing was brought in time and the department has nothing either."""
    form = await checked_form(request)
    case = await find(request, person)
    if form.get("asked") != "yes":
        typed = Typed(wrong={"asked": _("请先问部门是否已直接收到补正材料，再勾选。")})
        return await case_page(request, person, case, typed=typed, status=422)
    portal = portal_of(request)
    step = portal.window_steps.end_without_supplement(case.number, actor=person.actor, at=portal.clock())
    return await _taken(request, person, case, step, Typed())


async def _taken(request: Request, person: Person, case: Case, step: Awaitable[Case], typed: Typed) -> Response:
    try:
        await step
    except (IntakeError, MatterError) as refused:
        # Read again: what is shown beside the sentence is how it stands now.
        now, text = await find(request, person), say(refused.public, refused.params, gettext)
        return await case_page(request, person, now, typed=typed, error=text, status=409)
    return RedirectResponse(f"/cases/{case.number}", status_code=303)


def _handing(form: FormData) -> HandingOver:
    return HandingOver(
        way=next((way for way in HandingWay if way.value == form.get("way")), None),
        receiver=_text(form, "receiver", LONGEST_NAME),
        reference=_text(form, "reference", LONGEST_REFERENCE),
        authorised=form.get("authorised") == "yes",
    )


def _text(form: FormData, name: str, longest: int) -> str:
    value = form.get(name)
    return value.strip()[:longest] if isinstance(value, str) else ""


_ADDRESS = "/cases/{number}"

routes: list[BaseRoute] = [
    Route(f"{_ADDRESS}/handed-over", signed_in(hand_over), methods=["POST"], name="hand_over_result"),
    Route(f"{_ADDRESS}/supplement", signed_in(bring), methods=["POST"], name="bring_supplement"),
    Route(f"{_ADDRESS}/no-supplement", signed_in(end), methods=["POST"], name="end_without_supplement"),
]
