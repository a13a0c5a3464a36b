"""Puts the shell around an app, in the one order that is right."""

from urllib.parse import urlsplit

from config.asgi.access_log import AccessLog
from config.asgi.body_limit import BodyLimit
from config.asgi.fault_barrier import FaultBarrier
from config.asgi.origin import OriginCheck
from config.asgi.request_id import RequestId
from config.asgi.security_headers import SecurityHeaders
from config.asgi.types import App

ORDINARY_BODY = 512 * 1024


def shell(
    app: App,
    *,
    base_url: str,
    open_paths: frozenset[str] = frozenset(),
    larger_bodies: dict[str, int] | None = None,
) -> App:
    """Return `app` behind request id, access log, fault barrier, security headers, limits and origin check.

    `open_paths` are the full paths another site's form may post to (the provider's authorize endpoint);
    `larger_bodies` maps paths, `*` standing for one segment, to a higher limit in bytes.
    """
    parts = urlsplit(base_url)
    own = f"{parts.scheme}://{parts.netloc}"
    inner: App = OriginCheck(app, own=own, open_paths=open_paths)
    inner = BodyLimit(inner, at_most=ORDINARY_BODY, larger=larger_bodies)
    inner = SecurityHeaders(FaultBarrier(inner), https=parts.scheme == "https")
    return RequestId(AccessLog(inner))
