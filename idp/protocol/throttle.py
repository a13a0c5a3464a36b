"""Bounds on password guessing, made so that a stranger can't lock a clerk out for good.

Attempts are counted before the password is looked at. A browser that signed in to the account before is counted
by itself; every other one by account and address, by address alone, and by account alone. The last bound closes
the account to unknown browsers only, for as long as the window lasts.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """At most `attempts` counted under `key` in a window of `within`."""

    key: str
    attempts: int
    within: timedelta


PAIR_ATTEMPTS: Final = 5
ADDRESS_ATTEMPTS: Final = 60
ACCOUNT_ATTEMPTS: Final = 50
KNOWN_BROWSER_ATTEMPTS: Final = 10
FACTOR_ATTEMPTS: Final = 5
FACTOR_DAY_ATTEMPTS: Final = 40
WINDOW: Final = timedelta(minutes=15)
DAY: Final = timedelta(days=1)


def sign_in_bounds(username: str, address: str, *, known_browser: str | None) -> tuple[Bound, ...]:
    """Return the bounds of one attempt; the first is forgotten after a good sign-in."""
    who, where = _short(username), _short(network_of(address))
    if known_browser is not None:
        return (Bound(key=f"attempts:browser:{_short(known_browser)}", attempts=KNOWN_BROWSER_ATTEMPTS, within=WINDOW),)
    return (
        Bound(key=f"attempts:pair:{who}:{where}", attempts=PAIR_ATTEMPTS, within=WINDOW),
        Bound(key=f"attempts:address:{where}", attempts=ADDRESS_ATTEMPTS, within=WINDOW),
        Bound(key=f"attempts:account:{who}", attempts=ACCOUNT_ATTEMPTS, within=WINDOW),
    )


def second_factor_bounds(sub: str) -> tuple[Bound, ...]:
    """Return the bounds of one one-time or recovery code; the first is forgotten after a right one.

    Only who has the password gets here, so a stranger can't use these to shut a clerk out. Forty guesses a day at
    a code of six digits, three of which count at any moment, are right once in some twenty years.
    """
    return (
        Bound(key=f"attempts:factor:{_short(sub)}", attempts=FACTOR_ATTEMPTS, within=WINDOW),
        Bound(key=f"attempts:factor-day:{_short(sub)}", attempts=FACTOR_DAY_ATTEMPTS, within=DAY),
    )


def passkey_bound(address: str) -> Bound:
    """Return the bound on passkey answers from one address: they can't be guessed, but each costs a look-up."""
    return Bound(key=f"attempts:passkey:{_short(network_of(address))}", attempts=ADDRESS_ATTEMPTS, within=WINDOW)


def counter_recovery_bounds(username: str, address: str) -> tuple[Bound, ...]:
    """Return the bounds of one try at the code of a recovery: it lives a quarter of an hour and has 120 bits."""
    who, where = _short(username), _short(network_of(address))
    return (
        Bound(key=f"attempts:recovery:{who}", attempts=FACTOR_ATTEMPTS * 2, within=WINDOW),
        Bound(key=f"attempts:recovery-address:{where}", attempts=ADDRESS_ATTEMPTS, within=WINDOW),
    )


def network_of(address: str) -> str:
    """Return the address, or the /64 of an IPv6 one: a single line holds that many."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
