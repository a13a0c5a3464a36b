"""Clock rules for JWTs others made: theirs and ours are never quite the same.

FAPI 2.0 Security Profile §5.3.2.1: a token up to 10 seconds ahead must be taken, one more than 60 seconds ahead
must not. We take 10 and no more.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

AHEAD: Final = timedelta(seconds=10)


class TimesRefused(Exception):
    """exp, nbf or iat does not hold; the message names it."""


def check_times(claims: Mapping[str, object], *, at_most: timedelta, at: datetime) -> datetime:
    """Check exp, nbf and iat (RFC 7519 §4.1) and return until when the token holds.

    `exp` is required and lies at most `at_most` ahead; `nbf` and `iat` are checked where they stand.

    Raises:
        TimesRefused: see there.
    """
    now = at.timestamp()
    exp = _number(claims, "exp")
    if exp is None or not now < exp <= now + (at_most + AHEAD).total_seconds():
        raise TimesRefused(f"exp must lie within {int(at_most.total_seconds() // 60)} minutes.")
    for name in ("nbf", "iat"):
        begun = _number(claims, name)
        if begun is not None and begun > now + AHEAD.total_seconds():
            raise TimesRefused(f"{name} lies ahead.")
    return datetime.fromtimestamp(exp, at.tzinfo)


def _number(claims: Mapping[str, object], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise TimesRefused(f"{name} is not a time.")
    return float(value)
