"""What the API needs beyond the ports of matters and connectors."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentAnswer:
    """What a department hears back after it called: its spec says which words."""

    status: int
    body: bytes
    media_type: str = "application/json"


CallbackReceiver = Callable[[str, Mapping[str, str], bytes, datetime], Awaitable[DepartmentAnswer | None]]
"""Takes system id, headers (lower case), raw body and the moment; None when there is no such system or it never calls."""
