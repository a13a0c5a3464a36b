"""Cross-site request forgery: a changing request must come from our own pages.

Sec-Fetch-Site decides where the browser sends it, else Origin, else Referer; a form token is the second
fence and lies with the pages. Requests that carry no cookie can't be forged and pass (APIs, back channels).
"""

from urllib.parse import urlsplit

from config.asgi.types import App, Receive, Scope, Send, answer_text, header

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginRule:
    """`own` is our origin (scheme://host[:port]); `open_paths` are exact paths that others may post to."""

    def __init__(self, *, own: str, open_paths: frozenset[str] = frozenset()) -> None:
        self._own = own
        self._open_paths = open_paths

    def allows(self, scope: Scope) -> bool:
        """Tell whether the request may change anything."""
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
            origin = _origin_of(referer)
        return origin == self._own


async def refuse_foreign(send: Send) -> None:
    """Answer a request the rule does not allow."""
    await answer_text(
        send,
        403,
        "此操作不是从本系统页面发出的,已拒绝。请回到页面重新操作。 "
        "This did not come from a page of ours and was refused. Go back to the page and try again.\n",
    )


class OriginCheck:
    """The rule as a layer of its own, for apps without the whole shell."""

    def __init__(self, app: App, *, own: str, open_paths: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._rule = OriginRule(own=own, open_paths=open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._rule.allows(scope):
            await refuse_foreign(send)
            return
        await self._app(scope, receive, send)


def _origin_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
