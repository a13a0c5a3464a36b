"""Which passwords may be set: long enough, none that is tried first, nothing about the account itself.

NIST SP 800-63B §5.1.1.2: length and a list of what guessers try count, mixtures of signs don't.
"""

import re
from enum import StrEnum
from typing import Final

LEAST_CHARACTERS: Final = 8
MOST_CHARACTERS: Final = 256

# What guessers try first, as words: digits and signs before and after them do not make them better.
_TRIED_FIRST: Final = """
    password passw0rd passwd p@ssword p@ssw0rd admin administrator root guest test user welcome letmein login
    qwerty qwertyuiop qazwsx qazwsxedc asdfgh asdfghjkl zxcvbn zxcvbnm qweasd qweasdzxc woaini woaini1314 iloveyou
    abc abcd abcdef abcdefg abcdefgh aaa a qq wang zhang yichuang onewindow chuangkou zhengwu china beijing nanjing
    monkey dragon master sunshine princess football baseball shadow superman trustno hello freedom whatever
"""
_COMMON: Final = frozenset(_TRIED_FIRST.split())
_ROWS: Final = ("01234567890", "09876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_TRIMMINGS: Final = re.compile(r"\A[\W\d_]*(.*?)[\W\d_]*\Z", re.DOTALL)


class PasswordFault(StrEnum):
    """Why a password can't be set; the page has a sentence for each."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"  # a word, row of keys, date or run that is tried first
    OWN_NAME = "own_name"  # holds the user name or the person's name
    SAME = "same"  # the one that is set already
    DIFFERENT = "different"  # the two inputs are not the same


def fault_of(password: str, *, username: str, name: str) -> PasswordFault | None:
    """Return what speaks against a new password, or None."""
    if len(password) < LEAST_CHARACTERS:
        return PasswordFault.SHORT
    if len(password) > MOST_CHARACTERS:
        return PasswordFault.LONG
    folded = password.casefold()
    if _is_common(folded):
        return PasswordFault.COMMON
    if any(len(word) > 1 and word in folded for word in (username.strip().casefold(), name.strip().casefold())):
        return PasswordFault.OWN_NAME
    return None


def _is_common(folded: str) -> bool:
    if len(set(folded)) < 4:
        return True
    trimmed = _TRIMMINGS.match(folded)
    core = trimmed[1] if trimmed else ""
    if core in _COMMON and len(folded) < len(core) + 7:
        return True
    if folded.isdigit() and len(folded) < 12:
        return True  # a date, a telephone number
    half = len(folded) // 2
    return any(folded in row or (folded[:half] * 2 == folded and folded[:half] in row) for row in _ROWS)
