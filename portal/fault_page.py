"""Faults inside the portal: logged with the request id, answered with a page people can read.

The barrier behind it answers in plain text should even this page fail, and for the API.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.asgi.fault_barrier import log_fault
from config.state import StateStoreUnavailable
from config.storage.outages import Outage, outage_of
from portal.problems import problem_page
from portal.words import _


class FaultPage:
    """Wraps the pages; a program that calls the API has no use for one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(("/api/", "/callbacks/")):
            await self._app(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if started:
                raise
            log_fault(error)
            await _page(Request(scope, receive), error)(scope, receive, send)


def _page(request: Request, error: Exception) -> Response:
    outage = outage_of(error)
    if outage is Outage.FULL:
        return problem_page(request, 503, _("存储空间已满，这一次没有保存。请告知管理员。"))
    is_away = outage is not None or isinstance(error, StateStoreUnavailable)
    return problem_page(request, 503 if is_away else 500)
