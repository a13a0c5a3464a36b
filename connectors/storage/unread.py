"""`connectors.unread.UnreadBook` and `UnreadShelf` in SQL: one row per system and content, the newest so many of a system."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config import logs
from config.storage.sql import readonly
from connectors.ledger import Submission
from connectors.storage import rows
from connectors.storage.tables import attempts, deliveries, submissions
from connectors.storage.unread_tables import unread_answers
from connectors.unread import MOST_KEPT, Unread

log = logs.get(__name__)
_c = unread_answers.c


class SqlUnreadBook:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def keep(self, unread: Unread) -> None:
        try:
            if not await self._counted(unread):
                await self._add(unread)
        except (SQLAlchemyError, OSError) as error:
            log.warning("unread_not_kept", system=unread.system, fault=type(error).__name__)

    async def of_system(self, system: str) -> Sequence[Unread]:
        wanted = select(unread_answers).where(_c.system == system).order_by(_c.last_at.desc()).limit(MOST_KEPT)
        async with self._reading.connect() as connection:
            return [_unread(row) for row in (await connection.execute(wanted)).mappings()]

    async def find(self, system: str, digest: str) -> Unread | None:
        wanted = select(unread_answers).where(_c.system == system, _c.digest == digest)
        async with self._reading.connect() as connection:
            row = (await connection.execute(wanted)).mappings().first()
        return None if row is None else _unread(row)

    async def regions(self, delivery_ids: Collection[str]) -> Mapping[str, str]:
        if not delivery_ids:
            return {}
        wanted = select(deliveries.c.id, deliveries.c.region).where(deliveries.c.id.in_(list(delivery_ids)))
        async with self._reading.connect() as connection:
            return {row.id: row.region for row in await connection.execute(wanted)}

    async def submission_of(self, delivery_id: str) -> Submission | None:
        wanted = (
            select(submissions)
            .join(deliveries, deliveries.c.submission_id == submissions.c.id)
            .where(deliveries.c.id == delivery_id)
        )
        async with self._reading.connect() as connection:
            row = (await connection.execute(wanted)).mappings().first()
        return None if row is None else rows.submission(row)

    async def latest(self, system: str, *, most: int) -> Sequence[Submission]:
        sent = (
            select(attempts.c.delivery_id)
            .where(attempts.c.system == system)
            .order_by(attempts.c.started_at.desc())
            .limit(most)
        )
        wanted = (
            select(submissions)
            .join(deliveries, deliveries.c.submission_id == submissions.c.id)
            .where(deliveries.c.id.in_(sent))
        )
        async with self._reading.connect() as connection:
            return [rows.submission(row) for row in (await connection.execute(wanted)).mappings()]

    async def _counted(self, unread: Unread) -> bool:
        again = (
            update(unread_answers)
            .where(_c.system == unread.system, _c.digest == unread.digest)
            .values(times=_c.times + 1, last_at=unread.last_at, delivery_id=unread.delivery_id)
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(again)).rowcount == 1

    async def _add(self, unread: Unread) -> None:
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(unread_answers).values(**_values(unread)))
                await _make_room(connection, unread.system)
        except IntegrityError:
            await self._counted(unread)  # another worker had the same answer just now


async def _make_room(connection: AsyncConnection, system: str) -> None:
    oldest_kept = (
        select(_c.last_at).where(_c.system == system).order_by(_c.last_at.desc()).offset(MOST_KEPT - 1).limit(1)
    )
    at = (await connection.execute(oldest_kept)).scalar_one_or_none()
    if at is not None:
        await connection.execute(delete(unread_answers).where(_c.system == system, _c.last_at < at))


def _values(unread: Unread) -> dict[str, object]:
    return {
        "system": unread.system,
        "digest": unread.digest,
        "where": unread.where,
        "error": unread.error[:20],
        "http_status": unread.http_status,
        "content_type": unread.content_type[:100],
        "name": unread.name[:100],
        "text": unread.text,
        "delivery_id": unread.delivery_id,
        "times": unread.times,
        "first_at": unread.first_at,
        "last_at": unread.last_at,
    }


def _unread(row: Any) -> Unread:
    return Unread(**{name: value for name, value in row.items() if name != "digest"})
