"""Invitations: issued by an administrator, used once by the person to set the first password."""

from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_urlsafe
from typing import Final

from idp.passwords import Passwords
from idp.protocol import invitation as rules
from idp.protocol.account import Account
from idp.protocol.account_ports import InvitationStore
from idp.protocol.audit import AuditEvent, AuditKind
from idp.protocol.password_rules import PasswordFault, fault_of

_PAGE: Final = 250  # of a long list: between two, other requests are answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    """The use cases over the store; `key` makes the links."""

    issuer: str
    store: InvitationStore
    passwords: Passwords
    key: bytes = field(repr=False)

    async def issue(self, account: Account, *, by: str, at: datetime) -> str:
        """Return a new link, earlier ones are dead; "" when the account has a password already."""
        invitation = rules.make(self.key, invitation_id=token_urlsafe(16), sub=account.sub, batch="", by=by, at=at)
        event = AuditEvent(kind=AuditKind.INVITATION_ISSUED, sub=account.sub, by=by, at=at)
        if not await self.store.issue(invitation, audited=(event,)):
            return ""
        return self.link(rules.token_of(self.key, invitation.id, account.sub))

    async def invited(self, token: str, *, at: datetime) -> Account | None:
        """Return whom a link that still holds invites."""
        return await self.store.get(rules.hash_token(token), at=at) if rules.is_token(token) else None

    async def accept(self, token: str, password: str, again: str, *, at: datetime) -> Account | PasswordFault | None:
        """Set the first password and use the link up; None when it holds no more."""
        account = await self.invited(token, at=at)
        if account is None:
            return None
        fault = fault_of(password, username=account.username, name=account.name)
        if fault is None and password != again:
            fault = PasswordFault.DIFFERENT
        if fault is not None:
            return fault
        password_hash = await self.passwords.hash(password)
        return await self.store.redeem(rules.hash_token(token), password_hash=password_hash, at=at)

    async def links_of(self, batch: str, by: str, *, at: datetime) -> tuple[tuple[str, str, str, str], ...]:
        """Return user name, name, unit and link of everyone of an import who has not come yet."""
        lines: list[tuple[str, str, str, str]] = []
        while found := await self.store.of_batch(
            batch, by, at=at, after=lines[-1][0] if lines else "", at_most=_PAGE
        ):  # fmt: skip
            lines += [
                (who.username, who.name, who.unit_name, self.link(rules.token_of(self.key, one.id, who.sub)))
                for who, one in found
            ]
        return tuple(lines)

    def link(self, token: str) -> str:
        """Return the address of an invitation; its secret stands in the query, which no log of ours keeps."""
        return f"{self.issuer}/invitation?t={token}"
