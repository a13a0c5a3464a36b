"""GET /api/v1/matters and /api/v1/matters/{id}: the published guides."""

from starlette.requests import Request
from starlette.responses import Response

from portal.api.parameters import identifier, single
from portal.api.problem_types import NOT_FOUND
from portal.api.refusals import Refused
from portal.api.state import api_of
from portal.words import marked as _

SCOPE = "guides:read"
_UNKNOWN = _("没有这个事项。全部事项见 /api/v1/matters，编号形如 04-temporary-assistance。")


async def list_matters(request: Request) -> Response:
    """All matters, or those `q` finds by Chinese, pinyin, initials, number or short code."""
    api = api_of(request)
    await api.tokens.actor(request, SCOPE)
    q = single(request, "q", at_most=100)
    prepared = api.guides.matching(q) if q else api.guides.list()
    return prepared.answer(request)


async def read_matter(request: Request) -> Response:
    """One matter: its 12 elements, its form as JSON Schema, and what can be said of each material."""
    api = api_of(request)
    await api.tokens.actor(request, SCOPE)
    prepared = api.guides.whole(identifier(request, "id", _UNKNOWN))
    if prepared is None:
        raise Refused(NOT_FOUND, _UNKNOWN)
    return prepared.answer(request)
