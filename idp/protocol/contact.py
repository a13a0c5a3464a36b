"""How a person is reached: the claims of the scopes email, phone and address (OpenID Connect Core §5.1, §5.4).

What is not known is left out of every answer; `*_verified` says whether somebody checked that it is the person's.
"""

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Final

_EMAIL = re.compile(r"\A[^\s@\x00-\x1f\x7f<>\"(),:;\\]{1,64}@[A-Za-z0-9.-]{1,190}\Z")
_PHONE = re.compile(r"\A\+[0-9]{6,15}\Z")  # E.164, which OpenID Connect Core §5.1 recommends
_AT_MOST: Final = 200


class ContactRefused(ValueError):
    """An address or number that can't be one; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """OpenID Connect Core §5.1.1; what is empty is unknown. `country` is a name or an ISO 3166 code."""

    formatted: str = ""
    street_address: str = ""
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""

    def claims(self) -> dict[str, str]:
        """Return what is known of it under its names."""
        return {name: value for name in _ADDRESS_LINES if (value := getattr(self, name))}


_ADDRESS_LINES: Final = tuple(line.name for line in fields(Address))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What an account knows of it."""

    email: str = ""
    email_verified: bool = False
    phone_number: str = ""
    phone_number_verified: bool = False
    address: Address = field(default_factory=Address)

    def claims(self) -> dict[str, object]:
        """Return the known claims under their names; a verified flag stands beside a value only."""
        found: dict[str, object] = {}
        if self.email:
            found |= {"email": self.email, "email_verified": self.email_verified}
        if self.phone_number:
            found |= {"phone_number": self.phone_number, "phone_number_verified": self.phone_number_verified}
        if address := self.address.claims():
            found["address"] = address
        return found


NO_CONTACT: Final = Contact()


def check(contact: Contact) -> None:
    """Check that addresses and numbers can be some.

    Raises:
        ContactRefused: see there.
    """
    if contact.email and not _EMAIL.match(contact.email):
        raise ContactRefused(f"{contact.email!r}: not an e-mail address")
    if contact.phone_number and not _PHONE.match(contact.phone_number):
        raise ContactRefused(f"{contact.phone_number!r}: write the number as +8613800000000 (E.164)")
    if any(len(value) > _AT_MOST or "\x00" in value for value in asdict(contact.address).values()):
        raise ContactRefused(f"address: at most {_AT_MOST} characters a line")
    if (contact.email_verified and not contact.email) or (contact.phone_number_verified and not contact.phone_number):
        raise ContactRefused("verified: there is nothing that could be")
