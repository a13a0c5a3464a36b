"""Who looked at a case's personal data in full, when, and for what reason: kept before anything is shown."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One look. `sub` and `by` are the clerk's account and name, `reason` is in their words and stays in the database."""

    case_number: str
    sub: str
    by: str
    unit: str
    reason: str = field(repr=False)
    at: datetime
