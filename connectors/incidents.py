"""What goes wrong with a system, and what the people answerable for it are told: incidents and their alerts. Pure.

An incident belongs to a system, a kind and, where a system has several of one kind, a subject (the name of a secret).
Its way: open → clear (it seems over) → closed. It closes only after it has been clear for `DAMPING`; what comes back
before then is the same incident going on. So there are two alerts at most, however much a system flaps: one when it
opens, one when it has closed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from connectors.alarms import AlarmKind

IncidentKind = Literal[
    "breaker_open",
    "limit_at_risk",
    "waiting_too_long",
    "unknown_on_desk",
    "desk_overdue",
    AlarmKind,
    "reconciliation",
    "contract_drift",
    "secret_expiry",
    "certificate_expiry",
]
KINDS: Final[tuple[IncidentKind, ...]] = get_args(IncidentKind)
DAMPING: Final = timedelta(minutes=10)
AlertEvent = Literal["opened", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentKey:
    """What makes two incidents the same one; of each key at most one is not closed."""

    system: str
    kind: IncidentKind
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something found to be wrong now. `count` of what it is about; `detail` is a file's or class's name, 200 characters.

    Neither `detail` nor the key's `subject` ever names a person or a case.
    """

    key: IncidentKey
    count: int = 1
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """`cleared_at` is since when it seems over; `returns` counts how often it came back before it closed."""

    id: str
    key: IncidentKey
    count: int
    detail: str
    opened_at: datetime
    cleared_at: datetime | None = None
    closed_at: datetime | None = None
    returns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One line of the inbox: an incident opened or closed, `at` when it was told. Read or not belongs to one reader."""

    incident: Incident
    event: AlertEvent
    at: datetime
    is_read: bool
