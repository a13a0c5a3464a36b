"""Access tokens presented to the provider: alive or not, for userinfo, introspection and revocation."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from idp.protocol import access_token
from idp.protocol.access_token import AccessToken
from idp.protocol.account import Account
from idp.protocol.account_ports import Accounts
from idp.protocol.client import Client
from idp.protocol.client_ports import Clients
from idp.protocol.errors import InvalidToken
from idp.protocol.grant_ports import RevokedGrants
from idp.protocol.key_ports import Keys
from idp.protocol.refresh_token import Grant
from idp.protocol.session_ports import LiveSessions
from idp.protocol.signing import KeyRing, SignatureRefused
from idp.protocol.subject import SubjectFor

_VERIFIED_AT_MOST: Final = 4096


class Grants(Protocol):
    """Reading grants beyond the session; may be a little old."""

    async def get(self, gid: str) -> Grant | None:
        """Return the grant, or None."""


class VerifiedTokens:
    """Tokens whose signature was found good, or made here.

    It stays good under the same keys, and checking it again costs more than everything else at userinfo.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[KeyRing, AccessToken | Mapping[str, object]]] = OrderedDict()

    def remember(self, token: str, ring: KeyRing, claims: Mapping[str, object]) -> None:
        """Keep a token this process signed just now; it is read when it first comes back, which many never do."""
        self._keep(token, ring, claims)

    def keep(self, token: str, ring: KeyRing, read: AccessToken) -> None:
        """Keep a verified token."""
        self._keep(token, ring, read)

    def _keep(self, token: str, ring: KeyRing, known: AccessToken | Mapping[str, object]) -> None:
        self._kept[token] = (ring, known)  # the oldest makes room
        if len(self._kept) > _VERIFIED_AT_MOST:
            self._kept.popitem(last=False)

    def get(self, token: str, ring: KeyRing) -> AccessToken | None:
        """Return what is kept of a token if it was verified under these very keys."""
        kept = self._kept.get(token)
        if kept is None or kept[0] is not ring:
            return None
        known = kept[1]
        if isinstance(known, AccessToken):
            return known
        read = access_token.from_claims(known)
        self._kept[token] = (ring, read)
        return read


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokens:
    """Says whether an access token is alive: signature, expiry, revocation, client, session or grant, account."""

    issuer: str
    keys: Keys
    clients: Clients
    accounts: Accounts
    sessions: LiveSessions
    grants: Grants
    revoked: RevokedGrants
    verified: "VerifiedTokens"
    subject_for: SubjectFor

    async def check(self, token: str, *, at: datetime) -> tuple[AccessToken, Account | None]:
        """Return the token and the account behind it; None for a client's own token.

        Raises:
            InvalidToken: it isn't alive; the text is the same whatever the reason.
        """
        read = self._read(token, await self.keys.ring(), at)
        client = await self.clients.get(read.client_id)
        if client is None or client.disabled:
            raise _dead("client gone")
        if read.sid:
            return read, await self._behind_session(read, client, at)
        if await self.revoked.has(read.gid):
            raise _dead("revoked")
        return read, None if read.is_clients_own else await self._behind_grant(read)

    async def _behind_session(self, read: AccessToken, client: Client, at: datetime) -> Account:
        live = await self.sessions.of_grant(read.sid, read.gid, at=at)
        if live is None or self.subject_for(client, live[1].sub) != read.sub:
            raise _dead("session ended or grant revoked")
        return live[1]

    async def _behind_grant(self, read: AccessToken) -> Account:
        grant = await self.grants.get(read.gid)
        account = await self.accounts.get(grant.sub) if grant else None
        if grant is None or grant.revoked_at or account is None or not account.honours(grant.auth_time):
            raise _dead("grant")
        return account

    def _read(self, token: str, ring: KeyRing, at: datetime) -> AccessToken:
        known = self.verified.get(token, ring)
        if known is not None and at < known.expires_at:
            return known
        try:
            read = access_token.verify(token, ring, issuer=self.issuer, at=at)
        except SignatureRefused as error:
            raise _dead(str(error)) from error
        self.verified.keep(token, ring, read)
        return read


def _dead(detail: str) -> InvalidToken:
    return InvalidToken("The access token does not hold.", detail=detail)
