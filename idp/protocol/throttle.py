"""Bounds on password guessing, made so that a stranger can't lock a clerk out for good.

Attempts are counted before the password is looked at. A browser that signed in to the account before is counted
by itself; every other one by account and address, by address and its neighbourhood alone, and by account alone. The
last bounds close the account to unknown browsers only, for as long as their window lasts.
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
PAIR_DAY_ATTEMPTS: Final = 20
SITE_ATTEMPTS: Final = 240
ACCOUNT_DAY_ATTEMPTS: Final = 400
KNOWN_BROWSER_DAY_ATTEMPTS: Final = 60
FAILURES_TOLD_ONE_BY_ONE: Final = 1000
FACTOR_ATTEMPTS: Final = 5
USER_CODE_ATTEMPTS: Final = 10
FACTOR_DAY_ATTEMPTS: Final = 40
WINDOW: Final = timedelta(minutes=15)
DAY: Final = timedelta(days=1)


def sign_in_bounds(username: str, address: str, *, known_browser: str | None) -> tuple[Bound, ...]:
    """Return the bounds of one attempt; the first two are forgotten after a good sign-in.

    The waits grow: a quarter of an hour first, and until the day is over for who used up the bounds of a day. A
    stranger can use up what is counted by account alone, and so shut out browsers nobody knows yet; the clerk's own
    browser goes on, and recovery at the counter is always open.
    """
    who, where = _short(username), _short(network_of(address))
    if known_browser is not None:
        browser = f"{who}:{_short(known_browser)}"
        return (
            Bound(key=f"attempts:browser:{browser}", attempts=KNOWN_BROWSER_ATTEMPTS, within=WINDOW),
            Bound(key=f"attempts:browser-day:{browser}", attempts=KNOWN_BROWSER_DAY_ATTEMPTS, within=DAY),
        )
    return (
        Bound(key=f"attempts:pair:{who}:{where}", attempts=PAIR_ATTEMPTS, within=WINDOW),
        Bound(key=f"attempts:pair-day:{who}:{where}", attempts=PAIR_DAY_ATTEMPTS, within=DAY),
        Bound(key=f"attempts:address:{where}", attempts=ADDRESS_ATTEMPTS, within=WINDOW),
        Bound(key=f"attempts:site:{_short(site_of(address))}", attempts=SITE_ATTEMPTS, within=WINDOW),
        Bound(key=f"attempts:account:{who}", attempts=ACCOUNT_ATTEMPTS, within=WINDOW),
        Bound(key=f"attempts:account-day:{who}", attempts=ACCOUNT_DAY_ATTEMPTS, within=DAY),
    )


def failure_counters(username: str) -> tuple[Bound, Bound]:
    """Return what failed sign-ins are counted under for the audit: this user name's, and everyone's."""
    return (
        Bound(key=f"attempts:failed:{_short(username)}", attempts=0, within=WINDOW),
        Bound(key="attempts:failed-everywhere", attempts=FAILURES_TOLD_ONE_BY_ONE, within=WINDOW),
    )


def failure_is_told(attempts: int, everywhere: int) -> bool:
    """Tell whether this failed sign-in gets a row in the audit: the first, second, fourth, eighth … of a user name.

    When failures rain, only each doubling of them all does, so that guessing can't fill the disk. Whether the user
    name exists plays no part, for writing a row takes time that could be measured.
    """
    is_power = attempts & (attempts - 1) == 0
    return is_power and (everywhere <= FAILURES_TOLD_ONE_BY_ONE or everywhere & (everywhere - 1) == 0)


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


def device_bound(client_id: str, address: str) -> Bound:
    """Return the bound on device authorizations begun at one address for one client."""
    key = f"attempts:device:{_short(client_id)}:{_short(network_of(address))}"
    return Bound(key=key, attempts=ADDRESS_ATTEMPTS, within=WINDOW)


def user_code_bounds(sub: str, address: str) -> tuple[Bound, ...]:
    """Return the bounds of one try at the code of a device (RFC 8628 §5.1): of 34 bits, tried by signed-in people."""
    return (
        Bound(key=f"attempts:user-code:{_short(sub)}", attempts=USER_CODE_ATTEMPTS, within=WINDOW),
        Bound(
            key=f"attempts:user-code-address:{_short(network_of(address))}", attempts=ADDRESS_ATTEMPTS, within=WINDOW
        ),
    )


def registration_bound(address: str) -> Bound:
    """Return the bound on registration tokens that do not hold, from one address."""
    return Bound(key=f"attempts:registration:{_short(network_of(address))}", attempts=ADDRESS_ATTEMPTS, within=WINDOW)


def network_of(address: str) -> str:
    """Return the address, or the /64 of an IPv6 one: a single line holds that many."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def site_of(address: str) -> str:
    """Return the /48 of an IPv6 address, which one customer may be given whole; an IPv4 address is its own."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 48), strict=False))
    return network_of(address)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
