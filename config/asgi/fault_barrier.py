"""The last net: a fault is logged with its request id and answered without its details.

The shell stands around everything with it, and each app has it as its first middleware: Starlette has a net of its
own around those, which would answer before the shell does and knows neither the request's number nor what 503 is for.
"""

from typing import Final

from config.asgi.types import App, Message, Receive, Scope, Send, answer_text
from config.logs import get
from config.state import StateStoreUnavailable
from config.storage.outages import Outage, outage_of

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
    """Log a fault with where it came from; of a database that is away or full, one line a request is enough."""
    if (outage := outage_of(error)) is not None:
        _log.error("database_unavailable", outage=outage.value, error=type(error).__name__)
        return
    _log.error("unhandled", error=type(error).__name__, exc_info=error)


_SENTENCES: Final = {
    Outage.AWAY: "系统暂时无法保存,请稍后再试。 Nothing can be kept right now, try again shortly.\n",
    Outage.FULL: "存储空间已满,没有保存。请告知管理员,稍后再试。 "
    "There is no room left, nothing was kept; tell the administrator and try again later.\n",
}


async def answer_fault(error: Exception, scope: Scope, send: Send) -> None:
    """Answer 503 when state store or database is out of reach or full (closed, never open), else 500 with the number."""
    if isinstance(error, StateStoreUnavailable):
        text = "系统暂时无法确认登录状态,请稍后再试。 Sign-in state can't be checked right now, try again shortly.\n"
        await answer_text(send, 503, text, headers=((b"retry-after", b"5"),))
        return
    if (outage := outage_of(error)) is not None:
        await answer_text(send, 503, _SENTENCES[outage], headers=((b"retry-after", b"5"),))
        return
    number = scope.get("request_id", "")
    text = f"系统出错,已记录。请稍后再试,并报此编号:{number} Something went wrong; quote this number: {number}\n"
    await answer_text(send, 500, text)
