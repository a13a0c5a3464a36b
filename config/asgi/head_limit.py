"""Refuses a request head that does not end: the parser of the web server keeps whatever it is sent of one.

The limits of the shell come when a head is whole (`body_limit.py`); until then nothing but this stands between a
caller and the memory of the process. What is refused is answered at once; what still arrives is read and dropped for
a moment, for a connection closed over unread bytes would take the answer with it. The fields after the last chunk of a
body (trailers, RFC 9112 §7.1.2) are kept by the parser in the same way, and count in the same way.
"""

import asyncio
from typing import Any, Final, TypeVar

AT_MOST: Final = 64 * 1024
_DROPPING_SECONDS: Final = 1.0
_TEXT: Final = "请求头过大。 The request headers are too large.\n".encode()
_ANSWER: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n%b"
    % (len(_TEXT), _TEXT)
)
P = TypeVar("P", bound=type[asyncio.Protocol])


def bounded(protocol: P) -> P:
    """Return the server protocol (uvicorn's over httptools) with heads of at most 64 KiB and one read."""

    class Bounded(protocol):  # type: ignore[misc,valid-type]
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self._in_head = True
            self._in_trailers = False
            self._head_bytes = 0
            self._read_bytes = 0
            self._refused = False

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._in_head = True
            self._head_bytes = 0

        def on_headers_complete(self) -> None:
            self._in_head = False
            super().on_headers_complete()

        def on_chunk_header(self) -> None:
            # Either bytes of the body come next, or it was the last chunk and fields come. What stands before in
            # the same read is body, and counts for nothing.
            self._in_head = self._in_trailers = True
            self._head_bytes = -self._read_bytes

        def on_body(self, body: bytes) -> None:
            self._in_head = self._in_trailers = False
            super().on_body(body)

        def on_message_complete(self) -> None:
            self._in_head = self._in_trailers = False
            super().on_message_complete()

        def data_received(self, data: bytes) -> None:
            if self._refused:
                return
            self._read_bytes = len(data)
            super().data_received(data)
            if self._in_head:
                self._head_bytes += len(data)
                if self._head_bytes > AT_MOST:
                    self._refuse()

        def _refuse(self) -> None:
            self._refused = True
            if self._in_trailers or (self.cycle is not None and not self.cycle.response_complete):
                self.transport.abort()  # the answer to a request is on its way or sent: ours must not mix with it
                return
            self.transport.write(_ANSWER)
            self.loop.call_later(_DROPPING_SECONDS, self.transport.close)

    return Bounded  # type: ignore[return-value]
