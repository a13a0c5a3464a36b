"""An account: who an end-user is to relying parties."""

from dataclasses import dataclass
from datetime import datetime

from idp.protocol.contact import NO_CONTACT, Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's account. `sub` is opaque and never changes; roles, unit and region are claims.

    `real_name_level` is 实名等级, 0 to 3: how surely the person behind it is known; 3: papers checked in person.
    """

    sub: str
    username: str
    name: str
    unit: str
    unit_name: str
    region: str
    roles: frozenset[str]
    locale: str
    disabled: bool
    valid_from: datetime  # sessions and grants begun before this are dead (password changed, account stopped)
    real_name_level: int = 0
    contact: Contact = NO_CONTACT

    def honours(self, begun: datetime) -> bool:
        """Tell whether something begun at this moment still holds for the account."""
        return not self.disabled and begun >= self.valid_from


def fold_username(username: str) -> str:
    """Return the form usernames are compared in."""
    return username.strip().casefold()
