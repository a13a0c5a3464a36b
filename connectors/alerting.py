"""Opens and closes incidents: `alerting.open("mz-elder", "contract_drift", count=2, at=at)`, `alerting.close(…)`.

Both may be called by any process, any number of times: an incident opens once and is told of twice at most. Each
opening and closing is logged.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Protocol

from config import logs
from config.paging import Page
from connectors.incidents import Alert, Condition, Incident, IncidentKey, IncidentKind

log = logs.get(__name__)
MOST_COUNTED: Final = 100


class AlertBook(Protocol):
    """Incidents and alerts, as kept. Each method is one commit."""

    async def open(self, condition: Condition, *, at: datetime) -> bool:
        """Open an incident, or bring the open one of that key up to date; tell whether it is new."""

    async def clear(self, key: IncidentKey, *, at: datetime) -> bool:
        """Note that it seems over; tell whether there was one that did not seem so already."""

    async def supersede(self, key: IncidentKey, *, at: datetime) -> bool:
        """Close it at once and without an alert: a graver one of the same subject took its place."""

    async def settle(self, at: datetime) -> Sequence[Incident]:
        """Close what has been clear for long enough; return it."""

    async def standing(self) -> Sequence[Incident]:
        """Return what is not closed, the oldest first."""

    async def inbox(
        self, sub: str, *, systems: Collection[str] | None, most: int, after: str | None = None
    ) -> Page[Alert]:
        """Return a page of alerts, the newest first, those of `systems` only unless None; read or not is the reader's."""

    async def unread(self, sub: str, *, systems: Collection[str] | None, since: datetime) -> int:
        """Return how many alerts since then this person has not read; beyond `MOST_COUNTED` that many."""

    async def read(self, sub: str, which: Collection[tuple[str, str]], *, at: datetime) -> None:
        """Keep that a person has read these; each is `(incident id, event)`."""


class Alerting:
    """The incidents of all systems. `detail` and `subject` never name a person or a case."""

    def __init__(self, book: AlertBook) -> None:
        self._book = book

    async def open(
        self, system: str, kind: IncidentKind, *, at: datetime, subject: str = "", detail: str = "", count: int = 1
    ) -> bool:
        """Open an incident, or bring it up to date; True when it is new."""
        key = IncidentKey(system=system, kind=kind, subject=subject)
        is_new = await self._book.open(Condition(key=key, count=count, detail=detail), at=at)
        if is_new:
            log.warning("incident_opened", system=system, kind=kind, subject=subject, count=count)
        return is_new

    async def close(self, system: str, kind: IncidentKind, *, at: datetime, subject: str = "") -> bool:
        """Note that it seems over; it closes after `incidents.DAMPING` without coming back. Nothing open: False."""
        return await self._book.clear(IncidentKey(system=system, kind=kind, subject=subject), at=at)

    async def supersede(self, key: IncidentKey, *, at: datetime) -> None:
        """Close without an alert what a graver incident took the place of."""
        await self._book.supersede(key, at=at)

    async def settle(self, at: datetime) -> None:
        """Close what has stayed clear."""
        for incident in await self._book.settle(at):
            key = incident.key
            log.warning(
                "incident_closed", system=key.system, kind=key.kind, subject=key.subject, returns=incident.returns
            )

    async def standing(self) -> Sequence[Incident]:
        """Return what is not closed."""
        return await self._book.standing()
