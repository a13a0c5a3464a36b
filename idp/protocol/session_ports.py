"""What sessions and the pages before them need kept, one Protocol a kind of thing. Implementations are in `idp.storage`."""

from datetime import datetime, timedelta
from typing import Protocol

from idp.protocol.account import Account
from idp.protocol.interaction import Interaction
from idp.protocol.pushed_request import PushedRequest
from idp.protocol.session import Session
from idp.protocol.throttle import Bound


class SessionStore(Protocol):
    """Sessions, by sid; found by person and by the moment they are over, too."""

    async def get(self, sid: str) -> Session | None:
        """Return the session, or None."""

    async def get_for_grant(self, sid: str, gid: str) -> Session | None:
        """Return the session, or None; None too when the grant was revoked. One way to the store for both."""

    async def put(self, session: Session, ttl: timedelta) -> None:
        """Keep a session, replacing the one with its sid."""

    async def change(self, old: Session, new: Session, ttl: timedelta) -> bool:
        """Replace `old` if it is still what is kept."""

    async def forget(self, session: Session) -> None:
        """Forget the session wherever it is listed."""

    async def of_account(self, sub: str) -> tuple[Session, ...]:
        """Return what is kept of a person's sessions, in any state but ended."""

    async def due_at(self, sid: str, at: datetime) -> None:
        """List a session among those to look at from a moment on."""

    async def due(self, since: datetime, until: datetime) -> tuple[str, ...]:
        """Return the sids to look at between two moments, to a grain of minutes; some may be gone or not over."""


class LiveSessions(Protocol):
    """Sessions that still hold, by sid."""

    async def by_sid(self, sid: str, *, at: datetime) -> tuple[Session, Account] | None:
        """Return the session and its account if both are alive."""

    async def of_grant(self, sid: str, gid: str, *, at: datetime) -> tuple[Session, Account] | None:
        """Return the same; None too when the grant was revoked."""


class InteractionStore(Protocol):
    """Pending authorization requests."""

    async def put(self, interaction_id: str, interaction: Interaction, ttl: timedelta) -> None:
        """Keep one, replacing what was there."""

    async def get(self, interaction_id: str) -> Interaction | None:
        """Return one, or None."""

    async def take(self, interaction_id: str) -> Interaction | None:
        """Return one and forget it in one atomic step."""


class ParkedRequestStore(Protocol):
    """Parameters posted from another site, waiting for the GET that follows."""

    async def put(self, request_id: str, parameters: dict[str, str], ttl: timedelta) -> None:
        """Keep parameters."""

    async def take(self, request_id: str) -> dict[str, str] | None:
        """Return them once."""


class PushedRequestStore(Protocol):
    """Pushed authorization requests, by the hash of their request_uri."""

    async def keep(self, uri_hash: str, pushed: PushedRequest, ttl: timedelta) -> None:
        """Keep one."""

    async def get(self, uri_hash: str) -> PushedRequest | None:
        """Return one, or None."""

    async def take(self, uri_hash: str) -> PushedRequest | None:
        """Return one and forget it in one atomic step."""


class Attempts(Protocol):
    """Counters of sign-in attempts, and markers of things used once."""

    async def count(self, bound: Bound) -> int:
        """Count one more and return how many there were in the window."""

    async def forget(self, bound: Bound) -> None:
        """Start again from nothing."""

    async def first_use(self, kind: str, value: str, ttl: timedelta) -> bool:
        """Tell whether `value` was never seen before."""
