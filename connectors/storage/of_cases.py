"""The deliveries of whole cases under their locks: whoever appends to a case sees all there are, and nobody else does."""

from collections.abc import Collection, Sequence

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.storage.tables import deliveries


async def lock_deliveries(connection: AsyncConnection, numbers: Collection[str]) -> Sequence[RowMapping]:
    """Return the deliveries of these cases by case and position, those among them that were appended while we waited."""
    # Locked in the order of their ids, as results of many are: who waits for whom is then never a circle.
    wanted = (
        select(deliveries)
        .where(deliveries.c.case_number.in_(sorted(set(numbers))))
        .order_by(deliveries.c.id)
        .with_for_update()
    )
    seen = -1
    while True:
        # PostgreSQL shows who waited for a lock the row as it is now, but no row that came since: a replay's.
        held = (await connection.execute(wanted)).mappings().all()
        if len(held) in (0, seen):
            return sorted(held, key=lambda row: (row["case_number"], row["position"]))
        seen = len(held)
