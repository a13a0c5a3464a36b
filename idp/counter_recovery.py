"""Recovery at the counter: two people vouch, the third types both halves of the code and a new password."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from secrets import randbelow, token_urlsafe

from idp.passwords import Passwords
from idp.protocol import counter_recovery as rules
from idp.protocol.account import Account, fold_username
from idp.protocol.account_ports import AccountDirectory, AccountStore, CounterRecoveryStore
from idp.protocol.administration import Forbidden, refuses_recovery
from idp.protocol.audit import AuditEvent, AuditKind
from idp.protocol.counter_recovery import CounterRecovery, RecoveryRefusal
from idp.protocol.password_rules import PasswordFault, fault_of
from idp.protocol.recovery_code import hash_code, new_codes
from idp.protocol.session_ports import Attempts
from idp.protocol.throttle import counter_recovery_bounds


class Denied(StrEnum):
    """Why nobody recovered; the page has a sentence for each."""

    MISSING = "missing"
    WRONG = "wrong"  # no such person, code or approval: the same answer
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRecoveries:
    """The use cases over the stores; `code_key` makes what is kept of a code worthless without it."""

    store: CounterRecoveryStore
    accounts: AccountStore
    directory: AccountDirectory
    attempts: Attempts
    passwords: Passwords
    code_key: bytes = field(repr=False)

    async def start(
        self, actor: Account, account: Account, *, card_checked: bool, at: datetime
    ) -> str | Forbidden | RecoveryRefusal:
        """Start one and return the first half of the code, shown this once."""
        if (refusal := rules.refuses_start(actor, account, card_checked=card_checked)) is not None:
            return refusal
        recovery_id, code = token_urlsafe(16), self._code()
        recovery = CounterRecovery(
            id=recovery_id, sub=account.sub, started_by=actor.sub, started_at=at, expires_at=at + rules.LIFETIME,
            first_hash=self._hash(recovery_id, "first", code),
        )  # fmt: skip
        event = AuditEvent(kind=AuditKind.RECOVERY_STARTED, sub=account.sub, by=actor.sub, at=at)
        await self.store.start(recovery, audited=(event,))
        return code

    async def approve(
        self, actor: Account, recovery_id: str, *, card_checked: bool, at: datetime
    ) -> tuple[Account, str] | Forbidden | RecoveryRefusal:
        """Approve one and return whose it is and the second half of the code, shown this once."""
        recovery = await self.store.get(recovery_id)
        listed = await self.directory.one(recovery.sub) if recovery else None
        if recovery is None or listed is None:
            return RecoveryRefusal.GONE
        account = listed.account
        if (refusal := rules.refuses_approval(actor, account, recovery, card_checked=card_checked, at=at)) is not None:
            return refusal
        code = self._code()
        event = AuditEvent(kind=AuditKind.RECOVERY_APPROVED, sub=account.sub, by=actor.sub, at=at)
        approved = await self.store.approve(
            recovery_id, by=actor.sub, second_hash=self._hash(recovery_id, "second", code),
            expires_at=at + rules.LIFETIME, at=at, audited=(event,),
        )  # fmt: skip
        return (account, code) if approved else RecoveryRefusal.GONE

    async def cancel(self, actor: Account, recovery_id: str, *, at: datetime) -> Forbidden | RecoveryRefusal | None:
        """Cancel one that is open; None when it is cancelled now."""
        recovery = await self.store.get(recovery_id)
        listed = await self.directory.one(recovery.sub) if recovery else None
        if recovery is None or listed is None:
            return RecoveryRefusal.GONE
        if (forbidden := refuses_recovery(actor, listed.account)) is not None:
            return forbidden
        event = AuditEvent(kind=AuditKind.RECOVERY_CANCELLED, sub=recovery.sub, by=actor.sub, at=at)
        return None if await self.store.cancel(recovery_id, at=at, audited=(event,)) else RecoveryRefusal.GONE

    async def use(
        self, username: str, first: str, second: str, password: str, again: str, *, address: str, at: datetime
    ) -> Account | Denied | PasswordFault:
        """Take both halves and a new password; every second factor of before is removed in the same transaction."""
        folded = fold_username(username)
        if not folded or not first.strip() or not second.strip() or not password:
            return Denied.MISSING
        bounds = counter_recovery_bounds(folded, address)
        hits = [await self.attempts.count(bound) for bound in bounds]
        if any(hit > bound.attempts for hit, bound in zip(hits, bounds, strict=True)):
            return Denied.THROTTLED
        found = await self.accounts.by_username(folded[:64])
        recovery = await self.store.approved_for(found[0].sub, at=at) if found else None
        if found is None or recovery is None or not self._fits(recovery, first, second):
            return Denied.WRONG
        account = found[0]
        fault = fault_of(password, username=account.username, name=account.name)
        if fault is None and password != again:
            fault = PasswordFault.DIFFERENT
        if fault is not None:
            return fault
        events = (
            AuditEvent(kind=AuditKind.RECOVERY_USED, sub=account.sub, at=at),
            AuditEvent(kind=AuditKind.FACTOR_REMOVED, sub=account.sub, detail={"factor": "all", "reason": "recovery"}, at=at),
            AuditEvent(kind=AuditKind.PASSWORD_CHANGED, sub=account.sub, detail={"via": "recovery"}, at=at),
        )  # fmt: skip
        password_hash = await self.passwords.hash(password)
        used = await self.store.use(recovery.id, password_hash=password_hash, at=at, audited=events)
        fresh = await self.accounts.get(account.sub) if used else None
        return fresh if fresh is not None else Denied.WRONG

    def _fits(self, recovery: CounterRecovery, first: str, second: str) -> bool:
        given = self._hash(recovery.id, "first", first) + self._hash(recovery.id, "second", second)
        return hmac.compare_digest(given.encode(), (recovery.first_hash + recovery.second_hash).encode())

    def _hash(self, recovery_id: str, half: str, code: str) -> str:
        return hash_code(code, sub=f"{recovery_id}:{half}", key=self.code_key)

    def _code(self) -> str:
        return new_codes(randbelow)[0]
