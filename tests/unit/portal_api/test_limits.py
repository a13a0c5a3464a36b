"""Rate limits: counted before anything is looked at."""

from datetime import timedelta

import anyio
import pytest
from starlette.requests import Request

from config.state import StateStore
from portal.api.limits import Limit, address_of, spend
from portal.api.problem_types import TOO_MANY_REQUESTS
from portal.api.refusals import Refused

THREE = Limit(name="test", tries=3, window=timedelta(minutes=10))


def from_address(host: str | None) -> Request:
    client = (host, 4711) if host is not None else None
    return Request({"type": "http", "headers": [(b"x-forwarded-for", b"203.0.113.9")], "client": client})


async def test_a_hundred_tries_at_once_get_no_more_than_the_limit(state_store: StateStore) -> None:
    let_through = 0

    async def attempt() -> None:
        nonlocal let_through
        try:
            await spend(state_store, THREE, "320105007-241105-MZ004-000371")
            let_through += 1
        except Refused:
            return

    async with anyio.create_task_group() as group:
        for _each in range(100):
            group.start_soon(attempt)
    assert let_through == 3


async def test_who_is_over_the_limit_is_told_when_to_come_back(state_store: StateStore) -> None:
    for _each in range(3):
        await spend(state_store, THREE, "a")
    with pytest.raises(Refused) as caught:
        await spend(state_store, THREE, "a")
    assert caught.value.kind is TOO_MANY_REQUESTS
    assert caught.value.headers == {"retry-after": "600"}
    await spend(state_store, THREE, "b")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002::/64"),
        ("2001:db8:1:2::ff", "20010db800010002::/64"),
        ("fe80::1%eth0", "fe80000000000000::/64"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_an_ipv6_household_counts_as_one_and_a_header_changes_nothing(host: str | None, address: str) -> None:
    assert address_of(from_address(host)).removeprefix("::") == address
