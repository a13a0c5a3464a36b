"""Notifications of relying parties in SQL, on both databases: once per occasion, one taker, one verdict."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import create_engine
from idp.protocol.logout import DeliveryState, LogoutDelivery, Settled
from idp.protocol.logout_ports import LogoutQueueUnavailable
from idp.protocol.session import Ending
from idp.storage.logout_queue import SqlLogoutQueue
from idp.storage.tables import metadata
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
ENDED = Settled(state=DeliveryState.ENDED, answer="status 200", next_try_at=None)


@pytest.fixture
async def queue(engine: AsyncEngine) -> SqlLogoutQueue:
    await with_tables(engine, metadata)
    return SqlLogoutQueue(engine)


def _delivery(number: int = 1, client_id: str = "tile", occasion: str = "o-1") -> LogoutDelivery:
    return LogoutDelivery(
        id=f"d-{number}", occasion=occasion, sid="sid", sub="s", client_id=client_id, reason=Ending.SIGNED_OUT,
        state=DeliveryState.QUEUED, tries=0, answer="", next_try_at=AT, created_at=AT,
    )  # fmt: skip


async def test_an_occasion_tells_each_client_once(queue: SqlLogoutQueue) -> None:
    await queue.put([_delivery(1), _delivery(2, "other")])
    await queue.put([_delivery(3), _delivery(4, "third")])
    assert [one.id for one in await queue.of_occasion("o-1")] == ["d-2", "d-4", "d-1"]


async def test_of_two_takers_at_once_each_gets_what_the_other_does_not(queue: SqlLogoutQueue) -> None:
    await queue.put([_delivery(number, occasion=f"o-{number}") for number in range(20)])
    taken = await asyncio.gather(
        *(queue.claim("tile", owner=owner, at=AT, until=AT + LEASE, at_most=15) for owner in ("a", "b"))
    )
    ids = [one.id for each in taken for one in each]
    assert len(ids) == len(set(ids))
    rest = await queue.claim("tile", owner="c", at=AT, until=AT + LEASE, at_most=20)
    assert {*ids, *(one.id for one in rest)} == {f"d-{number}" for number in range(20)}


async def test_what_is_leased_is_due_again_when_the_lease_runs_out(queue: SqlLogoutQueue) -> None:
    await queue.put([_delivery()])
    (taken,) = await queue.claim("tile", owner="a", at=AT, until=AT + LEASE, at_most=5)
    assert await queue.due_clients(AT) == ()
    assert await queue.next_due() == AT + LEASE
    assert await queue.claim("tile", owner="b", at=AT, until=AT + LEASE, at_most=5) == ()
    (again,) = await queue.claim("tile", owner="b", at=AT + LEASE, until=AT + 2 * LEASE, at_most=5)
    assert not await queue.settle(taken.id, ENDED, owner="a", tries=1, at=AT)
    assert await queue.settle(again.id, ENDED, owner="b", tries=1, at=AT)
    assert not await queue.settle(again.id, ENDED, owner="b", tries=2, at=AT), "a verdict is final"
    assert await queue.next_due() is None


async def test_a_verdict_is_kept_and_what_is_to_be_tried_again_waits(queue: SqlLogoutQueue) -> None:
    await queue.put([_delivery()])
    await queue.claim("tile", owner="a", at=AT, until=AT + LEASE, at_most=5)
    later = Settled(state=DeliveryState.QUEUED, answer="unreachable", next_try_at=AT + timedelta(minutes=5))
    assert await queue.settle("d-1", later, owner="a", tries=1, at=AT)
    (kept,) = await queue.of_occasion("o-1")
    assert kept == replace(_delivery(), tries=1, answer="unreachable", next_try_at=AT + timedelta(minutes=5))


async def test_only_what_was_settled_long_ago_is_pruned(queue: SqlLogoutQueue) -> None:
    await queue.put([_delivery(1), _delivery(2, "other")])
    await queue.claim("tile", owner="a", at=AT, until=AT + LEASE, at_most=5)
    await queue.settle("d-1", ENDED, owner="a", tries=1, at=AT)
    assert await queue.prune(AT) == 0
    assert await queue.prune(AT + timedelta(seconds=1)) == 1
    assert [one.id for one in await queue.of_occasion("o-1")] == ["d-2"]


async def test_a_database_without_the_table_is_unavailable_not_a_fault(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(LogoutQueueUnavailable):
        await SqlLogoutQueue(engine).put([_delivery()])
    await engine.dispose()
