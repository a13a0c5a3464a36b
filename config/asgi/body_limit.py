"""Refuses bodies and headers that are too large before anything reads them."""

import re
from collections.abc import Mapping

from config.asgi.types import App, Message, Receive, Scope, Send, answer_text

_HEADERS_AT_MOST = 32 * 1024
_QUERY_AT_MOST = 8 * 1024


class TooLarge(BaseException):
    """Passes the apps inside, whose own nets for faults would make a 500 of it."""


class Limits:
    """At most `at_most` bytes a body; `larger` gives paths that may take more (uploads), `*` is any one segment."""

    def __init__(self, *, at_most: int, larger: Mapping[str, int] | None = None) -> None:
        self._at_most = at_most
        self._larger = [(_pattern(path), size) for path, size in (larger or {}).items()]

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return status and text for a request whose address, headers or declared length are too large, else None."""
        if len(scope.get("query_string", b"")) > _QUERY_AT_MOST:
            return 414, "地址过长。 The address is too long.\n"
        size, declared = 0, None
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name == b"content-length":
                declared = value
        if size > _HEADERS_AT_MOST:
            return 431, "请求头过大。 The request headers are too large.\n"
        if declared is not None and (not declared.isdigit() or len(declared) > 18 or int(declared) > self.of(scope)):
            return 413, self.sentence(scope)
        return None

    def of(self, scope: Scope) -> int:
        """Return how many bytes the body of this request may have."""
        return next((size for pattern, size in self._larger if pattern.fullmatch(scope["path"])), self._at_most)

    def sentence(self, scope: Scope) -> str:
        """Return what the caller is told when the body is larger."""
        size = f"{self.of(scope) // 1024} KiB"
        return (
            f"提交的内容超过 {size},请缩短文字或压缩文件后再试。 "
            f"What was sent is larger than {size}; shorten the text or compress the file and try again.\n"
        )


async def refuse(send: Send, status: int, text: str) -> None:
    """Answer a refusal; a body that was not read can't be followed by another request."""
    closing = ((b"connection", b"close"),) if status == 413 else ()
    await answer_text(send, status, text, headers=closing)


class BodyLimit:
    """The limits as a layer of their own, for apps without the whole shell.

    A declared length is refused at once with 413, a chunked body when it passes the limit.
    """

    def __init__(self, app: App, *, at_most: int, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._limits = Limits(at_most=at_most, larger=larger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (refused := self._limits.refusal(scope)) is not None:
            await refuse(send, *refused)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted(receive, self._limits.of(scope)), noting)
        except TooLarge:
            if started:
                raise
            await refuse(send, 413, self._limits.sentence(scope))


def counted(receive: Receive, at_most: int) -> Receive:
    """Return `receive`, raising TooLarge once more than `at_most` bytes have come."""
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > at_most:
            raise TooLarge
        return message

    return counting


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, path.split("*"))))
