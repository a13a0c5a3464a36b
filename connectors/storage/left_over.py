"""Deliveries that reports are kept for: looked for from the reports that wait, however many deliveries there are."""

from typing import Any

from sqlalchemy import ColumnElement, Select, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.ledger import DeliveryState
from connectors.storage.tables import deliveries, inbound

_OVER = [DeliveryState.CANCELLED.value, DeliveryState.REPLAYED.value]


async def left_over(connection: AsyncConnection, *, most: int) -> list[str]:
    """Return deliveries that reports are kept for and that are in nobody's hands."""
    waiting = await connection.execute(select(inbound.c.event_id).where(inbound.c.applied_at.is_(None)).limit(1))
    if waiting.first() is None:
        return []
    by_their_number = deliveries.c.department_number == inbound.c.department_number
    meant = union_all(
        _meant(inbound.c.our_number != "", deliveries.c.case_number == inbound.c.our_number, deliveries.c.known_as.is_(None)),
        _meant(inbound.c.our_number != "", deliveries.c.known_as == inbound.c.our_number),
        _meant(inbound.c.our_number == "", by_their_number),
    ).subquery()  # fmt: skip
    found = await connection.execute(
        select(meant.c.delivery_id).where(meant.c.delivery_id.is_not(None)).distinct().limit(most)
    )
    return [row[0] for row in found]


def _meant(which: ColumnElement[bool], *same: ColumnElement[bool]) -> Select[Any]:
    # A subquery for each report, not a join: so that no planner begins with a hundred thousand deliveries.
    delivery = (
        select(deliveries.c.id)
        .where(
            deliveries.c.system == inbound.c.system,
            *same,
            deliveries.c.kind != "withdraw",
            deliveries.c.state.not_in(_OVER),
            deliveries.c.lease_until.is_(None),
            deliveries.c.last_sent_at.is_not(None),
        )
        .order_by(deliveries.c.position)
        .limit(1)
        .correlate(inbound)
        .scalar_subquery()
    )
    return select(delivery.label("delivery_id")).where(inbound.c.applied_at.is_(None), which)
