"""What clients need kept, one Protocol a kind of thing. Implementations are in `idp.storage`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from idp.protocol.audit import AuditEvent
from idp.protocol.client import Client
from idp.protocol.client_invitation import ClientInvitation


class Clients(Protocol):
    """Reading clients; may be a little old."""

    async def get(self, client_id: str) -> Client | None:
        """Return the client, or None."""


class ClientKeys(Protocol):
    """The public keys clients sign with."""

    async def for_token(self, client: Client, token: str) -> Sequence[Mapping[str, object]]:
        """Return the JWKs that may have signed this token of the client, from its jwks or its jwks_uri; () if none."""


class ClientStore(Clients, Protocol):
    """Registered clients."""

    async def save(self, client: Client, *, at: datetime, audited: Sequence[AuditEvent] = ()) -> None:
        """Insert or replace the client with its audit events, all or nothing; every process hears of it.

        Raises:
            AuditUnavailable: nothing changed.
        """

    async def save_by_token(
        self, client: Client, *, token_hash: str, at: datetime, audited: Sequence[AuditEvent] = ()
    ) -> bool:
        """Like `save`, if what is kept still has this registration access token and is not disabled.

        False, and nothing changed, if not.

        Raises:
            AuditUnavailable: nothing changed.
        """

    async def all(self) -> tuple[Client, ...]:
        """Return every client, by client_id."""


class ClientInvitationStore(Protocol):
    """Initial access tokens for clients that register themselves, with the policy of each."""

    async def add(self, invitation: ClientInvitation) -> None:
        """Keep a new one."""

    async def get(self, invitation_id: str) -> ClientInvitation | None:
        """Return one, spent or not, or None."""

    async def by_token(self, token_hash: str) -> ClientInvitation | None:
        """Return the one of a token, spent or not, or None."""

    async def use(self, invitation_id: str, *, at: datetime) -> bool:
        """Spend one use in one atomic step; False when none is left or it has expired."""

    async def all(self) -> tuple[ClientInvitation, ...]:
        """Return every one that is kept, the newest first."""

    async def withdraw(self, invitation_id: str) -> bool:
        """Take away the uses that are left; who registered stays, under its policy. False when there were none."""

    async def forget_old(self, before: datetime, *, at_most: int) -> int:
        """Delete those that expired before a moment and no client stays under; return how many."""


class ConsentStore(Protocol):
    """What people agreed to."""

    async def get(self, sub: str, client_id: str) -> frozenset[str]:
        """Return the scope the person agreed to for the client."""

    async def add(self, sub: str, client_id: str, scope: frozenset[str], *, at: datetime) -> None:
        """Add to what the person agreed to."""
