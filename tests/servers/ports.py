"""Free loopback ports for programs that are told theirs."""

import random
import socket
from collections.abc import Iterator

_SPAN = 100  # the simulated departments listen from PORT + 100
_DEPARTMENTS = 14  # 13 and one that only receives
_LINES = (160, 161)  # the SFTP server and the broker of the demo


def free_base_port() -> int:
    """Return a port that is free together with those of the simulated departments above it.

    Drawn at random below the range the kernel hands out by itself, so that two test workers, and the
    sockets of the programs they start, rarely meet; a program that finds its port taken says so and ends.
    """
    drawn = random.SystemRandom()
    for _ in range(200):
        base = drawn.randrange(10_000, 30_000, 10)
        if all(_is_free(port) for port in _ports_above(base)):
            return base
    raise RuntimeError("no free range of ports below 30000")


def free_port() -> int:
    """Return a port that is free just now, of those the kernel hands out."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def _ports_above(base: int) -> Iterator[int]:
    yield base
    yield from range(base + _SPAN, base + _SPAN + _DEPARTMENTS)
    yield from (base + offset for offset in _LINES)


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
