"""Numbers a case is known by: the case number everybody may read, and the query code only the receipt shows.

320105007-241105-MZ004-000371     region, day of receipt, short code of the matter, sequence of that day
7KQ2M9XD                          eight characters that can't be mistaken for one another on paper
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from config.clock import SHANGHAI

QUERY_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Digits and capital letters without 0, O, 1, I and L."""

QUERY_CODE_LENGTH = 8
LAST_SEQUENCE = 999_999
_NUMBER = re.compile(r"([0-9]{9})-([0-9]{6})-([A-Z]{2,6}[0-9]{3})-([0-9]{6,9})")
LONGEST_NUMBER = 50
"""GB/T 39046-2020 gives a case number 50 characters at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNumber:
    region: str
    day: date
    short_code: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.region}-{self.day:%y%m%d}-{self.short_code}-{self.sequence:06d}"


def case_number(*, region: str, at: datetime, short_code: str, sequence: int) -> str:
    """Return the number of a case received at `at`; the day is Shanghai's, the region a 9-digit township.

    Raises:
        ValueError: the parts don't make a case number.
    """
    number = str(
        CaseNumber(region=region, day=at.astimezone(SHANGHAI).date(), short_code=short_code, sequence=sequence)
    )
    if not _NUMBER.fullmatch(number):
        raise ValueError("a case number needs a 9-digit region, a short code and a sequence")
    return number


def parse_case_number(text: str) -> CaseNumber | None:
    """Return the parts of a case number as a person typed it, None when it is none."""
    match = _NUMBER.fullmatch(normal_number(text))
    if match is None:
        return None
    region, day, short_code, sequence = match.groups()
    try:
        received = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError:
        return None
    return CaseNumber(region=region, day=received, short_code=short_code, sequence=int(sequence))


def normal_number(text: str) -> str:
    """Return a typed case number as it is kept: half-width, capital letters, plain hyphens, no spaces."""
    plain = unicodedata.normalize("NFKC", text[: LONGEST_NUMBER * 2])
    return re.sub(r"[\u2010-\u2015\u2212_]", "-", re.sub(r"\s+", "", plain)).upper()


def new_query_code(choose: Callable[[Sequence[str]], str]) -> str:
    """Return a fresh query code; `choose` is `secrets.choice` outside tests. 31^8 is more than 8·10^11."""
    return "".join(choose(QUERY_CODE_ALPHABET) for _ in range(QUERY_CODE_LENGTH))


def normal_query_code(text: str) -> str:
    """Return a typed query code as it is kept: half-width, capital letters, no spaces and hyphens."""
    plain = unicodedata.normalize("NFKC", text[: QUERY_CODE_LENGTH * 4])
    return re.sub(r"[\s-]", "", plain).upper()
