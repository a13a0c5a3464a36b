"""What telling relying parties of a sign-out needs kept, one Protocol a kind of thing. Implementations are in `idp.storage`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from idp.protocol.logout import Farewell, LogoutDelivery, Settled


class LogoutQueueUnavailable(Exception):
    """The database did not take it; nothing was written."""


class LogoutQueue(Protocol):
    """Notifications of relying parties on their way (OpenID Connect Back-Channel Logout 1.0)."""

    async def put(self, deliveries: Sequence[LogoutDelivery]) -> None:
        """Keep new ones in one transaction; those of an occasion and client that are kept already stay as they are.

        Raises:
            LogoutQueueUnavailable: see there.
        """

    async def of_occasion(self, occasion: str) -> tuple[LogoutDelivery, ...]:
        """Return how far the notifications of an occasion are."""

    async def due_clients(self, at: datetime) -> tuple[str, ...]:
        """Return the clients with something due."""

    async def claim(
        self, client_id: str, *, owner: str, at: datetime, until: datetime, at_most: int
    ) -> tuple[LogoutDelivery, ...]:
        """Take up due notifications of a client; nobody else gets them before `until`."""

    async def settle(self, delivery_id: str, settled: Settled, *, owner: str, tries: int, at: datetime) -> bool:
        """Write what a try came to; False when the lease was lost to another sender."""

    async def next_due(self) -> datetime | None:
        """Return when the next try is due; None when nothing waits."""

    async def prune(self, before: datetime) -> int:
        """Delete what was settled before a moment, and return how many."""


class FarewellStore(Protocol):
    """What the signed-out pages show, by an id only their readers know."""

    async def put(self, farewell_id: str, farewell: Farewell, ttl: timedelta) -> None:
        """Keep one."""

    async def get(self, farewell_id: str) -> Farewell | None:
        """Return one, or None."""
