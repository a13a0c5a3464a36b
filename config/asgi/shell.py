"""The shell around an app: everything that holds for every request, in the one order that is right.

Request id → access log → security headers → fault barrier → limits → origin check → app. Each is a rule in a file
of its own; here they are applied in one pass, for six layers that call each other cost more than what they do
(docs/performance.md).
"""

from time import perf_counter
from urllib.parse import urlsplit

from config.asgi import access_log, fault_barrier
from config.asgi.body_limit import Limits, TooLarge, refuse
from config.asgi.origin import OriginRule, refuse_foreign
from config.asgi.request_id import id_for
from config.asgi.security_headers import narrowed
from config.asgi.types import App, Message, Receive, Scope, Send
from config.logs import request_id

ORDINARY_BODY = 512 * 1024


def shell(
    app: App,
    *,
    base_url: str,
    open_paths: frozenset[str] = frozenset(),
    larger_bodies: dict[str, int] | None = None,
) -> App:
    """Return `app` behind request id, access log, security headers, fault barrier, limits and origin check.

    `open_paths` are the full paths another site's form may post to (the provider's authorize endpoint);
    `larger_bodies` maps paths, `*` standing for one segment, to a higher limit in bytes.
    """
    parts = urlsplit(base_url)
    return Shell(
        app,
        limits=Limits(at_most=ORDINARY_BODY, larger=larger_bodies),
        origin=OriginRule(own=f"{parts.scheme}://{parts.netloc}", open_paths=open_paths),
        https=parts.scheme == "https",
    )


class Shell:
    """Applies the rules; one per process."""

    def __init__(self, app: App, *, limits: Limits, origin: OriginRule, https: bool) -> None:
        self._app = app
        self._limits = limits
        self._origin = origin
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        own = scope["request_id"] = id_for(scope)
        passing = _Passing(receive, send, own.encode(), https=self._https, at_most=self._limits.of(scope))
        token = request_id.set(own)
        try:
            await self._pass(scope, passing)
        finally:
            access_log.note(scope, status=passing.status, seconds=perf_counter() - began)
            request_id.reset(token)

    async def _pass(self, scope: Scope, passing: "_Passing") -> None:
        try:
            if (refused := self._limits.refusal(scope)) is not None:
                await refuse(passing.send, *refused)
            elif not self._origin.allows(scope):
                await refuse_foreign(passing.send)
            else:
                await self._app(scope, passing.receive, passing.send)
        except TooLarge:
            if passing.status:
                raise
            await refuse(passing.send, 413, self._limits.sentence(scope))
        except Exception as error:
            fault_barrier.log_fault(error)
            if passing.status:
                raise
            await fault_barrier.answer_fault(error, scope, passing.send)


class _Passing:
    """One request on its way: counts what comes in, notes what goes out. `status` is 0 until an answer has begun."""

    __slots__ = ("_at_most", "_https", "_id", "_receive", "_seen", "_send", "status")

    def __init__(self, receive: Receive, send: Send, own_id: bytes, *, https: bool, at_most: int) -> None:
        self._receive = receive
        self._send = send
        self._id = own_id
        self._https = https
        self._at_most = at_most
        self._seen = 0
        self.status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._at_most:
            raise TooLarge
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = narrowed(message.get("headers", ()), https=self._https)
            headers.append((b"x-request-id", self._id))
            message["headers"] = headers
        await self._send(message)
