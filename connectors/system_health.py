"""How the deliveries of one system stand, as kept: what the board, the metrics and the look for incidents read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connectors.alarms import Alarm
from connectors.certificates import Sighting
from connectors.engine import BreakerState
from connectors.holds import Hold
from connectors.ledger import DeskReason
from connectors.limits import Limits
from connectors.maintenance import Window
from connectors.usage import NOTHING, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemHealth:
    """`counts` are of the states somebody still has to do something in. `hour` and `day` are the last of each.

    `desk` counts open desk tasks by reason, `overdue` those of them past their clock; `windows` are not over yet.
    """

    system: str
    counts: Mapping[str, int] = field(default_factory=dict)
    oldest_waiting_at: datetime | None = None
    last_success_at: datetime | None = None
    breaker: BreakerState = field(default_factory=BreakerState)
    holds: Sequence[Hold] = ()
    desk: Mapping[DeskReason, int] = field(default_factory=dict)
    overdue: int = 0
    hour: Usage = NOTHING
    day: Usage = NOTHING
    alarms: Sequence[Alarm] = ()
    limits: Limits | None = None
    certificate: Sighting | None = None
    windows: Sequence[Window] = ()

    @property
    def open_tasks(self) -> int:
        return sum(self.desk.values())


class HealthBook(Protocol):
    """Reads the health of all systems together."""

    async def all(self, systems: Collection[str], at: datetime) -> Mapping[str, SystemHealth]:
        """Return the health of each of these systems; the cost grows with what waits, not with what was ever sent."""
