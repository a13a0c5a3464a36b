"""Refuses bodies and headers that are too large before anything reads them."""

import re
from collections.abc import Mapping

from config.asgi.types import App, Message, Receive, Scope, Send, answer_text, header

_HEADERS_AT_MOST = 32 * 1024
_QUERY_AT_MOST = 8 * 1024


class _TooLarge(BaseException):
    """Passes the apps inside, whose own nets for faults would make a 500 of it."""


class BodyLimit:
    """At most `at_most` bytes a body; `larger` gives paths that may take more (uploads), `*` is any one segment.

    A declared length is refused at once with 413, a chunked body when it passes the limit.
    """

    def __init__(self, app: App, *, at_most: int, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._at_most = at_most
        self._larger = [(_pattern(path), size) for path, size in (larger or {}).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope.get("query_string", b"")) > _QUERY_AT_MOST:
            await answer_text(send, 414, "地址过长。 The address is too long.\n")
            return
        if sum(len(k) + len(v) for k, v in scope["headers"]) > _HEADERS_AT_MOST:
            await answer_text(send, 431, "请求头过大。 The request headers are too large.\n")
            return
        limit = self._limit(scope["path"])
        declared = header(scope, b"content-length")
        if declared is not None and (not declared.isdigit() or int(declared) > limit):
            await self._refuse(send, limit)
            return
        await self._counted(scope, receive, send, limit)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        seen = 0
        started = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _TooLarge
            return message

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, noting)
        except _TooLarge:
            if started:
                raise
            await self._refuse(send, limit)

    def _limit(self, path: str) -> int:
        return next((size for pattern, size in self._larger if pattern.fullmatch(path)), self._at_most)

    async def _refuse(self, send: Send, limit: int) -> None:
        size = f"{limit // 1024} KiB"
        await answer_text(
            send,
            413,
            f"提交的内容超过 {size},请缩短文字或压缩文件后再试。 "
            f"What was sent is larger than {size}; shorten the text or compress the file and try again.\n",
            headers=((b"connection", b"close"),),
        )


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, path.split("*"))))
