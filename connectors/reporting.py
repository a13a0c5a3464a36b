"""From a message, row or line of a department to the event the ledger receives."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from connectors.extracting import extract
from connectors.fanout import Announcement
from connectors.ledger import EventSource, InboundEvent
from connectors.system import Callback, Report

LONGEST_ID: Final = 100
LONGEST_STATUS: Final = 60
LONGEST_NUMBER: Final = 50
LONGEST_TEXT: Final = 500
LONGEST_REGION: Final = 12


def event_of(
    report: Report, variables: Mapping[str, object], *, system: str, source: EventSource, at: datetime
) -> InboundEvent | None:
    """Return what the message says; None when it lacks event, status or a number of the case."""
    event_id, status = extract(report.event_id, variables), extract(report.status, variables)
    our_number = extract(report.our_number, variables)
    department_number = extract(report.department_number, variables)
    if not event_id or not status or not (our_number or department_number):
        return None
    return InboundEvent(
        system=system,
        event_id=kept_id(event_id),
        source=source,
        our_number=our_number[:LONGEST_NUMBER],
        department_number=department_number[:LONGEST_ID],
        status=status[:LONGEST_STATUS],
        message=extract(report.message, variables)[:LONGEST_TEXT],
        occurred_at=moment(extract(report.occurred_at, variables)),
        received_at=at,
        facts={name: text[:LONGEST_TEXT] for name, e in report.facts.items() if (text := extract(e, variables))},
    )


def announcement_of(
    callback: Callback, variables: Mapping[str, object], *, system: str, at: datetime
) -> Announcement | None:
    """Return what they tell of a person by themselves; None when the message is about a case, or lacks its number."""
    for each in callback.announcements:
        event_id = extract(each.event_id, variables) if each.when.holds(variables) else ""
        if event_id:
            return Announcement(
                kind=each.kind,
                system=system,
                event_id=kept_id(event_id),
                items={item: text for item, e in each.items.items() if (text := extract(e, variables)[:LONGEST_TEXT])},
                region=extract(each.region, variables)[:LONGEST_REGION],
                received_at=at,
            )
    return None


def kept_id(event_id: str) -> str:
    """Return an event's id as it is kept; the end of a long one still tells it from others that begin the same."""
    if len(event_id) <= LONGEST_ID:
        return event_id
    digest = hashlib.sha256(event_id.encode()).hexdigest()[:32]
    return f"{event_id[: LONGEST_ID - len(digest) - 1]}:{digest}"


def moment(text: str) -> datetime | None:
    """Return the moment of ISO text with a zone, None for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
