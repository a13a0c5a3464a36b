"""Reading parameters: each at most once, empty ones as if absent (RFC 6749 §3.1)."""

from collections.abc import Iterator, Mapping
from urllib.parse import unquote_plus

from idp.protocol.errors import InvalidRequest

Parameters = Mapping[str, str]

AT_MOST_FIELDS = 60
_AT_MOST_BYTES = 64 * 1024
# RFC 8707 §2 lets a client name several resources; they become one text with spaces. All others stand once.
_REPEATABLE = frozenset({"resource"})


def parse(raw: bytes) -> Parameters:
    """Return the parameters of a query string or a form body.

    Raises:
        InvalidRequest: a parameter is repeated, or the text is too long, not UTF-8 or has control characters.
    """
    if len(raw) > _AT_MOST_BYTES:
        raise InvalidRequest("The request is too large.")
    if raw.count(b"&") >= AT_MOST_FIELDS:
        raise InvalidRequest("There are too many parameters.")
    found: dict[str, str] = {}
    for name, value in _pairs(raw):
        if name in found and name not in _REPEATABLE:
            raise InvalidRequest("A parameter is repeated.")
        if "\x00" in value:
            raise InvalidRequest("A parameter holds a NUL character.")
        found[name] = f"{found[name]} {value}" if name in found else value
    return found


def _pairs(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield the pairs that have a value (WHATWG URL §5.1); what comes without escapes, most of it, stays as it is."""
    try:
        for pair in raw.decode("ascii").split("&"):
            name, _, value = pair.partition("=")
            if value:
                yield _plain(name), _plain(value)
    except ValueError:
        raise InvalidRequest("The parameters can not be read.") from None


def _plain(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text
