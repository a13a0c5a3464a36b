"""Notifications of relying parties in SQL. A lease is the time until which nobody else may try one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from idp.protocol.logout import DeliveryState, LogoutDelivery, Settled
from idp.protocol.logout_ports import LogoutQueueUnavailable
from idp.protocol.session import Ending
from idp.storage.tables import logout_deliveries as deliveries

_FIELDS = tuple(field.name for field in fields(LogoutDelivery))
_COLUMNS = tuple(deliveries.c[name] for name in _FIELDS)
_QUEUED = deliveries.c.state == DeliveryState.QUEUED.value


@contextmanager
def taken_or_unavailable() -> Iterator[None]:
    """Say in the rules' words that the database did not take something."""
    try:
        yield
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise LogoutQueueUnavailable(type(error).__name__) from error


class SqlLogoutQueue:
    """`idp.protocol.logout_ports.LogoutQueue`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def put(self, fresh: Sequence[LogoutDelivery]) -> None:
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        rows = [
            {name: getattr(one, name) for name in _FIELDS}
            | {"reason": one.reason.value, "state": one.state.value, "lease_owner": ""}
            for one in fresh
        ]
        kept_as_it_is = dialect.insert(deliveries).on_conflict_do_nothing(index_elements=["occasion", "client_id"])
        with taken_or_unavailable():
            async with self._engine.begin() as connection:
                await connection.execute(kept_as_it_is, rows)

    async def of_occasion(self, occasion: str) -> tuple[LogoutDelivery, ...]:
        wanted = select(*_COLUMNS).where(deliveries.c.occasion == occasion).order_by(deliveries.c.client_id)
        async with readonly(self._engine).connect() as connection:
            return tuple(_delivery(row) for row in await connection.execute(wanted))

    async def due_clients(self, at: datetime) -> tuple[str, ...]:
        wanted = select(deliveries.c.client_id).where(_QUEUED, deliveries.c.next_try_at <= at).distinct()
        async with readonly(self._engine).connect() as connection:
            return tuple((await connection.execute(wanted)).scalars())

    async def claim(
        self, client_id: str, *, owner: str, at: datetime, until: datetime, at_most: int
    ) -> tuple[LogoutDelivery, ...]:
        # SKIP LOCKED keeps senders out of each other's way on PostgreSQL; on SQLite the one UPDATE is the guard.
        chosen = (
            select(deliveries.c.id)
            .where(deliveries.c.client_id == client_id, _QUEUED, deliveries.c.next_try_at <= at)
            .order_by(deliveries.c.next_try_at)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        take = (
            update(deliveries)
            .where(deliveries.c.id.in_(chosen), _QUEUED, deliveries.c.next_try_at <= at)
            .values(lease_owner=owner, next_try_at=until)
            .returning(*_COLUMNS)
        )
        async with self._engine.begin() as connection:
            return tuple(_delivery(row) for row in await connection.execute(take))

    async def settle(self, delivery_id: str, settled: Settled, *, owner: str, tries: int, at: datetime) -> bool:
        final = settled.state is not DeliveryState.QUEUED
        write = (
            update(deliveries)
            .where(deliveries.c.id == delivery_id, _QUEUED, deliveries.c.lease_owner == owner)
            .values(
                state=settled.state.value,
                answer=settled.answer[:32],
                tries=tries,
                next_try_at=settled.next_try_at,
                lease_owner="",
                settled_at=at if final else None,
            )
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(write)).rowcount == 1

    async def next_due(self) -> datetime | None:
        wanted = select(func.min(deliveries.c.next_try_at)).where(_QUEUED)
        async with readonly(self._engine).connect() as connection:
            found: datetime | None = (await connection.execute(wanted)).scalar_one_or_none()
        return found

    async def prune(self, before: datetime) -> int:
        async with self._engine.begin() as connection:
            gone = await connection.execute(delete(deliveries).where(deliveries.c.settled_at < before))
        return gone.rowcount


def _delivery(row: Row[Any]) -> LogoutDelivery:
    values = {name: getattr(row, name) for name in _FIELDS}
    return LogoutDelivery(
        **values | {"reason": Ending(row.reason), "state": DeliveryState(row.state)},
    )
