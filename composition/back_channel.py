"""The back channel of a process that is provider and portal at once."""

from typing import Any

import httpx2

from config.asgi.types import App


class BackChannel:
    """The portal's way to a provider in the same process; it carries the lifespan's state, as a server would."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.state: dict[str, Any] = {}

    def transport(self) -> httpx2.ASGITransport:
        return httpx2.ASGITransport(app=self._with_state)

    async def _with_state(self, scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = dict(self.state)
        await self._app(scope, receive, send)
