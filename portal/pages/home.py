"""The landing page of visitors and the home page of who is signed in: tiles and matters."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from portal.state import person_of, portal_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingPage:
    """Context of pages/landing.html."""


async def home(request: Request) -> Response:
    """Show the landing page, or home."""
    renderer = portal_of(request).renderer
    if person_of(request) is None:
        return renderer.page(request, "pages/landing.html", LandingPage())
    return renderer.page(request, "pages/landing.html", LandingPage())


routes: list[BaseRoute] = [Route("/", home, name="home")]
