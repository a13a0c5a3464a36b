"""Many intents, many results: written in one commit with a handful of statements, however many there are.

Only what goes smoothly is written here: sent for the first time, taken or refused by the department, nothing that
waits for it and nothing for a desk. Everything else is left to the commit of its own in `settling`; `None` says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, bindparam, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.ledger import Delivery, DeliveryState, Lease, LeaseLost, Result
from connectors.storage import rows
from connectors.storage.claims import is_leased_to
from connectors.storage.desk import close_tasks_of
from connectors.storage.settling import ENDED, SETTLED_BY_ANSWER, Settling, delivery_values, reports_of
from connectors.storage.tables import attempts, deliveries, inbound


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    lease: Lease
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    lease: Lease
    result: Result
    at: datetime
    duration_ms: int

    @property
    def is_smooth(self) -> bool:
        """Tell whether it may be written with others."""
        is_send = self.lease.delivery.state is not DeliveryState.PROBING and self.lease.delivery.kind == "submit"
        return is_send and self.result.state in ENDED and self.result.desk is None


async def begin_sends(connection: AsyncConnection, intents: Sequence[Intent]) -> list[LeaseLost | None]:
    """Write the intent to send each, before the first byte of any; a lost lease is told in its place."""
    at, lasts = max(intent.at for intent in intents), max(intent.lease.lasts for intent in intents)
    begun = await connection.execute(
        update(deliveries)
        .where(_held([intent.lease for intent in intents]), deliveries.c.lease_until > at)
        .values(
            state=DeliveryState.SENDING.value,
            lease_until=at + lasts,
            attempts=deliveries.c.attempts + 1,
            probes=0,
            last_sent_at=at,
        )
        .returning(deliveries.c.id)
    )
    ours = {row[0] for row in begun}
    written = [
        {
            "delivery_id": intent.lease.delivery.id,
            "number": intent.lease.fence,
            "system": intent.lease.delivery.system,
            "kind": "send",
            "worker": intent.lease.owner,
            "spec_version": intent.lease.spec_version,
            "started_at": intent.at,
        }
        for intent in intents
        if intent.lease.delivery.id in ours
    ]
    if written:
        await connection.execute(attempts.insert(), written)
    ids = [intent.lease.delivery.id for intent in intents]
    return [None if id_ in ours else LeaseLost(id_) for id_ in ids]


async def settle_smooth(
    connection: AsyncConnection, settling: Settling, settlements: Sequence[Settlement]
) -> list[Delivery | LeaseLost | None]:
    """Write the results of many attempts; None for those that have to be settled on their own."""
    leases = [each.lease for each in settlements]
    found = await connection.execute(
        select(deliveries).where(_held(leases)).order_by(deliveries.c.id).with_for_update()
    )
    held: Mapping[str, RowMapping] = {row["id"]: row for row in found.mappings()}
    # Looked for under the locks: a report that came before them is seen here, one that comes after sees our result.
    reported = await _reported(connection, [each for each in settlements if each.lease.delivery.id in held])
    smooth = [each for each in settlements if each.lease.delivery.id in held and each.lease.delivery.id not in reported]
    after = await _write(connection, settling, smooth, held) if smooth else {}
    answers: list[Delivery | LeaseLost | None] = []
    for each in settlements:
        id_ = each.lease.delivery.id
        answers.append(after[id_] if id_ in after else None if id_ in held else LeaseLost(id_))
    return answers


def _held(leases: Sequence[Lease]) -> ColumnElement[bool]:
    owner = leases[0].owner
    which = tuple_(deliveries.c.id, deliveries.c.fence).in_([(lease.delivery.id, lease.fence) for lease in leases])
    return which & is_leased_to(owner)


async def _reported(connection: AsyncConnection, settlements: Sequence[Settlement]) -> frozenset[str]:
    """Return the deliveries that a report of their department waits for, by our number or by the one just given."""
    numbers = [each.lease.delivery.case_number for each in settlements]
    theirs = [number for each in settlements if (number := _their_number(each))]
    waiting = await connection.execute(
        select(inbound.c.system, inbound.c.our_number, inbound.c.department_number).where(
            inbound.c.applied_at.is_(None),
            inbound.c.system.in_({each.lease.delivery.system for each in settlements}),
            or_(
                inbound.c.our_number.in_(numbers),
                and_(inbound.c.our_number == "", inbound.c.department_number.in_(theirs)),
            ),
        )
    )
    meant = {(row[0], row[1] or row[2]) for row in waiting}
    return frozenset(
        each.lease.delivery.id
        for each in settlements
        if {
            (each.lease.delivery.system, each.lease.delivery.case_number),
            (each.lease.delivery.system, _their_number(each)),
        }
        & meant
    )


def _their_number(each: Settlement) -> str:
    return each.result.outcome.department_number or each.lease.delivery.department_number


async def _write(
    connection: AsyncConnection, settling: Settling, smooth: Sequence[Settlement], held: Mapping[str, RowMapping]
) -> dict[str, Delivery]:
    values = [{"_id": each.lease.delivery.id, **_absolute(each, held[each.lease.delivery.id])} for each in smooth]
    columns: dict[str, Any] = {name: bindparam(name) for name in values[0] if name != "_id"}
    await connection.execute(update(deliveries).where(deliveries.c.id == bindparam("_id")).values(columns), values)
    await _finish_attempts(connection, smooth)
    after = {
        row["_id"]: rows.delivery({**held[row["_id"]], **row})  # type: ignore[arg-type]
        for row in values
    }
    told = {
        each.lease.delivery.case_number: (
            reports_of(
                each.result,
                after[each.lease.delivery.id],
                settling.systems[each.lease.delivery.system].in_region(each.lease.delivery.region),
            ),
            each.lease.delivery.system,
        )
        for each in smooth
        if each.result.reports
    }
    await settling.cases.report_all(connection, told, at=smooth[-1].at)
    await close_tasks_of(connection, after, reasons=SETTLED_BY_ANSWER, result="settled", at=smooth[-1].at)
    return after


def _absolute(each: Settlement, row: RowMapping) -> dict[str, Any]:
    """Return every column a result may change, with its value: one statement then fits all rows."""
    kept = {name: row[name] for name in ("attempts", "department_number", "confirmed_at", "next_poll_at")}
    values = {**kept, **delivery_values(each.result, each.at)}
    if not each.result.counts:
        values["attempts"] = row["attempts"] - 1
    return values


async def _finish_attempts(connection: AsyncConnection, smooth: Sequence[Settlement]) -> None:
    await connection.execute(
        update(attempts)
        .where(
            attempts.c.delivery_id == bindparam("_id"),
            attempts.c.number == bindparam("_fence"),
            attempts.c.finished_at.is_(None),
        )
        .values({name: bindparam(f"_{name}") for name in _ATTEMPT}),
        [
            {
                "_id": each.lease.delivery.id,
                "_fence": each.lease.fence,
                "_finished_at": each.at,
                "_outcome": each.result.outcome.kind.value,
                "_http_status": each.result.outcome.http_status,
                "_error": each.result.outcome.error[:20],
                "_message": each.result.outcome.message,
                "_duration_ms": each.duration_ms,
            }
            for each in smooth
        ],
    )


_ATTEMPT = ("finished_at", "outcome", "http_status", "error", "message", "duration_ms")
