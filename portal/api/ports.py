"""What the API and the owner's pages need beyond the ports of matters and connectors."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from connectors.callbacks import CallbackAnswer
from connectors.health import SystemStanding
from connectors.ledger import Attempt


class CallbackReceiver(Protocol):
    """`connectors.callbacks.Callbacks`."""

    async def receive(
        self,
        system_id: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        at: datetime,
        method: str = "POST",
        target: str = "",
    ) -> CallbackAnswer:
        """Take one call of a department; status 404 when there is no such system or it never calls."""


class Standings(Protocol):
    """`connectors.health.Health`."""

    async def all(self, at: datetime) -> Sequence[SystemStanding]:
        """Return how every declared system stands."""


class RecentAttempts(Protocol):
    """`connectors.storage.recent_attempts.SqlRecentAttempts`."""

    async def of_system(self, system: str, *, most: int = 20) -> Sequence[Attempt]:
        """Return the last attempts at a system, the newest first."""
