"""The line the fault kit cuts: whole it passes everything on, and each cut is the one its name says."""

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.servers.line import Cut, Line


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(1000):
            self.server.heard.append(data)  # type: ignore[attr-defined]
            self.request.sendall(data)


@pytest.fixture
def heard() -> list[bytes]:
    return []


@pytest.fixture
def line(heard: list[bytes]) -> Iterator[Line]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.heard = heard  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        line = Line.start(("127.0.0.1", server.server_address[1]))
        yield line
        line.stop()
        server.shutdown()


def _said(line: Line, words: bytes, *, within_seconds: float = 20.0) -> bytes:
    with socket.create_connection(("127.0.0.1", line.port), timeout=within_seconds) as ours:
        ours.sendall(words)
        return ours.recv(1000)


def test_a_whole_line_passes_everything_on(line: Line) -> None:
    assert _said(line, b"hello") == b"hello"


def test_a_refused_line_refuses_and_a_mended_one_has_the_same_port(line: Line) -> None:
    line.cut(Cut.REFUSED)
    with pytest.raises(ConnectionRefusedError):
        _said(line, b"hello")
    line.cut(Cut.WHOLE)
    assert _said(line, b"again") == b"again"


def test_a_black_hole_takes_everything_and_nothing_arrives(line: Line, heard: list[bytes]) -> None:
    line.cut(Cut.BLACK_HOLE)
    with pytest.raises(TimeoutError):
        _said(line, b"hello", within_seconds=0.3)
    assert heard == []


def test_a_half_open_line_carries_what_we_say_and_no_answer(line: Line, heard: list[bytes]) -> None:
    line.cut(Cut.HALF_OPEN)
    with pytest.raises(TimeoutError):
        _said(line, b"hello", within_seconds=2.0)
    assert heard == [b"hello"]


def test_a_reset_in_a_request_ends_the_connection(line: Line, heard: list[bytes]) -> None:
    line.cut(Cut.RESET)
    try:
        answer = _said(line, b"hello")
    except ConnectionResetError:
        answer = b""
    assert (answer, heard) == (b"", [])
