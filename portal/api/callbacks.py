"""POST /callbacks/{system}: what a department tells us by itself. Whether it is theirs, its signature decides.

A department waits two seconds and calls again, so the event is written down and answered; whatever follows from it
happens later.
"""

import anyio
from starlette.requests import Request
from starlette.responses import Response

from config.logs import get
from portal.api.json_body import read_bounded
from portal.api.parameters import identifier
from portal.api.problem_types import NOT_FOUND, UNAVAILABLE
from portal.api.refusals import Refused
from portal.api.state import api_of
from portal.words import marked as _

_log = get("onewindow.callbacks")
BYTES_AT_MOST = 256 * 1024
ANSWER_WITHIN_SECONDS = 1.9
_UNKNOWN = _("没有这个系统，或者它的结果不用回调送达。请核对回调地址。")


async def take_callback(request: Request) -> Response:
    """Hand body and headers to the connector and answer in the department's words."""
    api = api_of(request)
    system = identifier(request, "system", _UNKNOWN)
    body = await read_bounded(request, BYTES_AT_MOST)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        with anyio.fail_after(ANSWER_WITHIN_SECONDS):
            told = await api.callbacks(system, headers, body, api.clock())
    except TimeoutError:
        _log.error("callback_too_slow", system=system)
        raise Refused(UNAVAILABLE, headers={"retry-after": "60"}) from None
    if told is None:
        raise Refused(NOT_FOUND, _UNKNOWN)
    return Response(told.body, status_code=told.status, media_type=told.media_type)
