"""A straight way to endpoints whose path has no variable part.

Starlette tries routes in order and wraps each answer in four layers; every request of a sign-on goes to one of a
few fixed addresses, so those are looked up (docs/performance.md). Everything else takes Starlette's own way.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class Straight(Starlette):
    """Starlette; of `routes`, those with a fixed path and named methods are found at once.

    The first route for a path and method is the one, as in Starlette. Faults without a handler go on to whoever
    stands around the app (`config.asgi.shell`).
    """

    def __init__(self, *, routes: Sequence[Route], **given: Any) -> None:
        super().__init__(routes=routes, **given)
        self._straight: dict[tuple[str, str], Endpoint] = {}
        for route in routes:
            if "{" not in route.path:
                for method in route.methods or ():
                    self._straight.setdefault((method, route.path), cast(Endpoint, route.endpoint))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            endpoint = self._straight.get((scope["method"], path))
            if endpoint is not None:
                request = Request(scope, receive, send)
                await (await self._answer(endpoint, request))(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:
            for kind in type(error).__mro__:
                if (handler := self.exception_handlers.get(kind)) is not None:
                    return cast(Response, await handler(request, error))
            raise
