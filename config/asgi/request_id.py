"""An id for every request, in the log lines and in the X-Request-ID answer header."""

import re
from random import getrandbits

from config.asgi.types import Scope, header

_ACCEPTED = re.compile(r"[0-9A-Za-z_-]{8,64}")


def id_for(scope: Scope) -> str:
    """Return the id the caller sent, so that a proxy's log and ours can be joined, or one of ours.

    It names a request and protects nothing, so it needs no system call for its randomness.
    """
    given = header(scope, b"x-request-id")
    return given if given and _ACCEPTED.fullmatch(given) else f"{getrandbits(64):016x}"
