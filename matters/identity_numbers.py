"""Identity numbers: citizens (GB 11643-1999), bodies (GB 32100-2015 with GB 11714 inside), and bank cards (Luhn)."""

import re
from datetime import date

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECK_CHARACTERS = "10X98765432"
_ID_SHAPE = re.compile(r"[0-9]{17}[0-9X]")

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
BODY_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_USCC_SHAPE = re.compile(rf"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}")

# First two digits of GB/T 2260, and 81, 82, 83 of residence permits for people from Hong Kong, Macao and Taiwan.
# Counties are renamed and merged, so nothing finer is looked at, and even this only ever warns.
_PROVINCES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71"
_RESIDENCE_PERMITS = "81 82 83"
KNOWN_PREFIXES = frozenset(f"{_PROVINCES} {_RESIDENCE_PERMITS}".split())


def has_id_shape(number: str) -> bool:
    """Tell whether `number` is 17 digits and a digit or X."""
    return _ID_SHAPE.fullmatch(number) is not None


def id_check_character(first_seventeen: str) -> str:
    """Return the check character of 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(ID_WEIGHTS, first_seventeen, strict=True))
    return ID_CHECK_CHARACTERS[total % 11]


def is_id_checksum_right(number: str) -> bool:
    """Tell whether the 18th character fits; `number` has the shape."""
    return id_check_character(number[:17]) == number[17]


def id_birth_date(number: str) -> date | None:
    """Return the birth date in an identity number, None when it is no real date."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def id_gender(number: str) -> str:
    """Return the gender in an identity number, as GB/T 2261.1 codes it: 1 male, 2 female."""
    return "1" if int(number[16]) % 2 else "2"


def is_known_prefix(number: str) -> bool:
    """Tell whether the number starts with a province we know of."""
    return number[:2] in KNOWN_PREFIXES


def age_on(birth: date, day: date) -> int:
    """Return the years completed on `day`; who was born on 29 February completes one on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def has_uscc_shape(code: str) -> bool:
    """Tell whether `code` is 18 characters, each of the set its place allows."""
    return _USCC_SHAPE.fullmatch(code) is not None


def uscc_check_character(first_seventeen: str) -> str:
    """Return the check character of a unified social credit code (GB 32100-2015 §4.6)."""
    total = sum(
        weight * USCC_ALPHABET.index(character) for weight, character in zip(USCC_WEIGHTS, first_seventeen, strict=True)
    )
    return USCC_ALPHABET[-total % 31]


def body_check_character(first_eight: str) -> str:
    """Return the check character of a 9-character body code (GB 11714): 10 is written X, 11 is 0."""
    total = sum(
        weight * BODY_ALPHABET.index(character) for weight, character in zip(BODY_WEIGHTS, first_eight, strict=True)
    )
    return "0123456789X0"[11 - total % 11]


def is_uscc_checksum_right(code: str) -> bool:
    """Tell whether both check characters fit; `code` has the shape."""
    return uscc_check_character(code[:17]) == code[17] and body_check_character(code[8:16]) == code[16]


def is_luhn_right(digits: str) -> bool:
    """Tell whether a card number passes ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
