"""One line per request: method, path without query, status, milliseconds. Never a query string or a header."""

import re

from config import logs
from config.asgi.types import Scope

_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
# Case numbers say which township and matter a person came with; paths are logged without them.
_CASE_NUMBER = re.compile(r"/\d{9}-\d{6}-[A-Z0-9]+-\d+")


def note(scope: Scope, *, status: int, seconds: float) -> None:
    """Log a request that has been answered; status 0 when nothing was."""
    path = scope["path"]
    if path not in _QUIET:
        path = _CASE_NUMBER.sub("/{number}", path[:200])
        logs.request_line(scope["method"], path, status=status, ms=round(seconds * 1000, 1))
