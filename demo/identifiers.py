"""Numbers that pass every check and belong to nobody: identity, credit code, phone, bank account, certificates.

Each stands on ground no authority has given out, so that no generated number can be a real person's or body's.
"""

import random
import string
from datetime import date

UNASSIGNED_REGION = "99"
"""GB/T 2260 ends at 82 (Macao); 99 has never been a province and 83 (Taiwan residents) is the highest prefix in use."""

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def digits(rng: random.Random, count: int) -> str:
    """Return `count` decimal digits, leading zeros included."""
    return "".join(rng.choices(string.digits, k=count))


def id_check_character(first_17: str) -> str:
    """Return the 18th character of an identity number. Source: GB 11643-1999 §4.2.4."""
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, first_17, strict=True))
    return _ID_CHECKS[total % 11]


def id_number(rng: random.Random, *, birth_date: date, is_male: bool) -> str:
    """Return an identity number of that birth and sex in the unassigned region 99xxxx."""
    order = rng.randrange(500) * 2 + int(is_male)  # the 17th digit is odd for men
    first_17 = f"{UNASSIGNED_REGION}{digits(rng, 4)}{birth_date:%Y%m%d}{order:03d}"
    return first_17 + id_check_character(first_17)


def _body_check_character(first_8: str) -> str:
    total = sum(w * _body_value(c) for w, c in zip(_BODY_WEIGHTS, first_8, strict=True))
    return "0123456789X0"[11 - total % 11]


def _body_value(character: str) -> int:
    # GB 11714 counts A as 10 and leaves no letter out, unlike the outer code's alphabet.
    return int(character, 36)


def uscc_check_character(first_17: str) -> str:
    """Return the 18th character of a unified social credit code. Source: GB 32100-2015 §4.2.5 and annex A."""
    total = sum(pow(3, i, 31) * _USCC_ALPHABET.index(c) for i, c in enumerate(first_17))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def uscc(rng: random.Random) -> str:
    """Return the credit code of an enterprise (91…) registered in the unassigned region 99xxxx."""
    body = "".join(rng.choices(_USCC_ALPHABET, k=8))
    first_17 = f"91{UNASSIGNED_REGION}{digits(rng, 4)}{body}{_body_check_character(body)}"
    return first_17 + uscc_check_character(first_17)


def phone(rng: random.Random) -> str:
    """Return a mobile number in 194 00xx xxxx: it has the shape 1[3-9]…, and 194 is in no operator's allotment."""
    return f"19400{digits(rng, 6)}"


def bank_account(rng: random.Random) -> str:
    """Return a 19-digit card number that passes Luhn. Source: ISO/IEC 7812-1 annex B.

    It starts with 9999: 9 means "assigned by a national body, three-digit country code next", and there is no country 999.
    """
    first_18 = f"9999{digits(rng, 14)}"
    return first_18 + _luhn_check_digit(first_18)


def _luhn_check_digit(payload: str) -> str:
    doubled = (int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(payload)))
    return str(-sum(d // 10 + d % 10 for d in doubled) % 10)


def disability_cert_no(id_number: str, *, disability_type: str, disability_level: str) -> str:
    """Return the 20 characters of a disability certificate: identity number, category, level."""
    return f"{id_number}{disability_type}{disability_level}"


def birth_cert_no(rng: random.Random) -> str:
    """Return a birth certificate number: a letter and nine digits; the issued series never reached Z99."""
    return f"Z99{digits(rng, 7)}"
