"""What a person can prove besides the password, and what a sign-in still owes.

Who has set up a one-time code or a passkey is asked for it at every password sign-in, whatever the system asks:
else a stolen password would open everything that asks for less, the page where factors are removed included.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idp.protocol.acr import Strength, strength_of
from idp.protocol.session import Session

FRESH: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What is set up for an account."""

    totp: bool = False
    passkeys: int = 0
    recovery_codes: int = 0  # how many are left

    @property
    def any(self) -> bool:
        """Recovery codes alone are no factor: they stand in for one."""
        return self.totp or self.passkeys > 0

    @property
    def strength(self) -> Strength:
        """The most a sign-in with them can reach; a one-time or recovery code goes with the password."""
        if self.passkeys:
            return Strength.PASSKEY
        return Strength.TWO_FACTOR if self.totp else Strength.PASSWORD


NONE: Final = Factors()


def is_fresh(session: Session, factors: Factors, *, at: datetime) -> bool:
    """Tell whether a sign-in is recent and strong enough to change how this account signs in.

    A session begun before a factor was set up elsewhere knows nothing of it, so it is not enough.
    """
    strong_enough = not factors.any or strength_of(session.amr) > Strength.PASSWORD
    return strong_enough and at - session.auth_time <= FRESH
