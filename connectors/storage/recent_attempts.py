"""The last attempts at one system, for its owner. No case number and nothing of a form is read."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from connectors.ledger import Attempt
from connectors.storage import rows
from connectors.storage.tables import attempts


class SqlRecentAttempts:
    """Reads by the index on system and time, so the cost does not grow with what was ever sent."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = readonly(engine)

    async def of_system(self, system: str, *, most: int = 20) -> Sequence[Attempt]:
        """Return the last attempts at a system, the newest first."""
        query = select(attempts).where(attempts.c.system == system).order_by(attempts.c.started_at.desc()).limit(most)
        async with self._reading.connect() as connection:
            return [rows.attempt(row) for row in (await connection.execute(query)).mappings()]
