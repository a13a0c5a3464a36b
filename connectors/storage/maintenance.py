"""`connectors.maintenance.MaintenanceBook` in SQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, case, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.paging import Page, page_of, place_of
from config.storage.keyset import older
from config.storage.sql import readonly
from connectors.maintenance import Window
from connectors.storage import rows
from connectors.storage.maintenance_tables import maintenance
from connectors.storage.tables import notes

_TURN = "maintenance"


class SqlMaintenance:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def current(self, at: datetime) -> Sequence[Window]:
        async with self._reading.connect() as connection:
            return await current(connection, at)

    async def of_system(self, system: str, *, most: int = 20, after: str | None = None) -> Page[Window]:
        wanted = select(maintenance).where(maintenance.c.system == system)
        if (place := place_of(after)) is not None:
            wanted = wanted.where(older(maintenance.c.begins_at, maintenance.c.id, place))
        wanted = wanted.order_by(maintenance.c.begins_at.desc(), maintenance.c.id.desc()).limit(most + 1)
        async with self._reading.connect() as connection:
            found = (await connection.execute(wanted)).mappings().all()
        return page_of(found, most, _window, lambda row: (row["begins_at"], row["id"]))

    async def add(self, window: Window) -> bool:
        overlapping = exists().where(
            maintenance.c.system == window.system,
            maintenance.c.begins_at < window.ends_at,
            maintenance.c.ends_at > window.begins_at,
            maintenance.c.begins_at < maintenance.c.ends_at,
        )
        async with self._engine.begin() as connection:
            await _take_turn(connection, window)
            if (await connection.execute(select(overlapping))).scalar():
                return False
            await connection.execute(
                insert(maintenance).values(
                    id=window.id, system=window.system, begins_at=window.begins_at, ends_at=window.ends_at,
                    reason=window.reason, set_by=window.set_by, set_at=window.set_at,
                )
            )  # fmt: skip
        return True

    async def end(self, system: str, id_: str, *, by: str, at: datetime) -> Window | None:
        not_begun = case((maintenance.c.begins_at > at, maintenance.c.begins_at), else_=at)
        async with self._engine.begin() as connection:
            changed = await connection.execute(
                update(maintenance)
                .where(
                    maintenance.c.id == id_,
                    maintenance.c.system == system,
                    maintenance.c.ends_at > at,
                    maintenance.c.ended_by == "",
                )
                .values(ends_at=not_begun, ended_by=by)
                .returning(maintenance)
            )
            row = changed.mappings().first()
        return None if row is None else _window(row)


async def current(connection: AsyncConnection, at: datetime) -> list[Window]:
    """Return every window that is not over, the earliest first."""
    is_ahead = (maintenance.c.ends_at > at) & (maintenance.c.begins_at < maintenance.c.ends_at)
    wanted = select(maintenance).where(is_ahead).order_by(maintenance.c.begins_at)
    return [_window(row) for row in (await connection.execute(wanted)).mappings()]


async def _take_turn(connection: AsyncConnection, window: Window) -> None:
    """Let one at a time set windows of a system: the row's lock is held until the commit."""
    mine = (notes.c.system == window.system) & (notes.c.name == _TURN)
    await connection.execute(
        rows.insert_new(connection, notes).values(
            system=window.system, name=_TURN, text="", version=0, changed_at=window.set_at
        )
    )
    await connection.execute(update(notes).where(mine).values(version=notes.c.version + 1, changed_at=window.set_at))


def _window(row: RowMapping) -> Window:
    return Window(
        id=row["id"],
        system=row["system"],
        begins_at=row["begins_at"],
        ends_at=row["ends_at"],
        reason=row["reason"],
        set_by=row["set_by"],
        set_at=row["set_at"],
        ended_by=row["ended_by"],
    )
