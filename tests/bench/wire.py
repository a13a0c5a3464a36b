"""A caller that costs little itself: HTTP/1.1 on one kept connection, answers read by their length.

A client library costs more than the server it measures, and on two cores it would take the server's place.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAnswer:
    """Status, headers in lower case (the last of a name), and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """One connection to `base_url`; requests go one after another."""

    def __init__(self, base_url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.base_url = base_url
        self._host = urlsplit(base_url).netloc
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, base_url: str) -> Self:
        parts = urlsplit(base_url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        return cls(base_url, reader, writer)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> WireAnswer:
        return await self.ask("GET", path, headers or {}, b"")

    async def post(self, path: str, headers: Mapping[str, str], form: str) -> WireAnswer:
        sent = {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(form)), **headers}
        return await self.ask("POST", path, sent, form.encode())

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> WireAnswer:
        """Send a request as it is given; a body without a length of its own gets one."""
        if body and "content-length" not in headers:
            headers = {"content-length": str(len(body)), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"{method} {path} HTTP/1.1\r\nhost: {self._host}\r\n{lines}\r\n".encode() + body
        try:
            head = await self._head_of(request)
        except (asyncio.IncompleteReadError, ConnectionError):
            # It was the other provider's turn for longer than a server keeps an idle connection.
            self._writer.close()
            fresh = await self.open(self.base_url)
            self._reader, self._writer = fresh._reader, fresh._writer
            head = await self._head_of(request)
        found = dict(_split(line) for line in head[1:] if line)
        return WireAnswer(status=int(head[0].split(" ")[1]), headers=found, body=await self._body(found))

    async def _head_of(self, request: bytes) -> list[str]:
        self._writer.write(request)
        return (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if "chunked" not in headers.get("transfer-encoding", ""):
            return await self._reader.readexactly(int(headers.get("content-length", 0)))
        body = b""
        while size := int(await self._reader.readline(), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()
        return body


def _split(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()
