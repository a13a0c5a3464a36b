"""The pace of a system over all workers, in memory and in Redis."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

from config.clock import SHANGHAI
from config.state import StateStore, StateStoreUnavailable
from config.storage.memory_state import MemoryStateStore
from connectors.pace import Pace


def now() -> datetime:
    return datetime.now(UTC)


def pace(state: StateStore, *, rate: float | None = None, budget: int | None = None) -> Pace:
    return Pace(system="x", rate_per_second=rate, daily_budget=budget, state=state, clock=now)


async def finished_at(turn: Awaitable[None]) -> datetime:
    await turn
    return now()


async def test_two_workers_together_keep_the_rate(state_store: StateStore) -> None:
    one, other = pace(state_store, rate=20), pace(state_store, rate=20)
    began = now()
    ends = await asyncio.gather(*(finished_at(each.turn()) for each in (one, other) * 6))
    # Twelve turns twenty to a second: the last is due eleven slots after the first, whoever took which.
    assert max(ends) - began >= timedelta(seconds=0.5)


async def test_without_a_rate_nobody_waits(state_store: StateStore) -> None:
    began = now()
    for _ in range(50):
        await pace(state_store).turn()
    assert now() - began < timedelta(seconds=1)


async def test_the_days_budget_is_spent_once_by_all_and_comes_back_at_midnight(state_store: StateStore) -> None:
    one, other = pace(state_store, budget=3), pace(state_store, budget=3)
    spent = [await one.spend(), await other.spend(), await one.spend(), await other.spend()]
    assert spent[:3] == [None, None, None]
    again = spent[3]
    assert again is not None
    assert again > now()
    assert (again.astimezone(SHANGHAI).hour, again.astimezone(SHANGHAI).minute) == (0, 0)


class Away(MemoryStateStore):
    async def add(self, key: str, value: bytes, ttl: timedelta) -> bool:
        raise StateStoreUnavailable

    async def count(self, key: str, ttl: timedelta) -> int:
        raise StateStoreUnavailable


async def test_a_worker_keeps_its_own_pace_while_the_store_is_away() -> None:
    alone = pace(Away(), rate=20, budget=1)
    began = now()
    await asyncio.gather(*(alone.turn() for _ in range(6)))
    assert now() - began >= timedelta(seconds=0.2)
    assert await alone.spend() is None
    assert await alone.spend() is None
