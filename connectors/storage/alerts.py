"""`connectors.alerting.AlertBook` in SQL."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, and_, case, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql import ColumnElement

from config.paging import Page, page_of, place_of
from config.storage.keyset import older
from config.storage.sql import readonly
from connectors.alerting import MOST_COUNTED
from connectors.incidents import DAMPING, Alert, Condition, Incident, IncidentKey
from connectors.storage import rows
from connectors.storage.alert_tables import alert_reads, alerts, incidents


class SqlAlerts:
    """The key of what is open lets one process open it; the key of an alert lets it be told once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def open(self, condition: Condition, *, at: datetime) -> bool:
        key, count, detail = condition.key, condition.count, condition.detail[:200]
        async with self._engine.begin() as connection:
            id_ = str(uuid.uuid4())
            new = await connection.execute(
                rows.insert_new(connection, incidents).values(
                    id=id_, system=key.system, kind=key.kind, subject=key.subject, detail=detail, count=count,
                    opened_at=at, returns=0,
                )
            )  # fmt: skip
            if new.rowcount == 1:
                await _tell(connection, [id_], "opened", at)
                return True
            came_back = case((incidents.c.cleared_at.is_not(None), 1), else_=0)
            await connection.execute(
                update(incidents)
                .where(_is(key))
                .values(count=count, detail=detail, returns=incidents.c.returns + came_back, cleared_at=None)
            )
        return False

    async def clear(self, key: IncidentKey, *, at: datetime) -> bool:
        async with self._engine.begin() as connection:
            changed = await connection.execute(
                update(incidents).where(_is(key), incidents.c.cleared_at.is_(None)).values(cleared_at=at)
            )
            return changed.rowcount == 1

    async def supersede(self, key: IncidentKey, *, at: datetime) -> bool:
        async with self._engine.begin() as connection:
            changed = await connection.execute(update(incidents).where(_is(key)).values(cleared_at=at, closed_at=at))
            return changed.rowcount == 1

    async def settle(self, at: datetime) -> Sequence[Incident]:
        is_over = and_(incidents.c.closed_at.is_(None), incidents.c.cleared_at <= at - DAMPING)
        async with self._reading.connect() as connection:
            if not (await connection.execute(select(incidents.c.id).where(is_over).limit(1))).first():
                return ()
        async with self._engine.begin() as connection:
            closed = await connection.execute(
                update(incidents).where(is_over).values(closed_at=incidents.c.cleared_at).returning(incidents)
            )
            found = [_incident(row) for row in closed.mappings()]
            await _tell(connection, [each.id for each in found], "closed", at)
        return found

    async def standing(self) -> Sequence[Incident]:
        wanted = select(incidents).where(incidents.c.closed_at.is_(None)).order_by(incidents.c.opened_at)
        async with self._reading.connect() as connection:
            return [_incident(row) for row in (await connection.execute(wanted)).mappings()]

    async def inbox(
        self, sub: str, *, systems: Collection[str] | None, most: int, after: str | None = None
    ) -> Page[Alert]:
        columns = (alerts.c.event, alerts.c.at.label("told_at"), alert_reads.c.at.label("read_at"), *incidents.c)
        wanted = _told(select(*columns), sub, systems)
        if (place := place_of(after)) is not None:
            wanted = wanted.where(older(alerts.c.at, alerts.c.incident_id, place))
        # An incident is never told of twice at one moment, so moment and incident tell alerts apart.
        wanted = wanted.order_by(alerts.c.at.desc(), alerts.c.incident_id.desc()).limit(most + 1)
        async with self._reading.connect() as connection:
            found = (await connection.execute(wanted)).mappings().all()
        return page_of(found, most, _alert, lambda row: (row["told_at"], row["id"]))

    async def unread(self, sub: str, *, systems: Collection[str] | None, since: datetime) -> int:
        # Whoever has a hundred unread reads no exact number, and nobody's list should wait for one.
        unread = _told(select(literal(1)), sub, systems).where(alerts.c.at >= since, alert_reads.c.at.is_(None))
        wanted = select(func.count()).select_from(unread.limit(MOST_COUNTED).subquery())
        async with self._reading.connect() as connection:
            return int((await connection.execute(wanted)).scalar_one())

    async def read(self, sub: str, which: Collection[tuple[str, str]], *, at: datetime) -> None:
        if not which:
            return
        values = [{"sub": sub, "incident_id": id_, "event": event, "at": at} for id_, event in which]
        async with self._engine.begin() as connection:
            await connection.execute(rows.insert_new(connection, alert_reads).values(values))


def _told(columns: Select[Any], sub: str, systems: Collection[str] | None) -> Select[Any]:
    is_read = and_(
        alert_reads.c.incident_id == alerts.c.incident_id,
        alert_reads.c.event == alerts.c.event,
        alert_reads.c.sub == sub,
    )
    told = columns.select_from(alerts.join(incidents).outerjoin(alert_reads, is_read))
    return told if systems is None else told.where(incidents.c.system.in_(list(systems)))


async def _tell(connection: AsyncConnection, ids: Sequence[str], event: str, at: datetime) -> None:
    if ids:
        values = [{"incident_id": id_, "event": event, "at": at} for id_ in ids]
        await connection.execute(insert(alerts).values(values))


def _is(key: IncidentKey) -> ColumnElement[bool]:
    return and_(
        incidents.c.system == key.system,
        incidents.c.kind == key.kind,
        incidents.c.subject == key.subject,
        incidents.c.closed_at.is_(None),
    )


def _incident(row: RowMapping) -> Incident:
    return Incident(
        id=row["id"],
        key=IncidentKey(system=row["system"], kind=row["kind"], subject=row["subject"]),
        count=row["count"],
        detail=row["detail"],
        opened_at=row["opened_at"],
        cleared_at=row["cleared_at"],
        closed_at=row["closed_at"],
        returns=row["returns"],
    )


def _alert(row: RowMapping) -> Alert:
    return Alert(incident=_incident(row), event=row["event"], at=row["told_at"], is_read=row["read_at"] is not None)
