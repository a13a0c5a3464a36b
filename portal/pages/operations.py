"""What operators and their tools ask: /healthz, /readyz, /metrics.

/healthz says that the process runs and asks nothing else, so that a slow database does not get it killed.
/readyz says whether it can do its work, and which part can't (docs/decisions/0010-who-reads-metrics.md).
"""

import hmac
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import anyio
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from config.logs import get
from portal.api.state import api_of

_log = get("onewindow.operations")
_PART_SECONDS_AT_MOST = 2.0
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")

Check = Callable[[], Awaitable[None]]


async def healthz(_request: Request) -> Response:
    """The process is up and its loop turns."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """200 when every part answers within two seconds, else 503 with the parts that do not; never why, which is logged."""
    parts: dict[str, str] = {}

    async def ask(name: str, check: Check) -> None:
        parts[name] = "ok" if await _answers(name, check) else "failed"

    async with anyio.create_task_group() as group:
        for name, check in api_of(request).parts.items():
            group.start_soon(ask, name, check)
    ready = all(word == "ok" for word in parts.values())
    return JSONResponse(
        {"status": "ready" if ready else "not ready", "parts": dict(sorted(parts.items()))},
        status_code=200 if ready else 503,
    )


async def metrics(request: Request) -> Response:
    """Prometheus text for this machine, or for who knows the token; to anybody else the page does not exist."""
    if not _may_read(request):
        raise HTTPException(404)
    api = api_of(request)
    at = api.clock()
    exposition = api.metrics.exposition(await api.health.all(at), at)
    return Response(exposition, headers={"content-type": CONTENT_TYPE_LATEST})


async def _answers(name: str, check: Check) -> bool:
    try:
        with anyio.fail_after(_PART_SECONDS_AT_MOST):
            await check()
    except Exception as error:  # noqa: BLE001  whatever a part raises, the answer is that it is not ready
        _log.error("not_ready", part=name, error=type(error).__name__)
        return False
    return True


def _may_read(request: Request) -> bool:
    token = api_of(request).metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    # Behind a proxy on this machine everybody would come from loopback; a forwarded request never counts as local.
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


routes: list[BaseRoute] = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
]
