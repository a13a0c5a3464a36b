"""How long secrets and certificates still hold. `<name>.expires` beside a secret says when it ends.

The sidecar holds one line: a day (`2026-12-31`, to its end in Beijing) or a moment with its zone. A secret that is a
certificate needs none. What has neither has no end that we know of, and is shown so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from config.clock import SHANGHAI
from connectors.certificates import not_after
from connectors.errors import SecretMissing
from connectors.secrets_dir import Secrets

STAGES: Final = (1, 7, 30)
"""Days before the end at which the people answerable are told, once each."""
Wrong = Literal["", "missing", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """When one secret or certificate ends, None when nobody said. `is_changing`: its successor is in place already.

    `wrong`: the deployment lacks it, or its sidecar can't be read.
    """

    name: str
    ends_at: datetime | None
    is_certificate: bool = False
    is_changing: bool = False
    wrong: Wrong = ""

    def days_left(self, at: datetime) -> int | None:
        """Return the whole days left, negative once it has ended; None when its end is not known."""
        return None if self.ends_at is None else (self.ends_at - at) // timedelta(days=1)

    def stage(self, at: datetime) -> int | None:
        """Return the nearest of `STAGES` it is within; None while there is time enough."""
        return (
            None if self.ends_at is None else next((n for n in STAGES if self.ends_at - at <= timedelta(days=n)), None)
        )


def expiries(names: Sequence[str], secrets: Secrets) -> list[Expiry]:
    """Return how the named secrets stand, in that order; only their dates leave this function."""
    return [_expiry(name, secrets) for name in names]


def _expiry(name: str, secrets: Secrets) -> Expiry:
    try:
        content = secrets.current(name)
        is_changing = len(secrets.believed(name)) > 1
    except SecretMissing:
        return Expiry(name=name, ends_at=None, wrong="missing")
    certified = not_after(content)
    try:
        said = read_end(secrets.current(f"{name}.expires").decode())
    except SecretMissing:
        said = None
    except ValueError:
        return Expiry(
            name=name, ends_at=certified, is_certificate=certified is not None, is_changing=is_changing,
            wrong="unreadable",
        )  # fmt: skip
    ends = [each for each in (certified, said) if each is not None]
    return Expiry(
        name=name, ends_at=min(ends, default=None), is_certificate=certified is not None, is_changing=is_changing
    )


def read_end(text: str) -> datetime:
    """Return the moment a sidecar names.

    Raises:
        ValueError: it names none.
    """
    line = text.strip()
    if len(line) == len("2026-12-31"):
        return datetime.combine(date.fromisoformat(line) + timedelta(days=1), time(), SHANGHAI)
    moment = datetime.fromisoformat(line)
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment
