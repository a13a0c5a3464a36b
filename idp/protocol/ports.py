"""What the rules need kept, one Protocol a kind of thing. Implementations are in `idp.storage`."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ParamSpec, Protocol, TypeVar

from idp.protocol.account import Account
from idp.protocol.audit import AuditEvent, AuditKind, AuditRow, Detail, Head
from idp.protocol.audit_verification import Broken
from idp.protocol.authorization_code import AuthorizationCode
from idp.protocol.client import Client
from idp.protocol.client_invitation import ClientInvitation
from idp.protocol.device_grant import DeviceRequest
from idp.protocol.interaction import Interaction
from idp.protocol.logout import Farewell, LogoutDelivery, Settled
from idp.protocol.pushed_request import PushedRequest
from idp.protocol.refresh_token import Grant, RefreshToken
from idp.protocol.session import Session
from idp.protocol.signing import KeyRing, SigningKey
from idp.protocol.throttle import Bound

T = TypeVar("T")
P = ParamSpec("P")


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


class Accounts(Protocol):
    """Reading accounts; may be a little old."""

    async def get(self, sub: str) -> Account | None:
        """Return the account, or None."""


class AccountStore(Accounts, Protocol):
    """Accounts and their password hashes."""

    async def by_username(self, username: str) -> tuple[Account, str] | None:
        """Return the account of a folded username and its password hash ("" when it has none)."""

    async def save(
        self, account: Account, *, password_hash: str | None, at: datetime, audited: Sequence[AuditEvent] = ()
    ) -> None:
        """Insert or replace the account with its audit events, all or nothing; None keeps the password.

        Every process hears of it.

        Raises:
            UsernameTaken: another account has that username.
            AuditUnavailable: nothing changed.
        """

    async def all(self) -> tuple[Account, ...]:
        """Return every account, by username."""


class UsernameTaken(Exception):
    """Another account has that username."""


class KeyStore(Protocol):
    """Signing keys, sealed at rest."""

    async def load(self) -> tuple[SigningKey, ...]:
        """Return all keys."""

    async def add(self, *keys: SigningKey, at: datetime) -> bool:
        """Keep new keys; False when another process was first with a key of that algorithm and state."""

    async def rotate(
        self,
        fresh: SigningKey,
        *,
        replaced: str,
        forget_before: datetime,
        at: datetime,
        audited: Sequence[AuditEvent] = (),
    ) -> bool:
        """In one step: current becomes previous, next current, and `fresh` next.

        Those that were previous since before `forget_before` are deleted. False, and nothing changed, when the
        current key is not `replaced` any more: somebody else rotated.
        """

    async def retire(self, kid: str, *, audited: Sequence[AuditEvent] = ()) -> None:
        """Delete a previous key."""

    async def reseal(self) -> int:
        """Seal every key anew under the present secret, in one step; return how many."""


class Keys(Protocol):
    """The provider's keys as of now."""

    async def ring(self) -> KeyRing:
        """Return the key ring; may be a little old."""


class AuthorizationCodeStore(Protocol):
    """Authorization codes, by hash."""

    async def keep(self, code_hash: str, code: AuthorizationCode, ttl: timedelta) -> None:
        """Keep a code."""

    async def take(self, code_hash: str) -> AuthorizationCode | None:
        """Return the code and forget it in one atomic step; None once it is gone."""


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


class FarewellStore(Protocol):
    """What the signed-out pages show, by an id only their readers know."""

    async def put(self, farewell_id: str, farewell: Farewell, ttl: timedelta) -> None:
        """Keep one."""

    async def get(self, farewell_id: str) -> Farewell | None:
        """Return one, or None."""


class DeviceRequestStore(Protocol):
    """What devices ask for, by the hashes of their two codes."""

    async def keep(self, device_hash: str, user_hash: str, request: DeviceRequest, ttl: timedelta) -> bool:
        """Keep one; False when the user code is another's."""

    async def get(self, device_hash: str) -> DeviceRequest | None:
        """Return one, or None."""

    async def device_of(self, user_hash: str) -> str | None:
        """Return the hash of the device code a user code belongs to, or None."""

    async def change(self, device_hash: str, old: DeviceRequest, new: DeviceRequest, ttl: timedelta) -> bool:
        """Replace `old` if it is still what is kept."""

    async def take(self, device_hash: str) -> DeviceRequest | None:
        """Return one and forget it in one atomic step."""

    async def close(self, user_hash: str) -> None:
        """Forget a user code: nobody types it any more."""


class RevokedGrants(Protocol):
    """Grants whose access tokens are dead before they expire."""

    async def add(self, gid: str, ttl: timedelta) -> None:
        """Remember for as long as an access token could live."""

    async def has(self, gid: str) -> bool:
        """Tell whether the grant was revoked."""


class IssuedTokens(Protocol):
    """Access tokens this process signed itself."""

    def remember(self, token: str, ring: KeyRing, claims: Mapping[str, object]) -> None:
        """Spare the first check of a token its signature; every other condition is looked at as always."""


class RefreshTokenStore(Protocol):
    """Grants beyond the session and their refresh tokens."""

    async def open(self, grant: Grant, token_hash: str, *, expires_at: datetime) -> None:
        """Keep a grant with its first token."""

    async def find(self, token_hash: str) -> RefreshToken | None:
        """Return the token with its grant, or None."""

    async def replace(self, token_hash: str, successor_hash: str, *, at: datetime, expires_at: datetime) -> bool:
        """Mark the token replaced and keep its successor, in one step; False when somebody was first."""

    async def revoke(self, gid: str, *, at: datetime) -> None:
        """Revoke the grant with all its tokens; unknown ones are no error."""

    async def revoke_of_session(self, sid: str, *, at: datetime) -> tuple[str, ...]:
        """Revoke every grant given in a session and return their ids.

        Raises:
            LogoutQueueUnavailable: the database did not take it.
        """

    async def grant(self, gid: str) -> Grant | None:
        """Return a grant, or None."""


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


class ConsentStore(Protocol):
    """What people agreed to."""

    async def get(self, sub: str, client_id: str) -> frozenset[str]:
        """Return the scope the person agreed to for the client."""

    async def add(self, sub: str, client_id: str, scope: frozenset[str], *, at: datetime) -> None:
        """Add to what the person agreed to."""


class AuditStore(Protocol):
    """The audit: rows are only ever added, numbered without gaps, each chained to the one before."""

    async def append(self, *events: AuditEvent) -> None:
        """Add events in one transaction; done when it returns.

        Raises:
            AuditUnavailable: nothing was added.
        """

    async def head(self) -> Head | None:
        """Return the kept end of the chain; None when nothing was ever written."""

    async def rows(self, *, after: int, at_most: int) -> tuple[AuditRow, ...]:
        """Return rows beyond a sequence number, in order."""

    async def listed(self, *, sub: str, since: datetime, after: int, at_most: int) -> tuple[AuditRow, ...]:
        """Return rows about or by `sub` ("" for everyone) from a moment on, in order."""

    async def verify(self, checkpoints: Iterable[Head] = ()) -> tuple[int, Broken | None]:
        """Return how many rows hold, and the first place where the audit does not."""


class AuditWriter(Protocol):
    """Writing one event of its own; `idp.audit.Audit`."""

    async def write(
        self, kind: AuditKind, *, sub: str = "", by: str = "", client_id: str = "", sid: str = "",
        detail: Detail | None = None, at: datetime,
    ) -> None:  # fmt: skip
        """Keep one event.

        Raises:
            AuditUnavailable: it can't be kept, and what it tells of is none that goes on regardless.
        """


class Attempts(Protocol):
    """Counters of sign-in attempts, and markers of things used once."""

    async def count(self, bound: Bound) -> int:
        """Count one more and return how many there were in the window."""

    async def forget(self, bound: Bound) -> None:
        """Start again from nothing."""

    async def first_use(self, kind: str, value: str, ttl: timedelta) -> bool:
        """Tell whether `value` was never seen before."""


class Bridge(Protocol):
    """Lets Authlib's synchronous grants wait for our asynchronous stores, on the same event loop."""

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a synchronous function in which `wait` may be used."""

    def wait(self, awaitable: Awaitable[T]) -> T:
        """Wait, from inside `run`, while other requests go on."""
