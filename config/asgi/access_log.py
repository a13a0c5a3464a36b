"""One line per request: method, path without query, status, milliseconds. Never a query string or a header."""

import re
from time import perf_counter

from config.asgi.types import App, Message, Receive, Scope, Send
from config.logs import get

_log = get("onewindow.access")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
# Case numbers say which township and matter a person came with; paths are logged without them.
_CASE_NUMBER = re.compile(r"/\d{9}-\d{6}-[A-Z0-9]+-\d+")


class AccessLog:
    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _QUIET:
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            _log.info(
                "request",
                method=scope["method"],
                path=_CASE_NUMBER.sub("/{number}", scope["path"][:200]),
                status=status,
                ms=round((perf_counter() - began) * 1000, 1),
            )
