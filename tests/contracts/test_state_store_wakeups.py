"""Announcing and listening, in memory and in Redis alike."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from config.state import StateStore
from config.storage.redis_state import RedisStateStore
from tests.servers.valkey import Valkey


async def _next(messages: AsyncIterator[tuple[str, str]]) -> tuple[str, str]:
    return await asyncio.wait_for(anext(messages), 3)


async def test_a_listener_hears_what_is_announced_in_order(state_store: StateStore) -> None:
    async with state_store.listen("delivery") as messages:
        await state_store.announce("delivery", "mz-assist")
        await state_store.announce("delivery", "医保")
        assert await _next(messages) == ("delivery", "mz-assist")
        assert await _next(messages) == ("delivery", "医保")


async def test_every_listener_hears_it(state_store: StateStore) -> None:
    async with state_store.listen("delivery") as first, state_store.listen("delivery") as second:
        await state_store.announce("delivery", "mz-assist")
        assert await _next(first) == await _next(second) == ("delivery", "mz-assist")


async def test_a_listener_hears_its_topics_only(state_store: StateStore) -> None:
    async with state_store.listen("delivery", "client") as messages:
        await state_store.announce("account", "zhang")
        await state_store.announce("client", "mz-elder")
        await state_store.announce("delivery", "mz-assist")
        assert await _next(messages) == ("client", "mz-elder")
        assert await _next(messages) == ("delivery", "mz-assist")


async def test_what_was_announced_before_is_not_heard(state_store: StateStore) -> None:
    await state_store.announce("delivery", "early")
    async with state_store.listen("delivery") as messages:
        await state_store.announce("delivery", "late")
        assert await _next(messages) == ("delivery", "late")


async def test_announcing_to_nobody_is_no_error(state_store: StateStore) -> None:
    async with state_store.listen("delivery"):
        pass
    await state_store.announce("delivery", "nobody hears")


async def test_a_listener_that_waits_without_end_can_be_cancelled(state_store: StateStore) -> None:
    async def listen() -> None:
        async with state_store.listen("delivery") as messages:
            async for _ in messages:
                pass

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 3)
    await state_store.announce("delivery", "still works")


async def test_a_quiet_subscription_outlasts_the_answer_bound(valkey: Valkey) -> None:
    """Commands are given up after two seconds; a listener must not be."""
    store = RedisStateStore(valkey.url)
    async with store.listen("delivery") as messages:
        waiting = asyncio.create_task(anext(messages))
        await asyncio.sleep(2.5)
        await store.announce("delivery", "mz-assist")
        assert await asyncio.wait_for(waiting, 3) == ("delivery", "mz-assist")
    await store.aclose()


async def test_one_process_hears_another_through_redis(valkey: Valkey) -> None:
    ours, theirs = RedisStateStore(valkey.url), RedisStateStore(valkey.url)
    async with ours.listen("client") as messages:
        await theirs.announce("client", "changed")
        assert await _next(messages) == ("client", "changed")
    await ours.aclose()
    await theirs.aclose()


async def test_a_listener_that_is_cancelled_at_any_moment_stops(state_store: StateStore) -> None:
    async def listener() -> None:
        while True:
            async with state_store.listen("topic") as messages:
                async for _ in messages:
                    pass

    for turns in range(60):
        task = asyncio.create_task(listener())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert done, f"still listening when cancelled after {turns} turns of the loop"
