"""Structured logs: events with fields, a request id on each, and nothing that names a person or opens a door."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")

_SECRET_NAMES = re.compile(
    r"password|passwd|secret|token|cookie|authorization|assertion|verifier|^code$|query_code|session|"
    r"^form$|id_number|id_card|phone|bank|address|applicant|body",
    re.IGNORECASE,
)
# 17 digits and a check character, an 18-character credit code, a mobile number: whatever slipped into a text.
_PERSONAL_TEXT = re.compile(r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|1[3-9]\d{9}|\d{12,30})(?![0-9A-Za-z])")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
# What PostgreSQL and its driver quote of a row they refuse: "DETAIL:  Failing row contains (…)".
_ROW_VALUES = re.compile(r"(DETAIL: |query argument \$\d+:).*")

Event = MutableMapping[str, Any]
_access = logging.getLogger("onewindow.access")


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Replace secrets by name and personal numbers by shape; the last line of defence, not the first."""
    for key, value in event.items():
        event[key] = "[redacted]" if _SECRET_NAMES.search(key) else _cleaned(value)
    return event


def _cleaned(value: Any) -> Any:
    """Return `value` with what `scrub` takes out gone from every text and number inside it."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if scrub(str(value)) == str(value) else "[number]"
    if isinstance(value, Mapping):
        return redact(None, "", {str(key): inner for key, inner in value.items()})
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(inner) for inner in value]
    return value


def scrub(text: str) -> str:
    """Return `text` with identity, phone and account numbers, tokens and a database's quotes of rows taken out."""
    return _JWT.sub("[token]", _PERSONAL_TEXT.sub("[number]", _ROW_VALUES.sub(r"\1 [values]", text)))


def _add_request_id(_logger: object, _method: str, event: Event) -> Event:
    if current := request_id.get():
        event.setdefault("request_id", current)
    return event


def configure(*, level: str, form: str) -> None:
    """Send our events and the libraries' records to standard error, one line each; call once at the entry."""
    shared: list[Any] = [
        structlog.stdlib.filter_by_level,  # first: what is not logged should cost next to nothing
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared[1:],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    _lines.handler, _lines.by_hand = handler, form == "json"
    # Request lines are ours (config.asgi.access_log): the server's would carry query strings.
    for noisy in ("uvicorn.access", "httpx2", "httpcore2", "httpx", "aiosqlite", "authlib"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Lines:
    """Where request lines go, and whether they are put together by hand."""

    handler: "logging.StreamHandler[Any] | None" = None
    by_hand = False


_lines = _Lines()


def request_line(method: str, path: str, *, status: int, ms: float) -> None:
    """Log one request that was answered.

    The one event every request has. As JSON it is put together here: structlog's way through processors, record and
    formatter costs ten times as much, a tenth of a whole sign-on (docs/performance.md). The fields are the same.
    """
    handler = _lines.handler
    if not _access.isEnabledFor(logging.INFO):
        return
    if handler is None or not _lines.by_hand:
        get(_access.name).info("request", method=method, path=path, status=status, ms=ms)
        return
    line = (
        f'{{"method": {encode_basestring(method)}, "path": {_quoted_path(path)}, "status": {status}, '
        f'"ms": {ms}, "event": "request", "request_id": {encode_basestring(request_id.get())}, "level": "info", '
        f'"logger": "onewindow.access", "timestamp": "{datetime.now(UTC).isoformat(timespec="microseconds")[:26]}Z"}}\n'
    )
    handler.acquire()
    try:
        handler.stream.write(line)
        handler.flush()
    finally:
        handler.release()


@lru_cache(maxsize=512)
def _quoted_path(path: str) -> str:
    return encode_basestring(scrub(path))


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; events are snake_case words, everything else goes into fields."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
