"""A department's log-in picture, read by a person: what waits for it goes out as soon as it is typed."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.log_ins import LONGEST_TEXT, LogInWaiting
from matters.policy import may_work_desk
from portal.guards import checked_form, signed_in
from portal.library import local
from portal.people import Person
from portal.refusals import NotAllowed
from portal.state import portal_of
from portal.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLogInPage:
    """Context of pages/desk_log_in.html. `longest` bounds what may be typed."""

    system: str
    name: str
    error: str
    longest: int


async def _wanted(request: Request, person: Person) -> LogInWaiting | None:
    if not may_work_desk(person.actor):
        raise NotAllowed
    waiting = await portal_of(request).log_ins.waiting(person.actor)
    return next((each for each in waiting if each.system == request.path_params["system"]), None)


async def show(request: Request, person: Person) -> Response:
    """Show the picture and a field for it; back to the desk where somebody else was faster."""
    wanted = await _wanted(request, person)
    return RedirectResponse("/desk", status_code=303) if wanted is None else _page(request, wanted)


async def picture(request: Request, person: Person) -> Response:
    """Return a fresh picture; each one voids the one before."""
    if not may_work_desk(person.actor):
        raise NotAllowed
    shown = await portal_of(request).log_ins.picture(request.path_params["system"], person.actor)
    if shown is None:
        return Response(status_code=503)
    return Response(shown.content, media_type=shown.content_type, headers={"cache-control": "no-store"})


async def post(request: Request, person: Person) -> Response:
    """Log in with what was typed."""
    form, portal = await checked_form(request), portal_of(request)
    wanted = await _wanted(request, person)
    if wanted is None:
        return RedirectResponse("/desk", status_code=303)
    text = str(form.get("text", "")).strip()
    if not text:
        return _page(request, wanted, error=_("请输入图中的字符。"), status=422)
    result = await portal.log_ins.typed(wanted.system, text, actor=person.actor, at=portal.clock())
    if result == "open":
        return RedirectResponse("/desk", status_code=303)
    error = (
        _("与图中的字符不符，请看新的图片再输入。") if result == "wrong" else _("这张图片已失效，请看新的图片再输入。")
    )
    return _page(request, wanted, error=error, status=422)


def _page(request: Request, wanted: LogInWaiting, *, error: str = "", status: int = 200) -> Response:
    context = DeskLogInPage(system=wanted.system, name=local(wanted, "system_name"), error=error, longest=LONGEST_TEXT)
    return portal_of(request).renderer.page(request, "pages/desk_log_in.html", context, status=status)


routes: list[BaseRoute] = [
    Route("/desk/log-ins/{system}", signed_in(show), methods=["GET"], name="desk_log_in"),
    Route("/desk/log-ins/{system}", signed_in(post), methods=["POST"]),
    Route("/desk/log-ins/{system}/picture", signed_in(picture), methods=["GET"]),
]
