"""How sure the provider is who signed in: acr values, what each needs, and what a session has reached.

OpenID Connect Core §2 (acr, amr), §3.1.2.1 (acr_values, voluntary), §5.5.1.1 (essential), RFC 8176 (amr words),
RFC 9470 (a resource asks for more). The values are ordered: whoever reached one fulfils those below it.

    urn:onewindow:acr:password      one factor
    urn:onewindow:acr:two-factor    password and a one-time code
    urn:onewindow:acr:real-name-3   the same, by somebody whose papers were checked in person (实名等级 3)
    urn:onewindow:acr:passkey       a passkey that verified its owner; nothing that can be told on the telephone
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from idp.protocol.account import Account


class Strength(IntEnum):
    """How much was proven, regardless of whose account it is."""

    PASSWORD = 1
    TWO_FACTOR = 2
    PASSKEY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What an acr value needs: proofs of this strength, by an account of at least this 实名等级 (0 to 3)."""

    acr: str
    strength: Strength
    real_name_level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request asks for. `essential`: nothing else will do; `voluntary`: in order of preference."""

    essential: tuple[frozenset[str], ...] = ()
    voluntary: tuple[str, ...] = ()


PASSWORD: Final = "urn:onewindow:acr:password"  # noqa: S105 - an acr value
TWO_FACTOR: Final = "urn:onewindow:acr:two-factor"
REAL_NAME_3: Final = "urn:onewindow:acr:real-name-3"
PASSKEY: Final = "urn:onewindow:acr:passkey"
LEVELS: Final = (
    Level(acr=PASSWORD, strength=Strength.PASSWORD),
    Level(acr=TWO_FACTOR, strength=Strength.TWO_FACTOR),
    Level(acr=REAL_NAME_3, strength=Strength.TWO_FACTOR, real_name_level=3),
    Level(acr=PASSKEY, strength=Strength.PASSKEY),
)
SUPPORTED: Final = tuple(level.acr for level in LEVELS)
_BY_ACR: Final = {level.acr: level for level in LEVELS}
_BY_STRENGTH: Final = {level.strength: level.acr for level in LEVELS if not level.real_name_level}

# RFC 8176 §2; `pop` (proof of possession) is registered by OpenID EAP ACR Values §3. No attestation is asked for,
# so whether a passkey's key lives in hardware is not claimed.
AMR_PASSWORD: Final = ("pwd",)
AMR_ONE_TIME_CODE: Final = ("pwd", "otp", "mfa")
AMR_PASSKEY: Final = ("pop", "user", "mfa")


def strength_of(amr: Iterable[str]) -> Strength:
    """Return what the methods of a sign-in amount to."""
    methods = frozenset(amr)
    if "pop" in methods:
        return Strength.PASSKEY
    return Strength.TWO_FACTOR if "otp" in methods else Strength.PASSWORD


def acr_of(amr: Iterable[str]) -> str:
    """Return the acr a session has reached by itself."""
    return _BY_STRENGTH[strength_of(amr)]


def held(acr: str, account: Account) -> frozenset[str]:
    """Return every acr that somebody who reached `acr` fulfils with this account; empty for an unknown value."""
    reached = _BY_ACR.get(acr)
    if reached is None:
        return frozenset()
    return frozenset(
        level.acr
        for level in LEVELS
        if level.strength <= reached.strength and level.real_name_level <= account.real_name_level
    )


def told(wanted: Wanted, acr: str, account: Account) -> str:
    """Return the acr of the id_token: a value that was asked for where one is fulfilled, else what was reached.

    OpenID Connect Core §5.5.1.1: the answer to an essential request is one of the requested values.
    """
    if not wanted.essential and not wanted.voluntary:
        return acr
    fulfilled = held(acr, account)
    for choice in (*_strongest_first(wanted.essential), *wanted.voluntary):
        if choice in fulfilled:
            return choice
    return acr


def unmet(wanted: Wanted, acr: str, account: Account) -> tuple[frozenset[str], ...]:
    """Return the essential requests that are not fulfilled, each a set of values of which one would do."""
    if not wanted.essential:
        return ()
    fulfilled = held(acr, account)
    return tuple(choices for choices in wanted.essential if not choices & fulfilled)


def unmet_voluntary(wanted: Wanted, acr: str, account: Account) -> str | None:
    """Return the preferred voluntary value when none of them is fulfilled."""
    known = tuple(value for value in wanted.voluntary if value in _BY_ACR)
    return known[0] if known and not set(known) & held(acr, account) else None


def needed(choices: Iterable[str], account: Account) -> Strength | None:
    """Return the least strength with which this account fulfils one of the values; None when it never can."""
    levels = (_BY_ACR[acr] for acr in choices if acr in _BY_ACR)
    return min((level.strength for level in levels if level.real_name_level <= account.real_name_level), default=None)


def is_at_least(acr: str, least: str, account: Account) -> bool:
    """Tell whether `acr` fulfils `least` (RFC 9470 §3); an empty `least` asks for nothing."""
    return not least or least in held(acr, account)


def _strongest_first(essential: tuple[frozenset[str], ...]) -> list[str]:
    return sorted((acr for choices in essential for acr in choices if acr in _BY_ACR), key=SUPPORTED.index)[::-1]
