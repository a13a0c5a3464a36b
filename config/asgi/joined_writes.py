"""One write for head and body: a web server hands them to the kernel one by one, and each call wakes the reader.

On loopback and behind a proxy a small answer costs less in one piece than its two halves (docs/performance.md).
"""

import asyncio
from typing import Any, TypeVar

_AT_MOST = 64 * 1024
P = TypeVar("P", bound=type[asyncio.Protocol])


class JoinedWrites:
    """A transport that gathers what is written within one turn of the loop; everything else is the inner one's.

    More than 64 KiB go out at once, so that the inner transport can tell a fast writer to wait.
    """

    __slots__ = ("_gathered", "_loop", "_size", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._gathered: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if not data:
            return
        if not self._gathered:
            self._loop.call_soon(self._flush)
        self._gathered.append(data)
        self._size += len(data)
        if self._size > _AT_MOST:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._gathered:
            data = b"".join(self._gathered)
            self._gathered.clear()
            self._size = 0
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def joining(protocol: P) -> P:
    """Return the server protocol with its writes joined."""

    class Joining(protocol):  # type: ignore[misc,valid-type]
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(JoinedWrites(transport))

    return Joining  # type: ignore[return-value]
