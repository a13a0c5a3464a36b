"""GET /api/v1/status: how far a case is, for who holds its receipt. No token; masked; limited."""

from starlette.requests import Request
from starlette.responses import Response

from portal.api.answers import answer, catalogue_of
from portal.api.parameters import required, single
from portal.api.status_lookup import look_up
from portal.api.views import status


async def read_status(request: Request) -> Response:
    """Number and query code, both or nothing."""
    number = required("number", single(request, "number", at_most=60))
    code = required("code", single(request, "code", at_most=40))
    view = await look_up(request, number=number, code=code)
    return answer(status(view, catalogue_of(request)))
