"""One-time codes by time (RFC 6238): SHA-1, six digits, 30 seconds, one step either way.

SHA-1 and six digits are what every authenticator app agrees on; HMAC-SHA-1 is not what collisions broke (RFC 6238 §1.2).
"""

import hmac
import re
from datetime import datetime
from typing import Final

from pyotp import TOTP, random_base32

INTERVAL_SECONDS: Final = 30
WINDOW_STEPS: Final = 1  # RFC 6238 §5.2: at most one for the network and for clocks
_CODE = re.compile(r"\A[0-9]{6}\Z")


def new_secret() -> str:
    """Return a key of 160 random bits in base32 (RFC 4226 §4 R6)."""
    return random_base32(32)


def step_at(at: datetime) -> int:
    """Return the time step T (RFC 6238 §4.2)."""
    return int(at.timestamp()) // INTERVAL_SECONDS


def code_at(secret: str, step: int) -> str:
    """Return the code of a step."""
    return TOTP(secret).generate_otp(step)


def matching_step(secret: str, code: str, *, at: datetime) -> int | None:
    """Return the step whose code this is, or None; the caller makes sure that the step was never used before."""
    tidy = tidied(code)
    if not _CODE.match(tidy):
        return None
    now = step_at(at)
    # Every step is compared, so that the time tells nothing about which one it was.
    fits = [
        step
        for step in range(now - WINDOW_STEPS, now + WINDOW_STEPS + 1)
        if hmac.compare_digest(code_at(secret, step), tidy)
    ]
    return fits[-1] if fits else None


def is_code(text: str) -> bool:
    """Tell whether this looks like a one-time code rather than a recovery code."""
    return bool(_CODE.match(tidied(text)))


def tidied(code: str) -> str:
    """Return the code without the blanks that apps show and full-width digits that input methods type."""
    return "".join(code.split()).translate(_NARROW)


def provisioning_uri(secret: str, *, username: str, issuer_name: str) -> str:
    """Return the otpauth:// address an authenticator app reads."""
    return TOTP(secret).provisioning_uri(name=username, issuer_name=issuer_name)


def grouped(secret: str) -> str:
    """Return the key in groups of four, for typing it in."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


_NARROW: Final = {0xFF10 + digit: str(digit) for digit in range(10)}
