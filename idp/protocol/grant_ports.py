"""What grants and their tokens need kept, one Protocol a kind of thing; and Authlib's way to it. Implementations are in `idp.storage`."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import ParamSpec, Protocol, TypeVar

from idp.protocol.authorization_code import AuthorizationCode
from idp.protocol.device_grant import DeviceRequest
from idp.protocol.refresh_token import Grant, RefreshToken
from idp.protocol.signing import KeyRing

T = TypeVar("T")
P = ParamSpec("P")


class AuthorizationCodeStore(Protocol):
    """Authorization codes, by hash."""

    async def keep(self, code_hash: str, code: AuthorizationCode, ttl: timedelta) -> None:
        """Keep a code."""

    async def take(self, code_hash: str) -> AuthorizationCode | None:
        """Return the code and forget it in one atomic step; None once it is gone."""


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


class Bridge(Protocol):
    """Lets Authlib's synchronous grants wait for our asynchronous stores, on the same event loop."""

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a synchronous function in which `wait` may be used."""

    def wait(self, awaitable: Awaitable[T]) -> T:
        """Wait, from inside `run`, while other requests go on."""
