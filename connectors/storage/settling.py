"""Writing what an attempt or a report came to: attempt, delivery, case and desk task in one commit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from config import logs
from connectors.inbound import Applied, apply_event, may_apply, status_at
from connectors.ledger import (
    NOTICE_KINDS,
    SUPPLEMENT_TASKS,
    Delivery,
    DeliveryState,
    DeskReason,
    InboundEvent,
    Lease,
    LeaseLost,
    Result,
)
from connectors.ports import DueOn
from connectors.reporting import kept_id
from connectors.storage import rows
from connectors.storage.case_moves import CaseMoves, Report
from connectors.storage.claims import cancel_withdrawals, held_by
from connectors.storage.desk import close_tasks, open_task
from connectors.storage.nothing_awaited import await_no_more
from connectors.storage.tables import attempts, deliveries, inbound
from connectors.system import System

log = logs.get(__name__)
_NOT_THERE = frozenset({DeliveryState.QUEUED, DeliveryState.WAIT, DeliveryState.HELD})
ENDED = frozenset({DeliveryState.CONFIRMED, DeliveryState.PENDING_RESULT, DeliveryState.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What every write of a result needs besides the connection."""

    systems: Mapping[str, System]
    cases: CaseMoves
    due_on: DueOn


async def settle(
    connection: AsyncConnection, settling: Settling, lease: Lease, result: Result, *, at: datetime, duration_ms: int
) -> Delivery:
    """Write `result` under the lease, move the case, apply reports that came before the answer.

    Raises:
        LeaseLost: somebody else has the delivery; nothing is written.
    """
    row = await _write_delivery(connection, lease, result, at)
    await _finish_attempt(connection, lease, result, at=at, duration_ms=duration_ms)
    delivery = rows.delivery(row)
    system = settling.systems[delivery.system].in_region(delivery.region)
    await settling.cases.report(
        connection,
        delivery.case_number,
        reports_of(result, delivery, system),
        at=at,
        by=delivery.system,
    )
    if delivery.kind == "submit" and delivery.state in _NOT_THERE:
        row = await _cancel_if_withdrawn(connection, row, at)
    if delivery.kind == "withdraw" and delivery.state is DeliveryState.CONFIRMED:
        await await_no_more(connection, delivery.case_number, at=at, system=delivery.system)
    if result.desk is not None:
        await open_task(connection, row, result.desk, note=result.outcome.message, at=at, due_at=settling.due_on(at))
    if delivery.state in ENDED:
        await close_tasks(
            connection, delivery.id, reasons=SETTLED_BY_ANSWER, by=delivery.system, result="settled", at=at
        )
    return await apply_waiting(connection, settling, row, at=at)


SETTLED_BY_ANSWER = (DeskReason.UNKNOWN, DeskReason.GAVE_UP, DeskReason.INVALID)


async def _cancel_if_withdrawn(connection: AsyncConnection, row: Any, at: datetime) -> Any:
    """Send no more what the applicant took back meanwhile: the department does not have it."""
    if not await cancel_withdrawals(connection, row["case_number"], at):
        return row
    changed = await connection.execute(
        update(deliveries)
        .where(deliveries.c.id == row["id"])
        .values(state=DeliveryState.CANCELLED.value, next_attempt_at=None, hold_reason="", updated_at=at)
        .returning(deliveries)
    )
    return changed.mappings().one()


def delivery_values(result: Result, at: datetime) -> dict[str, Any]:
    """Return what a result writes into its delivery's row; the lease is given back with it."""
    outcome = result.outcome
    values: dict[str, Any] = {
        "state": result.state.value,
        "next_attempt_at": result.next_attempt_at,
        "hold_reason": result.hold_reason,
        "lease_owner": None,
        "lease_until": None,
        "outcome": outcome.kind.value,
        "message": outcome.message,
        "updated_at": at,
    }
    if outcome.department_number:
        values["department_number"] = outcome.department_number[:100]
    if result.state in ENDED:
        values |= {"confirmed_at": at, "next_poll_at": result.next_poll_at}
    return values


async def _write_delivery(connection: AsyncConnection, lease: Lease, result: Result, at: datetime) -> Any:
    values = delivery_values(result, at)
    if not result.counts and lease.delivery.state is not DeliveryState.PROBING:
        values["attempts"] = deliveries.c.attempts - 1
    if lease.delivery.kind in NOTICE_KINDS and result.outcome.their_status:
        # A notice has no case whose state would say it: the receiver's own word is its result.
        values["their_status"] = result.outcome.their_status[:60]
    changed = await connection.execute(update(deliveries).where(held_by(lease)).values(**values).returning(deliveries))
    row = changed.mappings().first()
    if row is None:
        raise LeaseLost(lease.delivery.id)
    return row


async def _finish_attempt(
    connection: AsyncConnection, lease: Lease, result: Result, *, at: datetime, duration_ms: int
) -> None:
    outcome = result.outcome
    await connection.execute(
        update(attempts)
        .where(
            attempts.c.delivery_id == lease.delivery.id,
            attempts.c.number == lease.fence,
            attempts.c.finished_at.is_(None),
        )
        .values(
            finished_at=at,
            outcome=outcome.kind.value,
            http_status=outcome.http_status,
            error=outcome.error[:20],
            message=outcome.message,
            duration_ms=duration_ms,
        )
    )


def reports_of(result: Result, delivery: Delivery, system: System) -> list[Report]:
    """Return what an attempt gave evidence of, in order."""
    outcome = result.outcome
    return [
        Report(
            word=word,
            source=system.id,
            who=system.name,
            number=delivery.department_number or None,
            note=_note(outcome.message, outcome.facts),
            facts=outcome.facts,
        )
        for word in result.reports
    ]


def _note(message: str, facts: Mapping[str, str]) -> str | None:
    parts = [message] if message else []
    parts += [f"{name}：{value}" for name, value in facts.items()]
    return "；".join(parts) or None


async def apply_waiting(connection: AsyncConnection, settling: Settling, row: Any, *, at: datetime) -> Delivery:
    """Apply what the department reported before this delivery could take it; return the delivery as it then is."""
    delivery = rows.delivery(row)
    if not may_apply(delivery, was_sent=row["last_sent_at"] is not None):
        return delivery
    found = await connection.execute(
        select(inbound)
        .where(inbound.c.applied_at.is_(None), inbound.c.system == delivery.system, _meant_for(row))
        # Databases differ on where nothing sorts; what has no time of its own counts from when it came.
        .order_by(func.coalesce(inbound.c.occurred_at, inbound.c.received_at), inbound.c.received_at)
    )
    for event_row in found.mappings().all():
        row = await apply(connection, settling, row, rows.inbound_event(event_row), at=at)
    return rows.delivery(row)


def _meant_for(row: Any) -> Any:
    ours = inbound.c.our_number == (row["known_as"] or row["case_number"])
    if not row["department_number"]:
        return ours
    return ours | ((inbound.c.our_number == "") & (inbound.c.department_number == row["department_number"]))


async def apply(connection: AsyncConnection, settling: Settling, row: Any, event: InboundEvent, *, at: datetime) -> Any:
    """Apply one report to a delivery that is in nobody's hands; return the delivery's new row."""
    delivery, system = rows.delivery(row), settling.systems[row["system"]].in_region(row["region"])
    applied = apply_event(delivery, event, system.spec, at=at)
    changed = await connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery.id)
        .values(**_applied_values(delivery, event, applied, at))
        .returning(deliveries)
    )
    after = changed.mappings().one()
    number = event.department_number or after["department_number"] or None
    note = _note(event.message, event.facts)
    await settling.cases.report(
        connection,
        delivery.case_number,
        [
            Report(word=w, source=system.id, who=system.name, number=number, note=note, facts=event.facts)
            for w in applied.reports
        ],
        at=at,
        by=delivery.system,
        only_remark=applied.stale,
    )
    if any(word not in ("submitted", "supplement_required") for word in applied.reports):
        await close_tasks(connection, delivery.id, reasons=SUPPLEMENT_TASKS, by=system.id, result="settled", at=at)
    if applied.desk is not None:
        note = f"{event.status} {event.message}".strip()
        await open_task(connection, after, applied.desk, note=note, at=at, due_at=settling.due_on(at))
    if applied.proves_arrival:
        await close_tasks(connection, delivery.id, reasons=SETTLED_BY_ANSWER, by=system.id, result="settled", at=at)
    await connection.execute(
        update(inbound)
        .where(inbound.c.system == event.system, inbound.c.event_id == event.event_id)
        .values(delivery_id=delivery.id, applied_at=at, was_stale=applied.stale)
    )
    return after


def _applied_values(delivery: Delivery, event: InboundEvent, applied: Applied, at: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"state": applied.state.value, "updated_at": at}
    if not applied.stale:
        values |= {"their_status": event.status[:60], "status_at": status_at(delivery, event)}
        if event.message:
            values["message"] = event.message
    if event.department_number and not delivery.department_number:
        values["department_number"] = event.department_number[:100]
    if applied.proves_arrival:
        values |= {"next_attempt_at": None, "hold_reason": "", "confirmed_at": at}
    if applied.next_attempt_at is not None:
        values |= {"next_attempt_at": applied.next_attempt_at, "next_poll_at": None}
    if applied.state is DeliveryState.CONFIRMED:
        values["next_poll_at"] = None
    return values


async def receive(connection: AsyncConnection, settling: Settling, event: InboundEvent, *, at: datetime) -> bool:
    """Keep `event` and apply it where that can be done now; False when it had been counted already.

    An id that comes again with another case or status is another event: nothing a department says is lost over how it
    numbers its messages.
    """
    if not await _keep(connection, event):
        again = await _told_otherwise(connection, event)
        if again is None or not await _keep(connection, again):
            return False
        log.warning("event_id_reused", system=event.system)
        event = again
    row = await _find_delivery(connection, event)
    if row is not None and may_apply(rows.delivery(row), was_sent=row["last_sent_at"] is not None):
        await apply(connection, settling, row, event, at=at)
    return True


async def _keep(connection: AsyncConnection, event: InboundEvent) -> bool:
    kept = await connection.execute(
        rows.insert_new(connection, inbound).values(
            system=event.system,
            event_id=event.event_id,
            source=event.source,
            our_number=event.our_number,
            department_number=event.department_number,
            status=event.status[:60],
            message=event.message,
            occurred_at=event.occurred_at,
            received_at=event.received_at,
            facts=dict(event.facts),
        )
    )
    return kept.rowcount == 1


async def _told_otherwise(connection: AsyncConnection, event: InboundEvent) -> InboundEvent | None:
    """Return the event under an id that tells it from the one kept under its own; None when both say the same."""
    found = await connection.execute(
        select(inbound.c.our_number, inbound.c.department_number, inbound.c.status).where(
            inbound.c.system == event.system, inbound.c.event_id == event.event_id
        )
    )
    said = event.our_number, event.department_number, event.status[:60]
    if tuple(found.one()) == said:
        return None
    return replace(event, event_id=kept_id("|".join((event.event_id, *said))))


async def _find_delivery(connection: AsyncConnection, event: InboundEvent) -> Any:
    """Return the delivery meant, locked: whoever is settling it commits first, then we see what it came to."""
    wanted = select(deliveries).where(
        deliveries.c.system == event.system,
        deliveries.c.kind != "withdraw",
        deliveries.c.state != DeliveryState.REPLAYED.value,
    )
    if event.our_number:
        by_own = (deliveries.c.case_number == event.our_number) & deliveries.c.known_as.is_(None)
        wanted = wanted.where(by_own | (deliveries.c.known_as == event.our_number))
    else:
        wanted = wanted.where(deliveries.c.department_number == event.department_number)
    found = await connection.execute(wanted.order_by(deliveries.c.position).limit(1).with_for_update())
    return found.mappings().first()


async def apply_left_over(connection: AsyncConnection, settling: Settling, delivery_id: str, *, at: datetime) -> None:
    """Apply the reports that wait for one delivery, under its lock."""
    locked = await connection.execute(select(deliveries).where(deliveries.c.id == delivery_id).with_for_update())
    row = locked.mappings().first()
    if row is not None:
        await apply_waiting(connection, settling, row, at=at)
