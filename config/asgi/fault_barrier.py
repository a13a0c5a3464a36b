"""The last net: a fault is logged with its request id and answered without its details.

The shell stands around everything with it, and each app has it as its first middleware: Starlette has a net of its
own around those, which would answer before the shell does and knows neither the request's number nor what 503 is for.
"""

from config.asgi.types import App, Message, Receive, Scope, Send, answer_text
from config.logs import get
from config.state import StateStoreUnavailable

_log = get("onewindow.fault")


class FaultBarrier:
    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
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
            log_fault(error)
            if started:
                raise
            await answer_fault(error, scope, noting)


def log_fault(error: Exception) -> None:
    """Log a fault with where it came from."""
    _log.error("unhandled", error=type(error).__name__, exc_info=error)


async def answer_fault(error: Exception, scope: Scope, send: Send) -> None:
    """Answer 503 when the state store is out of reach (closed, never open), else 500 with the request's number."""
    if isinstance(error, StateStoreUnavailable):
        text = "系统暂时无法确认登录状态,请稍后再试。 Sign-in state can't be checked right now, try again shortly.\n"
        await answer_text(send, 503, text, headers=((b"retry-after", b"5"),))
        return
    number = scope.get("request_id", "")
    text = f"系统出错,已记录。请稍后再试,并报此编号:{number} Something went wrong; quote this number: {number}\n"
    await answer_text(send, 500, text)
