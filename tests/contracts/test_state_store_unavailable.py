"""A Redis that is away or silent: every method says so within its bound, and none of them hangs."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from time import perf_counter

import pytest

from config.state import StateStore, StateStoreUnavailable
from config.storage.redis_state import RedisStateStore
from tests.servers.valkey import Valkey

MINUTE = timedelta(minutes=1)
BOUND_SECONDS = 2.0
SLACK_SECONDS = 1.5  # a loaded machine, not a second attempt

Call = Callable[[RedisStateStore], Awaitable[object]]
CALLS: dict[str, Call] = {
    "put": lambda store: store.put("k", b"v", MINUTE),
    "add": lambda store: store.add("k", b"v", MINUTE),
    "get": lambda store: store.get("k"),
    "get_all": lambda store: store.get_all("k", "l"),
    "take": lambda store: store.take("k"),
    "swap": lambda store: store.swap("k", b"v", b"w", MINUTE),
    "touch": lambda store: store.touch("k", MINUTE),
    "forget": lambda store: store.forget("k"),
    "count": lambda store: store.count("k", MINUTE),
    "join": lambda store: store.join("k", "m", MINUTE),
    "leave": lambda store: store.leave("k", "m"),
    "members": lambda store: store.members("k"),
    "announce": lambda store: store.announce("t", "m"),
    "ping": lambda store: store.ping(),
}


@pytest.fixture
def refusing_url() -> Iterator[str]:
    """A port that is ours and where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{held.getsockname()[1]}/0"


@pytest.fixture
async def silent_url() -> AsyncIterator[str]:
    """A server that takes every connection and never says a word."""
    doors: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: doors.append(writer), "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    for door in doors:
        door.close()
    server.close()


async def _outcome(url: str, call: Call) -> str:
    """Return "refused", or what happened instead, and too late."""
    store = RedisStateStore(url)
    began = perf_counter()
    try:
        await asyncio.wait_for(call(store), 20)
    except StateStoreUnavailable:
        seconds = perf_counter() - began
        return "refused" if seconds < BOUND_SECONDS + SLACK_SECONDS else f"refused after {seconds:.1f} s"
    else:
        return "answered"
    finally:
        await store.aclose()


async def test_every_method_reports_an_absent_redis_in_time(refusing_url: str) -> None:
    outcomes = await asyncio.gather(*(_outcome(refusing_url, call) for call in CALLS.values()))
    assert dict(zip(CALLS, outcomes, strict=True)) == dict.fromkeys(CALLS, "refused")


async def test_every_method_reports_a_silent_redis_in_time(silent_url: str) -> None:
    outcomes = await asyncio.gather(*(_outcome(silent_url, call) for call in CALLS.values()))
    assert dict(zip(CALLS, outcomes, strict=True)) == dict.fromkeys(CALLS, "refused")


def test_no_method_of_the_port_is_left_out() -> None:
    methods = {name for name in vars(StateStore) if not name.startswith("_")}
    assert methods == {*CALLS, "listen", "aclose"}


async def test_many_callers_of_a_silent_redis_all_hear_in_time(silent_url: str) -> None:
    """More callers than connections: whoever waits for one is told as well."""
    store = RedisStateStore(silent_url, connections=2)
    began = perf_counter()
    answers = await asyncio.gather(*(store.get("k") for _ in range(8)), return_exceptions=True)
    assert all(isinstance(answer, StateStoreUnavailable) for answer in answers)
    assert perf_counter() - began < 2 * BOUND_SECONDS + SLACK_SECONDS
    await store.aclose()


async def test_listening_to_an_absent_redis_is_refused(refusing_url: str) -> None:
    store = RedisStateStore(refusing_url)
    with pytest.raises(StateStoreUnavailable):
        async with store.listen("delivery"):
            pytest.fail("nobody is there to subscribe to")
    await store.aclose()


async def test_listening_to_a_silent_redis_is_refused_in_time(silent_url: str) -> None:
    store = RedisStateStore(silent_url)
    began = perf_counter()
    with pytest.raises(StateStoreUnavailable):
        async with asyncio.timeout(20), store.listen("delivery"):
            pytest.fail("nobody confirmed the subscription")
    assert perf_counter() - began < BOUND_SECONDS + SLACK_SECONDS
    await store.aclose()


async def test_a_listener_hears_that_redis_died() -> None:
    server = Valkey.start()
    store = RedisStateStore(server.url)
    try:
        async with store.listen("delivery") as messages:
            waiting = asyncio.ensure_future(anext(messages))
            await asyncio.sleep(0.1)
            server.stop()
            with pytest.raises(StateStoreUnavailable):
                await asyncio.wait_for(waiting, 10)
    finally:
        server.stop()
        await store.aclose()
