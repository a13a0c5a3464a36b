"""Recovery codes: ten, each once, for the day the phone is lost (NIST SP 800-63B §5.1.2, look-up secrets)."""

import hmac
import re
from collections.abc import Callable
from typing import Final

HOW_MANY: Final = 10
# Crockford's base32: no letter that is read as another; twelve of them are 60 bits.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 12
_SHAPE = re.compile(rf"\A[{_ALPHABET}]{{{_LENGTH}}}\Z")
_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_codes(randbelow: Callable[[int], int]) -> tuple[str, ...]:
    """Return fresh codes as they are shown: three groups of four."""
    return tuple(_grouped("".join(_ALPHABET[randbelow(32)] for _ in range(_LENGTH))) for _ in range(HOW_MANY))


def tidied(text: str) -> str | None:
    """Return the code as it is compared, or None when it can't be one."""
    code = "".join(text.upper().split()).replace("-", "").translate(_ALIKE)
    return code if _SHAPE.match(code) else None


def hash_code(code: str, *, sub: str, key: bytes) -> str:
    """Return what is kept of a code; without our key a stolen table can't be searched through."""
    return hmac.new(key, f"{sub}\x1f{tidied(code) or ''}".encode(), "sha256").hexdigest()


def _grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, _LENGTH, 4))
