"""A page for each kind of problem of the API: what it means and what to do (RFC 9457 §3.1.1)."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from portal.api.problem_types import BY_SLUG, PROBLEM_TYPES, ProblemType
from portal.refusals import NotHere
from portal.state import portal_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemTypePage:
    """Context of pages/problem_type.html; the texts are msgids, translated in the template."""

    kind: ProblemType


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemTypesPage:
    """Context of pages/problem_types.html."""

    kinds: tuple[ProblemType, ...]


async def problem_type(request: Request) -> Response:
    """Explain one kind of problem."""
    kind = BY_SLUG.get(request.path_params["type"])
    if kind is None:
        raise NotHere
    return portal_of(request).renderer.page(request, "pages/problem_type.html", ProblemTypePage(kind=kind))


async def problem_types(request: Request) -> Response:
    """List every kind of problem."""
    return portal_of(request).renderer.page(request, "pages/problem_types.html", ProblemTypesPage(kinds=PROBLEM_TYPES))


routes: list[BaseRoute] = [
    Route("/problems", problem_types, name="problem_types"),
    Route("/problems/{type}", problem_type, name="problem_type"),
]
