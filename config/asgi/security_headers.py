"""Headers that narrow what a page may do. Everything is denied unless an app says otherwise itself."""

from collections.abc import Iterable

from config.asgi.types import App, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_DEFAULTS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")


def narrowed(headers: Iterable[tuple[bytes, bytes]], *, https: bool) -> list[tuple[bytes, bytes]]:
    """Return the headers with each default they do not carry yet; pages are not stored unless they say so."""
    own = list(headers)
    present = {name.lower() for name, _ in own}
    own += [pair for pair in _DEFAULTS if pair[0] not in present]
    if https:
        own.append(_HSTS)
    return own


class SecurityHeaders:
    """`narrowed` as a layer of its own, for apps without the whole shell."""

    def __init__(self, app: App, *, https: bool) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def narrowing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = narrowed(message.get("headers", ()), https=self._https)
            await send(message)

        await self._app(scope, receive, narrowing)
