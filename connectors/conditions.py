"""What is wrong with a system now, as conditions an incident is opened for. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors.availability import HolidayOn
from connectors.expiry import Expiry
from connectors.health import SystemStanding
from connectors.incidents import Condition, IncidentKey, IncidentKind
from connectors.ledger import DeskReason
from connectors.open_minutes import open_minutes

WAITS_TOO_LONG_MINUTES: Final = 60
"""Of opening hours, with nothing that was planned in the way."""
_PLANNED: Final = frozenset({"maintenance", "budget"})
WATCHED: Final[frozenset[IncidentKind]] = frozenset(
    {
        "breaker_open",
        "limit_at_risk",
        "waiting_too_long",
        "unknown_on_desk",
        "desk_overdue",
        "not_ready",
        "not_taken",
        "receipt_missing",
        "receipt_unreadable",
        "receipt_unknown",
        "reconciliation",
        "secret_expiry",
        "certificate_expiry",
    }
)
"""Kinds that are opened and closed by looking; the others are by whoever finds out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One system as it was found; `to_ask` counts the last reconciliation's lines that a person has to ask about."""

    standing: SystemStanding
    secrets: Sequence[Expiry] = ()
    to_ask: int = 0


def conditions(seen: Seen, *, at: datetime, offset: timedelta, holiday_on: HolidayOn) -> Iterator[Condition]:
    """Return everything that is wrong with one system."""
    yield from _of_deliveries(seen.standing, at=at, offset=offset, holiday_on=holiday_on)
    yield from _of_desk(seen.standing)
    for alarm in seen.standing.health.alarms:
        yield _condition(seen.standing, alarm.kind, count=alarm.count, detail=alarm.detail)
    if seen.to_ask:
        yield _condition(seen.standing, "reconciliation", count=seen.to_ask)
    yield from _of_expiry(seen, at)


def _of_deliveries(
    standing: SystemStanding, *, at: datetime, offset: timedelta, holiday_on: HolidayOn
) -> Iterator[Condition]:
    health = standing.health
    if health.breaker.stands(at) != "closed":
        yield _condition(standing, "breaker_open", detail=health.breaker.last_error)
    if health.limits is not None:
        yield _condition(standing, "limit_at_risk", count=health.limits.count)
    is_planned = any(hold.reason in _PLANNED and hold.until > at for hold in health.holds)
    if health.oldest_waiting_at is None or is_planned or standing.stands == "maintenance":
        return
    waited = open_minutes(
        standing.system.spec.availability,
        health.oldest_waiting_at + offset,
        at + offset,
        holiday_on,
        at_most=WAITS_TOO_LONG_MINUTES,
    )
    if waited >= WAITS_TOO_LONG_MINUTES:
        yield _condition(standing, "waiting_too_long", count=standing.waiting)


def _of_desk(standing: SystemStanding) -> Iterator[Condition]:
    unknown = standing.health.desk.get(DeskReason.UNKNOWN, 0)
    if unknown:
        yield _condition(standing, "unknown_on_desk", count=unknown)
    if standing.health.overdue:
        yield _condition(standing, "desk_overdue", count=standing.health.overdue)


def _of_expiry(seen: Seen, at: datetime) -> Iterator[Condition]:
    found: list[tuple[IncidentKind, Expiry]] = [("secret_expiry", each) for each in seen.secrets]
    sighting = seen.standing.health.certificate
    if sighting is not None:
        found.append(("certificate_expiry", Expiry(name="https", ends_at=sighting.not_after)))
    for kind, expiry in found:
        stage = expiry.stage(at)
        if stage is not None:
            days = expiry.days_left(at) or 0
            yield _condition(seen.standing, kind, subject=f"{expiry.name}@{stage}", count=max(days, 0))


def _condition(
    standing: SystemStanding, kind: IncidentKind, *, subject: str = "", count: int = 1, detail: str = ""
) -> Condition:
    key = IncidentKey(system=standing.system.id, kind=kind, subject=subject)
    return Condition(key=key, count=count, detail=detail)


def name_and_stage(subject: str) -> tuple[str, int | None]:
    """Return the name and the days an expiry's subject was made of (`mz-elder.hmac@7`)."""
    name, at_sign, stage = subject.rpartition("@")
    return (name, int(stage)) if at_sign and stage.isdigit() else (subject, None)


def superseded(key: IncidentKey, wanted: Iterable[IncidentKey]) -> bool:
    """Tell whether a graver stage of the same secret or certificate took this one's place."""
    name, stage = name_and_stage(key.subject)
    return stage is not None and any(
        (other.system, other.kind) == (key.system, key.kind)
        and name_and_stage(other.subject)[0] == name
        and (name_and_stage(other.subject)[1] or 0) < stage
        for other in wanted
    )
