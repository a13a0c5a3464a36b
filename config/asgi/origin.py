"""Cross-site request forgery: a changing request must come from our own pages.

Sec-Fetch-Site decides where the browser sends it, else Origin, else Referer; a form token is the second
fence and lies with the pages. Requests that carry no cookie can't be forged and pass (APIs, back channels).
"""

from urllib.parse import urlsplit

from config.asgi.types import App, Receive, Scope, Send, answer_text, header

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginCheck:
    """`own` is our origin (scheme://host[:port]); `open_paths` are exact paths that others may post to."""

    def __init__(self, app: App, *, own: str, open_paths: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._own = own
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._allows(scope):
            await answer_text(
                send,
                403,
                "此操作不是从本系统页面发出的,已拒绝。请回到页面重新操作。 "
                "This did not come from a page of ours and was refused. Go back to the page and try again.\n",
            )
            return
        await self._app(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        if scope["method"] in _SAFE or scope["path"] in self._open_paths or header(scope, b"cookie") is None:
            return True
        site = header(scope, b"sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        origin = header(scope, b"origin")
        if origin is None:
            referer = header(scope, b"referer")
            if referer is None:
                return False
            parts = urlsplit(referer)
            origin = f"{parts.scheme}://{parts.netloc}"
        return origin == self._own
