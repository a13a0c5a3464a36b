"""Faults inside the portal: logged with the request id, answered with a page people can read.

The barrier behind it answers in plain text should even this page fail, and for the API.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.logs import get
from config.state import StateStoreUnavailable
from portal.problems import problem_page

_log = get("portal.fault")


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
            _log.error("unhandled", error=type(error).__name__, exc_info=True)
            status = 503 if isinstance(error, StateStoreUnavailable) else 500
            await problem_page(Request(scope, receive), status)(scope, receive, send)
