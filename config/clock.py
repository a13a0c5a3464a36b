"""Time comes in from outside: rules take `at`, long-lived objects take a `Clock`."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns the present as an aware UTC datetime."""

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Days, opening hours and everything a person reads are in this zone; what is stored is UTC."""


def utc_now() -> datetime:
    """Return the present, aware, in UTC."""
    return datetime.now(UTC)
