"""What a spec may say of addresses: paths below the department's own, and headers that are its own to set.

The address itself is the deployment's (ONEWINDOW_ENDPOINTS_FILE). A path must not lead out of it: behind a gateway, the
folder beside it is another department's.
"""

import re
from typing import Annotated, Final
from urllib.parse import unquote

from pydantic import AfterValidator, Field

LONGEST: Final = 500
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
     "proxy-authorization", "proxy-connection", "accept-encoding"}
)  # fmt: skip
"""Headers that say where and how a message travels, which is decided here (RFC 9110 §7.6.1)."""


def _below(path: str) -> str:
    before_query = path.partition("?")[0]
    decoded = unquote(before_query)
    leads_out = any(part in (".", "..") for part in decoded.split("/"))
    has_odd = any(ord(c) < 0x21 or ord(c) == 0x7F for c in path if c != " ") or "\\" in path or "#" in before_query
    if not path.startswith("/") or path.startswith("//") or leads_out or has_odd or len(path) > LONGEST:
        raise ValueError("expected a path below the department's address: one / in front, no // there, no .., \\ or #")
    return path


def _header(name: str) -> str:
    if not _TOKEN.fullmatch(name) or name.lower() in OURS:
        raise ValueError(
            "expected the name of a header of the department's own: letters, digits and -, never Host and its kind"
        )
    return name


def is_below(path: str) -> bool:
    """Tell whether a path that somebody else named stays below the department's address."""
    try:
        _below(path)
    except ValueError:
        return False
    return True


PathBelow = Annotated[str, Field(json_schema_extra={"pattern": "^/"}), AfterValidator(_below)]
HeaderName = Annotated[str, AfterValidator(_header)]
