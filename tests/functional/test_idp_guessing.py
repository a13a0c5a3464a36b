"""Guessing from everywhere at once is bounded in total, and shuts nobody out of his own computer (S40)."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from idp.protocol.throttle import ACCOUNT_ATTEMPTS, WINDOW
from tests.doubles.idp_site import PASSWORD, RelyingParty, Site, open_site

PLACES: dict[str, Callable[[int], str]] = {
    "IPv4 addresses": lambda n: f"10.{n // 250}.{n % 250}.1",
    "networks of one IPv6 line": lambda n: f"2001:db8:1:{n:x}::1",
    "IPv6 lines": lambda n: f"2001:db8:{n:x}::1",
}


@pytest.fixture
async def site(embedded: AsyncEngine) -> AsyncIterator[Site]:
    async with open_site(embedded, MemoryStateStore()) as opened:
        await opened.account()
        yield opened


async def guess(site: Site, rp: RelyingParty, address: str) -> int:
    return (await site.browser(address).sign_in(rp.url(), "clerk", "wrong-password")).status_code


@pytest.mark.parametrize("place", PLACES)
async def test_a_hundred_at_once_from_everywhere_are_no_more_than_the_bound(site: Site, place: str) -> None:
    rp, known = await site.client(), site.browser("10.200.0.1")
    await known.sign_in(rp.url())
    statuses = await asyncio.gather(*(guess(site, rp, PLACES[place](n)) for n in range(100)))
    assert statuses.count(422) <= ACCOUNT_ATTEMPTS
    assert statuses.count(422) + statuses.count(429) == 100
    page = await known.get(rp.url(prompt="login"))
    assert (await known.submit(page, username="clerk", password=PASSWORD)).status_code == 303


async def test_what_strangers_used_up_is_given_back_with_time(embedded: AsyncEngine) -> None:
    """No lock-out for good: after a quarter of an hour a computer nobody knows may try again."""
    now = [0.0]
    async with open_site(embedded, MemoryStateStore(seconds=lambda: now[0])) as site:
        await site.account()
        rp = await site.client()
        await asyncio.gather(*(guess(site, rp, f"10.1.{n}.1") for n in range(ACCOUNT_ATTEMPTS + 1)))
        assert (await site.browser("10.3.0.1").sign_in(rp.url())).status_code == 429
        now[0] += WINDOW.total_seconds()
        assert (await site.browser("10.3.0.1").sign_in(rp.url())).status_code == 303
