"""The route table: every page's own `routes`, in one place, and those of the API."""

from starlette.routing import BaseRoute

from portal.api.routes import routes as api_routes
from portal.pages import (
    case,
    cases,
    desk,
    home,
    intake,
    intake_form,
    intake_materials,
    intake_review,
    leaving,
    matters,
    operations,
    own_account,
    problems,
    receipt,
    replay,
    sign_in,
    status,
    systems,
)

PAGES = (
    home,
    sign_in,
    own_account,
    leaving,
    matters,
    intake,
    intake_form,
    intake_materials,
    intake_review,
    cases,
    case,
    receipt,
    desk,
    status,
    systems,
    replay,
    problems,
    operations,
)


def every_route() -> list[BaseRoute]:
    """Return the routes of the API and of all pages."""
    return [*api_routes(), *(route for page in PAGES for route in page.routes)]
