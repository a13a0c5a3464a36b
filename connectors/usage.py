"""What a system was used for, by the hour and the day: counts and times that add up. Pure.

Spans are kept in three grains, each the sum of the finer one: ten minutes, an hour, a day of Beijing time. So a page
reads a few rows however many cases there are. Nothing here knows a person: counts belong to systems.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final, Literal, Protocol

from config.clock import SHANGHAI

Grain = Literal["slot", "hour", "day"]
Window = Literal["1h", "24h"]
"""The last hour and the last day as of now, for the board."""
LENGTH: Final[Mapping[Grain, timedelta]] = {
    "slot": timedelta(minutes=10),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """`taken`: cases that go there. `delivered`: it has them. `concluded`: finished there.

    `outcomes` counts attempts as `class error http_status` (`refused  422`, `transient timeout 0`); `statuses` counts
    the department's own words for how far a case is; `times` counts attempts by milliseconds, rounded to two digits.
    """

    taken: int = 0
    delivered: int = 0
    concluded: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    times: Mapping[str, int] = field(default_factory=dict)

    @property
    def attempts(self) -> int:
        return sum(self.outcomes.values())

    def percentile(self, percent: int) -> int | None:
        """Return the time that so many percent of the attempts stayed below, in milliseconds; None without any."""
        counted = sorted((int(rounded), count) for rounded, count in self.times.items())
        left = -(-sum(count for _, count in counted) * percent // 100)
        for rounded, count in counted:
            left -= count
            if left <= 0:
                return rounded
        return None


NOTHING: Final = Usage()


class UsageBook(Protocol):
    """Reads the sums."""

    async def since(
        self, grain: Grain, begin: datetime, *, system: str | None = None
    ) -> Sequence[tuple[str, datetime, Usage]]:
        """Return `(system, begin of the span, usage)` of the spans from `begin` on, the oldest first."""


def total(usages: Iterable[Usage]) -> Usage:
    """Return the sum."""
    taken, delivered, concluded = 0, 0, 0
    outcomes: dict[str, int] = {}
    statuses: dict[str, int] = {}
    times: dict[str, int] = {}
    for usage in usages:
        taken, delivered, concluded = taken + usage.taken, delivered + usage.delivered, concluded + usage.concluded
        _add(outcomes, usage.outcomes)
        _add(statuses, usage.statuses)
        _add(times, usage.times)
    return Usage(
        taken=taken, delivered=delivered, concluded=concluded, outcomes=outcomes, statuses=statuses, times=times
    )


def _add(into: dict[str, int], counts: Mapping[str, int]) -> None:
    for name, count in counts.items():
        into[name] = into.get(name, 0) + count


def begins(grain: Grain, at: datetime) -> datetime:
    """Return when the span of that grain that `at` lies in began."""
    there = at.astimezone(SHANGHAI)
    match grain:
        case "slot":
            return there.replace(minute=there.minute - there.minute % 10, second=0, microsecond=0)
        case "hour":
            return there.replace(minute=0, second=0, microsecond=0)
        case "day":
            return datetime.combine(there.date(), time(), SHANGHAI)
