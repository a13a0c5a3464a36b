"""The end of waiting for a result nobody wants any more: the case was taken back, or ended at the window."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.ledger import DeliveryState
from connectors.storage.tables import deliveries


async def await_no_more(connection: AsyncConnection, case_number: str, *, at: datetime, system: str = "") -> int:
    """Await no result of a case that a department has, of `system` or of any; return how many deliveries it was.

    They would be polled for ever and keep a system from being retired. A report that comes all the same is kept.
    """
    which = [
        deliveries.c.case_number == case_number,
        deliveries.c.kind == "submit",
        deliveries.c.state == DeliveryState.PENDING_RESULT.value,
        deliveries.c.lease_until.is_(None),
    ]
    if system:
        which.append(deliveries.c.system == system)
    ended = await connection.execute(
        update(deliveries)
        .where(*which)
        .values(state=DeliveryState.CONFIRMED.value, next_poll_at=None, next_attempt_at=None, updated_at=at)
    )
    return ended.rowcount
