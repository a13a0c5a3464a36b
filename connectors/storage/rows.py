"""Between rows and the ledger's words."""

from datetime import datetime
from typing import Any

from sqlalchemy import Insert, RowMapping, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.engine import BreakerState
from connectors.ledger import Attempt, Delivery, DeliveryState, DeskReason, DeskTask, InboundEvent, Submission
from connectors.outcomes import OutcomeClass


def insert_new(connection: AsyncConnection, table: Table) -> Insert:
    """Return an INSERT that leaves an existing row alone; its rowcount tells whether it was new."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def delivery(row: RowMapping) -> Delivery:
    return Delivery(
        id=row["id"],
        submission_id=row["submission_id"],
        case_number=row["case_number"],
        position=row["position"],
        system=row["system"],
        operation=row["operation"],
        kind=row["kind"],
        key=row["sent_key"] or row["key"],
        state=DeliveryState(row["state"]),
        created_at=row["created_at"],
        next_attempt_at=row["next_attempt_at"],
        attempts=row["attempts"],
        probes=row["probes"],
        hold_reason=row["hold_reason"],
        department_number=row["department_number"],
        their_status=row["their_status"],
        status_at=row["status_at"],
        outcome=row["outcome"],
        message=row["message"],
        confirmed_at=row["confirmed_at"],
        updated_at=row["updated_at"],
        region=row["region"],
        known_as=row["known_as"] or "",
    )


def submission(row: RowMapping) -> Submission:
    return Submission(
        id=row["id"],
        case_number=row["case_number"],
        created_at=row["created_at"],
        content=row["content"],
        sha256=row["sha256"],
    )


def attempt(row: RowMapping) -> Attempt:
    return Attempt(
        delivery_id=row["delivery_id"],
        number=row["number"],
        kind=row["kind"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        outcome=OutcomeClass(row["outcome"]) if row["outcome"] else None,
        http_status=row["http_status"],
        error=row["error"],
        message=row["message"],
        duration_ms=row["duration_ms"],
        spec_version=row["spec_version"],
    )


def inbound_event(row: RowMapping) -> InboundEvent:
    return InboundEvent(
        system=row["system"],
        event_id=row["event_id"],
        source=row["source"],
        our_number=row["our_number"],
        department_number=row["department_number"],
        status=row["status"],
        message=row["message"],
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        facts=row["facts"],
    )


def desk_task(row: RowMapping, of: Delivery) -> DeskTask:
    return DeskTask(
        id=row["task_id"],
        delivery=of,
        reason=DeskReason(row["reason"]),
        unit=row["unit"],
        region=row["region"],
        matter_id=row["matter_id"],
        note=row["note"],
        created_at=row["task_created_at"],
        due_at=row["due_at"],
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        result=row["result"],
    )


def breaker(row: RowMapping) -> BreakerState:
    return BreakerState(
        faults=row["faults"],
        trips=row["trips"],
        open_until=row["open_until"],
        probing_until=row["probing_until"],
        last_error=row["last_error"],
    )


def breaker_values(state: BreakerState, at: datetime) -> dict[str, Any]:
    return {
        "faults": state.faults,
        "trips": state.trips,
        "open_until": state.open_until,
        "probing_until": state.probing_until,
        "last_error": state.last_error[:40],
        "changed_at": at,
    }
