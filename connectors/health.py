"""How each department's system stands, in the words of the owner's page: open, closed, breaker, and what waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from connectors.availability import HolidayOn
from connectors.gate import closed
from connectors.ledger import DeliveryState
from connectors.system import System
from connectors.system_health import HealthBook, SystemHealth

Stands = Literal["open", "closed", "maintenance", "breaker", "probing", "manual"]
_WAITING = (DeliveryState.QUEUED, DeliveryState.WAIT, DeliveryState.HELD, DeliveryState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemStanding:
    """One line of the owner's list. `opens_at` is when it opens or is tried again, None while it is open."""

    system: System
    stands: Stands
    opens_at: datetime | None
    waiting: int
    in_hand: int
    awaiting_result: int
    on_desk: int
    health: SystemHealth


class Health:
    """Reads for all systems at once; the cost does not grow with their number."""

    def __init__(
        self, *, book: HealthBook, systems: Mapping[str, System], holiday_on: HolidayOn, offset: timedelta
    ) -> None:
        self._book = book
        self._systems = systems
        self._holiday_on = holiday_on
        self._offset = offset

    async def all(self, at: datetime) -> list[SystemStanding]:
        """Return every declared system, in the order of their ids."""
        systems = dict(self._systems)
        found = await self._book.all(systems, at)
        return [self._standing(system, found[id_], at) for id_, system in systems.items()]

    def _standing(self, system: System, health: SystemHealth, at: datetime) -> SystemStanding:
        stands, opens_at = self._stands(system, health, at)
        counts = health.counts
        return SystemStanding(
            system=system,
            stands=stands,
            opens_at=opens_at,
            waiting=sum(counts.get(state.value, 0) for state in _WAITING),
            in_hand=counts.get("sending", 0) + counts.get("probing", 0),
            awaiting_result=counts.get("pending_result", 0),
            on_desk=health.open_tasks,
            health=health,
        )

    def _stands(self, system: System, health: SystemHealth, at: datetime) -> tuple[Stands, datetime | None]:
        if system.transport == "manual":
            return "manual", None
        for hold in closed(system, at=at, offset=self._offset, holiday_on=self._holiday_on, windows=health.windows):
            if not hold.operations:
                return ("maintenance" if hold.reason == "maintenance" else "closed"), hold.until
        match health.breaker.stands(at):
            case "open":
                return "breaker", health.breaker.open_until
            case "half_open":
                return "probing", None
            case "closed":
                return "open", None
