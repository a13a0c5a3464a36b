"""Shifts: a clerk's session ends at the latest when the shift does."""

import re
from datetime import datetime, time, timedelta
from typing import Final

from config.clock import SHANGHAI

_TIME: Final = re.compile(r"\A([01]\d|2[0-3]):([0-5]\d)\Z")


def parse_shift_ends(text: str) -> tuple[time, ...]:
    """Return the times of day of `12:00,17:30`, in order; empty text means no shifts.

    Raises:
        ValueError: a word is no time of day.
    """
    found = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        match = _TIME.match(word)
        if match is None:
            raise ValueError(f"{word!r} is no time of day like 17:30")
        found.append(time(int(match[1]), int(match[2])))
    return tuple(sorted(set(found)))


def next_shift_end(at: datetime, ends: tuple[time, ...]) -> datetime | None:
    """Return the first end of a shift after `at`, Shanghai time; None where there are no shifts."""
    if not ends:
        return None
    here = at.astimezone(SHANGHAI)
    today = [datetime.combine(here.date(), end, SHANGHAI) for end in ends]
    tomorrow = datetime.combine(here.date() + timedelta(days=1), ends[0], SHANGHAI)
    return next((end for end in (*today, tomorrow) if end > here), tomorrow).astimezone(at.tzinfo)
