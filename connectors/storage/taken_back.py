"""What an applicant took back before it left: it is not sent any more, and nobody is told of what they never had."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import RowMapping, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.holds import BEFORE_SENDING
from connectors.ledger import DeliveryState, DeskReason
from connectors.storage.desk import close_tasks_of
from connectors.storage.tables import deliveries

_NOT_TOLD_YET = [*(state.value for state in BEFORE_SENDING), DeliveryState.DESK.value]


async def cancelled_withdrawals(
    connection: AsyncConnection, case_numbers: Collection[str], at: datetime
) -> Sequence[str]:
    """Cancel the withdrawals of these cases, and the tasks of who would have carried them; return the cases."""
    cancelled = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.case_number.in_(list(case_numbers)),
            deliveries.c.kind == "withdraw",
            deliveries.c.state.in_(_NOT_TOLD_YET),
        )
        .values(state=DeliveryState.CANCELLED.value, next_attempt_at=None, updated_at=at)
        .returning(deliveries.c.id, deliveries.c.case_number)
    )
    found = cancelled.all()
    if found:
        ids = [row[0] for row in found]
        await close_tasks_of(connection, ids, reasons=tuple(DeskReason), result="withdrawn", at=at)
    return [row[1] for row in found]


async def cancel_taken_back(connection: AsyncConnection, freed: Sequence[RowMapping], at: datetime) -> None:
    """Send no more what was taken back while a worker had it in hand and had not begun.

    `freed` are rows of deliveries just given back, with id, kind, state and case_number; of one that is UNKNOWN bytes may
    have left, so the department is asked and told.
    """
    submitted = {
        row["case_number"]: row["id"]
        for row in freed
        if row["kind"] == "submit" and row["state"] != DeliveryState.UNKNOWN.value
    }
    taken_back = await cancelled_withdrawals(connection, list(submitted), at) if submitted else ()
    if taken_back:
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_([submitted[number] for number in taken_back]))
            .values(state=DeliveryState.CANCELLED.value, next_attempt_at=None, hold_reason="", updated_at=at)
        )
