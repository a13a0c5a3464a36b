"""What an administrator does to an account of his region; every change is audited in its own transaction."""

from dataclasses import dataclass
from datetime import datetime

from idp import accounts as use
from idp.accounts import AccountRefused
from idp.invitations import Invitations
from idp.protocol.account import Account
from idp.protocol.account_ports import AccountDirectory, AccountStore, FactorReset, Listed
from idp.protocol.administration import Forbidden, covers, refuses_change
from idp.protocol.audit import AuditEvent, AuditKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAdministration:
    """The use cases over the stores. Every one returns None, or why nothing changed."""

    accounts: AccountStore
    directory: AccountDirectory
    factors: FactorReset
    invitations: Invitations

    async def find(self, actor: Account, sub: str) -> Listed | Forbidden:
        """Return an account as the database has it now, if this person may see it."""
        listed = await self.directory.one(sub)
        if listed is None or not covers(actor, listed.account.region):
            return Forbidden.REGION  # what is elsewhere and what is nowhere look alike
        return listed

    async def disable(self, actor: Account, account: Account, *, at: datetime) -> Forbidden | None:
        """Stop the account."""
        if (forbidden := refuses_change(actor, account)) is None:
            await use.disable(self.accounts, account.username, at=at, by=actor.sub)
        return forbidden

    async def enable(self, actor: Account, account: Account, *, at: datetime) -> Forbidden | None:
        """Let the account sign in again."""
        if (forbidden := refuses_change(actor, account)) is None:
            await use.enable(self.accounts, account.username, at=at, by=actor.sub)
        return forbidden

    async def end_sessions(self, actor: Account, account: Account, *, at: datetime) -> Forbidden | None:
        """End whatever the account has begun."""
        if (forbidden := refuses_change(actor, account)) is None:
            await use.end_sessions(self.accounts, account.username, at=at, by=actor.sub)
        return forbidden

    async def set_roles(
        self, actor: Account, account: Account, roles: frozenset[str], *, at: datetime
    ) -> Forbidden | None:
        """Give the account exactly these roles.

        Raises:
            AccountRefused: an unknown role, or none.
        """
        if not roles:
            raise AccountRefused("roles: at least one")
        if (forbidden := refuses_change(actor, account)) is None:
            await use.set_roles(self.accounts, account.username, roles, at=at, by=actor.sub)
        return forbidden

    async def set_unit(
        self, actor: Account, account: Account, *, unit: str, unit_name: str, region: str, at: datetime
    ) -> Forbidden | None:
        """Move the account to another unit of the administrator's region.

        Raises:
            AccountRefused: no unit, or a region that doesn't exist.
        """
        if (forbidden := refuses_change(actor, account)) is not None:
            return forbidden
        if not covers(actor, region.strip()):
            return Forbidden.REGION
        await use.set_unit(
            self.accounts, account.username, unit=unit, unit_name=unit_name, region=region, at=at, by=actor.sub
        )
        return None

    async def reset_factors(self, actor: Account, account: Account, *, at: datetime) -> Forbidden | None:
        """Remove every second factor; whatever was begun with them ends."""
        if (forbidden := refuses_change(actor, account)) is None:
            event = AuditEvent(
                kind=AuditKind.FACTOR_REMOVED, sub=account.sub, by=actor.sub,
                detail={"factor": "all", "reason": "administrator"}, at=at,
            )  # fmt: skip
            await self.factors.remove_all(account.sub, audited=(event,))
            await use.end_sessions(self.accounts, account.username, at=at, by=actor.sub)
        return forbidden

    async def invite(self, actor: Account, account: Account, *, at: datetime) -> str | Forbidden:
        """Return a new invitation link; "" when the account has a password already."""
        if (forbidden := refuses_change(actor, account)) is not None:
            return forbidden
        return await self.invitations.issue(account, by=actor.sub, at=at)
