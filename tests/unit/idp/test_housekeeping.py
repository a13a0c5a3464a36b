"""Housekeeping: bounded batches, one process at a time, and a checkpoint of the audit kept out of the database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from idp import audit_checkpoints
from idp.housekeeping import BATCH, Broom, Housekeeping
from idp.protocol.audit import AuditEvent, AuditKind
from idp.storage.audit import AuditChain, SqlAudit
from idp.storage.sweeping import StateLease
from idp.storage.tables import metadata
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Expired:
    """So many rows that have expired; notes what it was asked."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.asked: list[datetime] = []
        self.was_asked = asyncio.Event()

    async def __call__(self, before: datetime, *, at_most: int) -> int:
        self.asked.append(before)
        self.was_asked.set()
        gone = min(self.rows, at_most)
        self.rows -= gone
        return gone


async def no_pause(_seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'idp.db'}")
    await with_tables(made, metadata)
    yield made
    await made.dispose()


def housekeeping(
    engine: AsyncEngine, directory: Path, *brooms: Broom, state: MemoryStateStore | None = None
) -> Housekeeping:
    return Housekeeping(
        brooms=brooms, audit=SqlAudit(engine, AuditChain(b"k" * 32)), checkpoints=directory / "audit-checkpoints",
        lease=StateLease(state or MemoryStateStore(), "x"), clock=lambda: AT, pause=no_pause,
    )  # fmt: skip


async def test_everything_expired_goes_in_batches_and_later_things_stay(engine: AsyncEngine, tmp_path: Path) -> None:
    many, few = Expired(BATCH * 3 + 7), Expired(2)
    keeper = housekeeping(
        engine, tmp_path, Broom(name="many", sweep=many), Broom(name="few", sweep=few, after=timedelta(days=30))
    )
    assert await keeper.once(at=AT) == {"many": BATCH * 3 + 7, "few": 2}
    assert many.asked == [AT] * 4
    assert few.asked == [AT - timedelta(days=30)]


async def test_of_several_processes_one_sweeps(engine: AsyncEngine, tmp_path: Path) -> None:
    state, expired = MemoryStateStore(), Expired(1)
    keepers = [housekeeping(engine, tmp_path, Broom(name="x", sweep=expired), state=state) for _ in range(3)]
    tasks = [asyncio.ensure_future(keeper.run()) for keeper in keepers]
    async with asyncio.timeout(20):
        await expired.was_asked.wait()
        for _ in range(20):  # the others have their turns too
            await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert expired.asked == [AT]


async def test_a_fault_of_a_store_does_not_end_housekeeping(engine: AsyncEngine, tmp_path: Path) -> None:
    tries: list[int] = []
    twice = asyncio.Event()
    state = MemoryStateStore()

    async def away(_before: datetime, *, at_most: int) -> int:
        tries.append(at_most)
        await state.forget("lease:x")
        if len(tries) == 2:
            twice.set()
        raise OSError("away")

    keeper = housekeeping(engine, tmp_path, Broom(name="x", sweep=away), state=state)
    task = asyncio.ensure_future(keeper.run())
    async with asyncio.timeout(20):
        await twice.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_checkpoint_is_kept_that_verification_believes(engine: AsyncEngine, tmp_path: Path) -> None:
    keeper = housekeeping(engine, tmp_path)
    await keeper.once(at=AT)
    assert not keeper.checkpoints.exists()  # nothing was ever written
    for n in range(3):
        await keeper.audit.append(AuditEvent(kind=AuditKind.SIGN_IN, sub=f"s-{n}", at=AT))
        await keeper.once(at=AT)
        await keeper.once(at=AT)
    heads = audit_checkpoints.read(keeper.checkpoints)
    assert [head.seq for head in heads] == [1, 2, 3]
    assert keeper.checkpoints.stat().st_mode & 0o777 == 0o600
    assert await keeper.audit.verify(heads) == (3, None)


async def test_a_checkpoint_that_can_not_be_kept_is_told_and_nothing_else_stops(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    keeper = housekeeping(engine, tmp_path, Broom(name="x", sweep=Expired(1)))
    keeper.checkpoints.mkdir()
    await keeper.audit.append(AuditEvent(kind=AuditKind.SIGN_IN, at=AT))
    assert await keeper.once(at=AT) == {"x": 1}
