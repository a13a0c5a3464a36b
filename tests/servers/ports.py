"""Free loopback ports for programs that are told theirs."""

import random
import socket

_SPAN = 100  # the simulated departments listen from PORT + 100
_DEPARTMENTS = 14  # 13 and one that only receives
_FILES = 160  # the SFTP server of the demo


def free_base_port() -> int:
    """Return a port that is free together with those of the simulated departments above it.

    Drawn at random below the range the kernel hands out by itself, so that two test workers, and the
    sockets of the programs they start, rarely meet; a program that finds its port taken says so and ends.
    """
    drawn = random.SystemRandom()
    for _ in range(200):
        base = drawn.randrange(10_000, 30_000, 10)
        if all(_is_free(port) for port in (base, *range(base + _SPAN, base + _SPAN + _DEPARTMENTS), base + _FILES)):
            return base
    raise RuntimeError("no free range of ports below 30000")


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
