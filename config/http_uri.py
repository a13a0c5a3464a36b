"""Comparing http addresses as RFC 3986 §6.2.2 and §6.2.3 tell, without query and fragment (RFC 9449 §4.3 check 9)."""

import re
from typing import Final
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def normalised(uri: str) -> str | None:
    """Return the address in its one form; None for what is no plain http address.

    Scheme and host in lower case, no default port, escapes of unreserved characters undone and the others in upper
    case, dot segments removed, an empty path as `/`.
    """
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.username is not None or re.search(r"[\s\\]", uri):
        return None
    shown = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{shown}{_without_dots(_ESCAPE.sub(_undone, parts.path)) or '/'}"


def _undone(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _without_dots(path: str) -> str:
    """RFC 3986 §5.2.4."""
    kept: list[str] = []
    steps = path.split("/")
    for step in steps:
        if step == "..":
            if len(kept) > 1:
                kept.pop()
        elif step != ".":
            kept.append(step)
    if steps[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)
