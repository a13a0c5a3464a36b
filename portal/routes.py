"""The route table: every page's own `routes`, in one place."""

from starlette.routing import BaseRoute

from portal.pages import home, matters, sign_in

PAGES = (home, matters, sign_in)


def page_routes() -> list[BaseRoute]:
    """Return the routes of all pages."""
    return [route for page in PAGES for route in page.routes]
