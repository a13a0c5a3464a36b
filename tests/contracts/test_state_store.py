"""What every state store keeps to, in memory and in Redis alike."""

import asyncio
from datetime import timedelta

from config.state import StateStore

MINUTE = timedelta(minutes=1)
SOON = timedelta(milliseconds=60)
RACERS = 20


async def _gone(store: StateStore, key: str) -> bool:
    """Tell whether `key` expires within two seconds."""
    for _ in range(100):
        if await store.get(key) is None:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_what_is_put_is_got_byte_for_byte(state_store: StateStore) -> None:
    value = bytes(range(256)) + "办件".encode()
    await state_store.put("session:a", value, MINUTE)
    assert await state_store.get("session:a") == value


async def test_an_empty_value_is_a_value(state_store: StateStore) -> None:
    await state_store.put("session:a", b"", MINUTE)
    assert await state_store.get("session:a") == b""
    assert not await state_store.add("session:a", b"x", MINUTE)
    assert await state_store.take("session:a") == b""


async def test_a_key_nobody_put_is_none(state_store: StateStore) -> None:
    assert await state_store.get("session:nobody") is None
    assert await state_store.take("session:nobody") is None


async def test_several_keys_are_got_at_once_in_their_order(state_store: StateStore) -> None:
    await state_store.put("a", b"1", MINUTE)
    await state_store.put("c", b"3", MINUTE)
    assert await state_store.get_all("c", "b", "a") == (b"3", None, b"1")
    assert await state_store.get_all() == ()


async def test_putting_again_replaces_value_and_lifetime(state_store: StateStore) -> None:
    await state_store.put("session:a", b"old", SOON)
    await state_store.put("session:a", b"new", MINUTE)
    await asyncio.sleep(0.15)
    assert await state_store.get("session:a") == b"new"


async def test_what_is_put_expires(state_store: StateStore) -> None:
    await state_store.put("session:a", b"x", SOON)
    assert await _gone(state_store, "session:a")
    assert await state_store.take("session:a") is None


async def test_adding_succeeds_once_until_it_expires(state_store: StateStore) -> None:
    assert await state_store.add("replay:jti", b"1", SOON)
    assert not await state_store.add("replay:jti", b"2", MINUTE)
    assert await state_store.get("replay:jti") in (b"1", None)
    assert await _gone(state_store, "replay:jti")
    assert await state_store.add("replay:jti", b"3", MINUTE)


async def test_of_many_who_add_at_once_one_succeeds(state_store: StateStore) -> None:
    results = await asyncio.gather(*(state_store.add("lock:a", b"%d" % n, MINUTE) for n in range(RACERS)))
    assert results.count(True) == 1
    assert await state_store.get("lock:a") == b"%d" % results.index(True)


async def test_a_value_is_taken_once(state_store: StateStore) -> None:
    await state_store.put("code:a", b"grant", MINUTE)
    assert await state_store.take("code:a") == b"grant"
    assert await state_store.take("code:a") is None
    assert await state_store.get("code:a") is None


async def test_of_many_takers_at_once_one_gets_it(state_store: StateStore) -> None:
    for round_number in range(10):
        key = f"code:{round_number}"
        await state_store.put(key, b"grant", MINUTE)
        taken = await asyncio.gather(*(state_store.take(key) for _ in range(RACERS)))
        assert sorted(taken, key=bool) == [None] * (RACERS - 1) + [b"grant"]


async def test_swapping_needs_the_present_value(state_store: StateStore) -> None:
    await state_store.put("login:a", b"1", MINUTE)
    assert not await state_store.swap("login:a", b"2", b"3", MINUTE)
    assert await state_store.get("login:a") == b"1"
    assert await state_store.swap("login:a", b"1", b"2", MINUTE)
    assert await state_store.get("login:a") == b"2"


async def test_nothing_can_be_swapped_into_an_empty_place(state_store: StateStore) -> None:
    assert not await state_store.swap("login:nobody", b"", b"x", MINUTE)
    assert await state_store.get("login:nobody") is None


async def test_swapping_gives_a_new_lifetime(state_store: StateStore) -> None:
    await state_store.put("login:a", b"1", MINUTE)
    assert await state_store.swap("login:a", b"1", b"2", SOON)
    assert await _gone(state_store, "login:a")


async def test_of_many_who_swap_at_once_one_succeeds(state_store: StateStore) -> None:
    await state_store.put("login:a", b"start", MINUTE)
    results = await asyncio.gather(
        *(state_store.swap("login:a", b"start", b"%d" % n, MINUTE) for n in range(RACERS)),
    )
    assert results.count(True) == 1
    assert await state_store.get("login:a") == b"%d" % results.index(True)


async def test_touching_prolongs_a_life(state_store: StateStore) -> None:
    await state_store.put("session:a", b"x", timedelta(milliseconds=250))
    assert await state_store.touch("session:a", MINUTE)
    await asyncio.sleep(0.4)
    assert await state_store.get("session:a") == b"x"


async def test_touching_can_shorten_a_life(state_store: StateStore) -> None:
    await state_store.put("session:a", b"x", MINUTE)
    assert await state_store.touch("session:a", SOON)
    assert await _gone(state_store, "session:a")


async def test_touching_revives_nothing(state_store: StateStore) -> None:
    assert not await state_store.touch("session:nobody", MINUTE)
    await state_store.put("session:a", b"x", SOON)
    assert await _gone(state_store, "session:a")
    assert not await state_store.touch("session:a", MINUTE)
    assert await state_store.get("session:a") is None


async def test_forgetting_takes_any_number_of_keys(state_store: StateStore) -> None:
    await state_store.forget()
    for key in ("session:a", "session:b", "session:c"):
        await state_store.put(key, b"x", MINUTE)
    await state_store.forget("session:a", "session:b", "session:unknown")
    assert [await state_store.get(key) for key in ("session:a", "session:b", "session:c")] == [None, None, b"x"]


async def test_counting_gives_one_two_three(state_store: StateStore) -> None:
    assert [await state_store.count("limit:a", MINUTE) for _ in range(3)] == [1, 2, 3]
    assert await state_store.count("limit:b", MINUTE) == 1


async def test_counting_at_once_loses_no_hit(state_store: StateStore) -> None:
    hits = await asyncio.gather(*(state_store.count("limit:a", MINUTE) for _ in range(RACERS)))
    assert sorted(hits) == list(range(1, RACERS + 1))


async def test_later_hits_do_not_prolong_a_counting_window(state_store: StateStore) -> None:
    window = timedelta(milliseconds=300)
    assert await state_store.count("limit:a", window) == 1
    await asyncio.sleep(0.2)
    assert await state_store.count("limit:a", window) == 2
    await asyncio.sleep(0.2)
    assert await state_store.count("limit:a", window) == 1


async def test_a_set_holds_each_member_once(state_store: StateStore) -> None:
    for member in ("sid-1", "sid-2", "sid-1"):
        await state_store.join("sessions:sub", member, MINUTE)
    assert await state_store.members("sessions:sub") == {"sid-1", "sid-2"}


async def test_members_leave_one_by_one(state_store: StateStore) -> None:
    for member in ("sid-1", "sid-2"):
        await state_store.join("sessions:sub", member, MINUTE)
    await state_store.leave("sessions:sub", "sid-1")
    await state_store.leave("sessions:sub", "sid-unknown")
    await state_store.leave("sessions:nobody", "sid-1")
    assert await state_store.members("sessions:sub") == {"sid-2"}
    await state_store.leave("sessions:sub", "sid-2")
    assert await state_store.members("sessions:sub") == frozenset()


async def test_a_set_lives_from_its_last_joining(state_store: StateStore) -> None:
    await state_store.join("sessions:sub", "sid-1", SOON)
    await state_store.join("sessions:sub", "sid-2", MINUTE)
    await asyncio.sleep(0.15)
    assert await state_store.members("sessions:sub") == {"sid-1", "sid-2"}
    await state_store.join("sessions:sub", "sid-3", SOON)
    await asyncio.sleep(0.2)
    assert await state_store.members("sessions:sub") == frozenset()


async def test_a_set_can_be_forgotten_and_touched(state_store: StateStore) -> None:
    await state_store.join("sessions:sub", "sid-1", SOON)
    assert await state_store.touch("sessions:sub", MINUTE)
    await asyncio.sleep(0.15)
    assert await state_store.members("sessions:sub") == {"sid-1"}
    await state_store.forget("sessions:sub")
    assert await state_store.members("sessions:sub") == frozenset()


async def test_the_store_answers_a_ping(state_store: StateStore) -> None:
    await asyncio.wait_for(state_store.ping(), 2)
