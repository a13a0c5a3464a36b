"""Turns a handler into an endpoint: every refusal becomes problem details, once, here."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from config.asgi.fault_barrier import log_fault
from config.state import StateStoreUnavailable
from config.storage.outages import Outage, outage_of
from portal.api.answers import problem
from portal.api.problem_types import METHOD_NOT_ALLOWED, NOT_FOUND, STORAGE_FULL, UNAVAILABLE
from portal.api.refusals import Refused
from portal.words import marked as _

Handler = Callable[[Request], Awaitable[Response]]


def endpoint(**handlers: Handler) -> Handler:
    """Return one endpoint for a path from `get=…`, `post=…`, `put=…`; other methods get 405 with Allow.

    HEAD is answered by the GET handler; the server drops the body.
    """
    table = {method.upper(): handler for method, handler in handlers.items()}
    if "GET" in table:
        table["HEAD"] = table["GET"]
    allowed = ", ".join(sorted(table))

    async def dispatch(request: Request) -> Response:
        handler = table.get(request.method)
        if handler is None:
            raise Refused(
                METHOD_NOT_ALLOWED,
                _("此地址不支持 {method}，可用的方法：{allowed}。"),
                params={"method": request.method[:20], "allowed": allowed},
                headers={"allow": allowed},
            )
        return await handler(request)

    return answering(dispatch)


def answering(handler: Handler) -> Handler:
    """Return `handler` with its refusals answered."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as refused:
            return problem(request, refused)
        except StateStoreUnavailable:
            return problem(request, Refused(UNAVAILABLE, headers={"retry-after": "5"}))
        except Exception as error:
            outage = outage_of(error)
            if outage is None:
                raise
            log_fault(error)
            kind = STORAGE_FULL if outage is Outage.FULL else UNAVAILABLE
            return problem(request, Refused(kind, headers={"retry-after": "5"}))

    return answered


async def nothing_here(request: Request) -> Response:
    """Answer every other path below the API with problem details instead of a page."""
    raise Refused(NOT_FOUND, _("接口中没有这个地址，全部地址见 /api/v1/openapi.json。"))
