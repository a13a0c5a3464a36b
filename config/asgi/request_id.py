"""Gives every request an id, in the log lines and in the X-Request-ID answer header."""

import re
from secrets import token_hex

from config.asgi.types import App, Message, Receive, Scope, Send, header
from config.logs import request_id

_ACCEPTED = re.compile(r"^[0-9A-Za-z_-]{8,64}$")


class RequestId:
    """A well-formed id sent by the caller is kept, so that a proxy's log and ours can be joined."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = header(scope, b"x-request-id")
        own = given if given and _ACCEPTED.match(given) else token_hex(8)
        scope["request_id"] = own

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"x-request-id", own.encode())]
            await send(message)

        token = request_id.set(own)
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            request_id.reset(token)
