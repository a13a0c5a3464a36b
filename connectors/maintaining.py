"""Setting and ending maintenance windows: who may, and that workers look again when one ends early."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from config import logs
from config.paging import Page
from config.state import StateStore
from connectors.errors import NotPermitted
from connectors.maintenance import MaintenanceBook, Window, Wrong, check
from connectors.system import System
from connectors.waking import wake
from matters.policy import Actor, may_run_systems

log = logs.get(__name__)


class Maintenance:
    """The use cases. Workers obey a window within the second or two between their looks."""

    def __init__(self, *, book: MaintenanceBook, systems: Mapping[str, System], state: StateStore) -> None:
        self._book = book
        self._systems = systems
        self._state = state

    async def of_system(self, system: str, *, after: str | None = None) -> Page[Window]:
        """Return the windows of a system, the latest first."""
        return await self._book.of_system(system, after=after)

    async def set(
        self, system: str, begins_at: datetime, ends_at: datetime, reason: str, *, actor: Actor, at: datetime
    ) -> Window | Wrong:
        """Set a window; what is wrong with it instead, when it does not hold.

        Raises:
            NotPermitted: the actor does not run systems, or there is no such system.
        """
        if not may_run_systems(actor) or system not in self._systems:
            raise NotPermitted(actor.sub)
        wrong = check(begins_at, ends_at, reason, at=at)
        if wrong is not None:
            return wrong
        window = Window(
            id=str(uuid.uuid4()), system=system, begins_at=begins_at, ends_at=ends_at, reason=reason.strip(),
            set_by=actor.sub, set_at=at,
        )  # fmt: skip
        if not await self._book.add(window):
            return "overlaps"
        log.info("maintenance_set", system=system, window=window.id, begins_at=begins_at, ends_at=ends_at, by=actor.sub)
        return window

    async def end(self, system: str, id_: str, *, actor: Actor, at: datetime) -> Window | None:
        """End a window now; what it held back goes out within seconds. None when it is over already.

        Raises:
            NotPermitted: the actor does not run systems.
        """
        if not may_run_systems(actor):
            raise NotPermitted(actor.sub)
        ended = await self._book.end(system, id_, by=actor.sub, at=at)
        if ended is None:
            return None
        log.info("maintenance_ended", system=system, window=id_, by=actor.sub)
        await wake(self._state, system)
        return ended
