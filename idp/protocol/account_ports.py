"""What accounts and administrators' work need kept, one Protocol a kind of thing. Implementations are in `idp.storage`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from idp.protocol.account import Account
from idp.protocol.audit import AuditEvent
from idp.protocol.counter_recovery import CounterRecovery
from idp.protocol.invitation import Invitation


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


class Standing(StrEnum):
    """Where an account stands in a list."""

    ACTIVE = "active"
    INVITED = "invited"  # nobody has set a password yet
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuery:
    """What a list of accounts shows. `region` bounds it always; `text` is in user name, name or unit."""

    region: str
    text: str = ""
    role: str = ""
    standing: Standing | None = None
    page: int = 1
    at_most: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An account in a list."""

    account: Account
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """One page of a list, and how many there are on all."""

    listed: tuple[Listed, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An account to be imported, with its invitation and its audit event."""

    account: Account
    invitation: Invitation
    event: AuditEvent


class AccountDirectory(Protocol):
    """Accounts as lists, and many at once."""

    async def search(self, query: AccountQuery) -> AccountPage:
        """Return one page, by user name."""

    async def one(self, sub: str) -> Listed | None:
        """Return one account fresh from the database."""

    async def taken(self, usernames: Sequence[str]) -> frozenset[str]:
        """Return those folded user names that exist."""

    async def import_batch(self, invited: Sequence[Invited], *, at: datetime) -> frozenset[str]:
        """Insert new accounts with invitations and events, all or nothing; return the subs that were new.

        A user name that exists, or comes into being meanwhile, is left alone and not among them.

        Raises:
            AuditUnavailable: nothing was imported.
        """

    async def units(self, region: str) -> tuple[tuple[str, str, str], ...]:
        """Return id, name and region of the units people of a region belong to, by name; at most 500."""


class InvitationStore(Protocol):
    """Invitations."""

    async def issue(self, invitation: Invitation, *, audited: Sequence[AuditEvent]) -> bool:
        """Keep it in place of earlier unused ones; False when the account has a password already."""

    async def get(self, token_hash: str, *, at: datetime) -> Account | None:
        """Return whom a link that still holds invites, or None."""

    async def redeem(self, token_hash: str, *, password_hash: str, at: datetime) -> Account | None:
        """Use the link up, set the password and write the audit in one transaction; None when it holds no more."""

    async def of_batch(
        self, batch: str, made_by: str, *, at: datetime, after: str, at_most: int
    ) -> tuple[tuple[Account, Invitation], ...]:
        """Return unused invitations of one's own import with their accounts, by user name beyond `after`."""

    async def forget_old(self, before: datetime, *, at_most: int) -> int:
        """Delete invitations that expired before a moment; return how many."""


class CounterRecoveryStore(Protocol):
    """Recoveries at the counter; each change is one transaction with its audit event."""

    async def start(self, recovery: CounterRecovery, *, audited: Sequence[AuditEvent]) -> None:
        """Keep a new one; others of the same person that wait are cancelled."""

    async def get(self, recovery_id: str) -> CounterRecovery | None:
        """Return one."""

    async def waiting(self, region: str, *, at: datetime, at_most: int) -> tuple[tuple[CounterRecovery, Account], ...]:
        """Return those of a region that wait for approval or for the person, newest first, with the person."""

    async def approve(
        self, recovery_id: str, *, by: str, second_hash: str, expires_at: datetime, at: datetime,
        audited: Sequence[AuditEvent],
    ) -> bool:  # fmt: skip
        """Approve one that waits; False when somebody was first or it is gone."""

    async def cancel(self, recovery_id: str, *, at: datetime, audited: Sequence[AuditEvent]) -> bool:
        """Cancel one that is open."""

    async def approved_for(self, sub: str, *, at: datetime) -> CounterRecovery | None:
        """Return the person's approved recovery that waits for him."""

    async def use(self, recovery_id: str, *, password_hash: str, at: datetime, audited: Sequence[AuditEvent]) -> bool:
        """Use it up, set the password, remove every second factor, in one transaction; False when it is gone."""

    async def forget_old(self, before: datetime, *, at_most: int) -> int:
        """Delete those that expired before a moment; return how many."""


class FactorReset(Protocol):
    """Removing all second factors of somebody at once."""

    async def remove_all(self, sub: str, *, audited: Sequence[AuditEvent]) -> int:
        """Remove one-time codes, passkeys and recovery codes in one transaction; return how many kinds there were."""
