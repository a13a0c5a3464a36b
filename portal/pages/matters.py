"""Matters: the list with its search, and the guide page with all 12 elements."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from matters.guide import Matter
from matters.policy import may_take_in
from portal.guards import signed_in
from portal.library import Group, department_icon
from portal.people import Person
from portal.refusals import NotHere
from portal.rendering import is_htmx
from portal.state import portal_of
from portal.words import _

LONGEST_QUERY = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MattersPage:
    """Context of pages/matters.html and partials/matter-results.html. Without a query all matters by department."""

    query: str
    groups: tuple[Group, ...]
    found: tuple[Matter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidePage:
    """Context of pages/matter.html."""

    matter: Matter
    icon: str
    may_take_in: bool


async def matter_list(request: Request, _person: Person) -> Response:
    """Search, or list all by department. A number typed whole and Enter go straight to the guide."""
    portal = portal_of(request)
    query = request.query_params.get("q", "").strip()[:LONGEST_QUERY]
    found = tuple(portal.index.search(query)) if query else ()
    if found and not is_htmx(request) and (len(found) == 1 or _is_its_number(query, found[0])):
        return RedirectResponse(f"/matters/{found[0].id}", status_code=303)
    context = MattersPage(query=query, groups=() if query else portal.library.groups(), found=found)
    return portal.renderer.page(request, "pages/matters.html", context, partial="partials/matter-results.html")


async def guide(request: Request, person: Person) -> Response:
    """Show the guide of a matter."""
    portal = portal_of(request)
    matter = portal.library.matters.get(request.path_params["matter"])
    if matter is None:
        raise NotHere(_("没有这个事项。请从事项列表中查找。"))
    context = GuidePage(
        matter=matter, icon=department_icon(matter.department.id), may_take_in=may_take_in(person.actor)
    )
    return portal.renderer.page(request, "pages/matter.html", context)


def _is_its_number(query: str, matter: Matter) -> bool:
    return query.upper() in (matter.number.upper(), matter.number.lstrip("0"), matter.short_code.upper(), matter.name)


routes: list[BaseRoute] = [
    Route("/matters", signed_in(matter_list), name="matters"),
    Route("/matters/{matter}", signed_in(guide), name="matter"),
]
