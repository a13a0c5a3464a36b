"""Recovery at the counter: for somebody who lost password and every second factor.

    STARTED   one person held the identity card against the one before him, and was shown the first half of the code
    APPROVED  another one did the same, and was shown the second half; from here 15 minutes
    USED      the person typed both halves and a new password; every second factor of before is gone

Neither of the two knows the other's half, so neither can take the account over alone. No mail, no telephone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from idp.protocol.account import Account
from idp.protocol.administration import Forbidden, refuses_recovery

LIFETIME: Final = timedelta(minutes=15)


class RecoveryRefusal(StrEnum):
    """Why a step is refused; the page has a sentence for each."""

    SAME_PERSON = "same_person"  # who started it can't approve it
    GONE = "gone"  # expired, cancelled, used, or approved already
    UNCHECKED = "unchecked"  # the identity card was not held against the person
    DISABLED = "disabled"  # a stopped account is not recovered but enabled


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRecovery:
    """One recovery. The halves of the code are kept as HMACs."""

    id: str
    sub: str
    started_by: str
    started_at: datetime
    expires_at: datetime
    first_hash: str
    approved_by: str = ""
    approved_at: datetime | None = None
    second_hash: str = ""
    used_at: datetime | None = None
    cancelled_at: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        """Tell whether it still waits for approval or for the person."""
        return at < self.expires_at and self.used_at is None and self.cancelled_at is None


def refuses_start(actor: Account, account: Account, *, card_checked: bool) -> Forbidden | RecoveryRefusal | None:
    """Return why `actor` may not start a recovery of `account`, or None."""
    if (forbidden := refuses_recovery(actor, account)) is not None:
        return forbidden
    if account.disabled:
        return RecoveryRefusal.DISABLED
    return None if card_checked else RecoveryRefusal.UNCHECKED


def refuses_approval(
    actor: Account, account: Account, recovery: CounterRecovery, *, card_checked: bool, at: datetime
) -> Forbidden | RecoveryRefusal | None:
    """Return why `actor` may not approve this recovery, or None: two different people, neither of them the person."""
    if (refusal := refuses_start(actor, account, card_checked=True)) is not None:
        return refusal
    if actor.sub == recovery.started_by:
        return RecoveryRefusal.SAME_PERSON
    if not recovery.is_open(at) or recovery.approved_by:
        return RecoveryRefusal.GONE
    return None if card_checked else RecoveryRefusal.UNCHECKED
