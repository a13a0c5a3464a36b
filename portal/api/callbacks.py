"""POST /callbacks/{system}: what a department tells us by itself. Whether it is theirs, its signature decides.

A department waits two seconds and calls again, so the event is written down and answered; whatever follows from it
happens later.
"""

import anyio
from starlette.requests import Request
from starlette.responses import Response

from config.logs import get
from portal.api.answers import JSON
from portal.api.json_body import read_bounded
from portal.api.parameters import identifier
from portal.api.problem_types import NOT_FOUND, UNAVAILABLE
from portal.api.refusals import Refused
from portal.api.state import api_of
from portal.words import marked as _

_log = get("onewindow.callbacks")
BYTES_AT_MOST = 256 * 1024
ANSWER_WITHIN_SECONDS = 1.9
NO_SUCH_SYSTEM = 404
_UNKNOWN = _("没有这个系统，或者它的结果不用回调送达。请核对回调地址。")


async def take_callback(request: Request) -> Response:
    """Hand body and headers to the connector and answer in the department's words."""
    api = api_of(request)
    system = identifier(request, "system", _UNKNOWN)
    body = await read_bounded(request, BYTES_AT_MOST)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    try:
        with anyio.fail_after(ANSWER_WITHIN_SECONDS):
            told = await api.callbacks.receive(
                system, headers=dict(request.headers), body=body, at=api.clock(), target=target
            )
    except TimeoutError:
        _log.error("callback_too_slow", system=system)
        raise Refused(UNAVAILABLE, headers={"retry-after": "60"}) from None
    if told.status == NO_SUCH_SYSTEM and not told.content:
        raise Refused(NOT_FOUND, _UNKNOWN)
    return Response(told.content, status_code=told.status, media_type=JSON if told.content else None)
