"""Somebody without a password is brought back in by two people at the counter."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from tests.doubles.administrators import (
    ADMIN,
    FRESH_PASSWORD,
    administered,
    approve,
    at_admin,
    code_in,
    half,
    kinds,
    press,
    recover,
    two_halves,
)
from tests.doubles.idp_site import ISSUER, Site


@pytest.fixture
async def site(embedded: AsyncEngine) -> AsyncIterator[Site]:
    async with administered(embedded, MemoryStateStore()) as opened:
        yield opened


async def test_two_people_bring_a_third_back_in(site: Site) -> None:
    """S39."""
    rp = await site.client()
    tokens = await rp.tokens(site.browser("10.1.1.1"))
    site.clock.forward(timedelta(seconds=1))
    first, second = await two_halves(site)
    assert "密码已设置" in (await recover(site, first.lower().replace("-", " "), second)).text
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401
    assert (await site.browser("10.1.1.2").sign_in(rp.url())).status_code == 422  # the old password is dead
    signed_in = await site.browser("10.1.1.2").sign_in(rp.url(), "clerk", FRESH_PASSWORD)
    assert signed_in.status_code == 303
    assert [kind for kind in await kinds(site, "clerk") if kind.startswith("recovery")] == [
        "recovery_started", "recovery_approved", "recovery_used",
    ]  # fmt: skip
    assert (await recover(site, first, second)).status_code == 422  # once


async def test_who_started_a_recovery_can_not_approve_it(site: Site) -> None:
    """S39."""
    browser = await at_admin(site, "/recoveries", "admin")
    await half(browser, username="clerk", card="yes")
    page = await browser.get(f"{ADMIN}/recoveries")
    assert 'value="approve"' not in page.text
    refused = await approve(browser)
    assert (refused.status_code, "另一位同事" in refused.text) == (409, True)


async def test_nobody_starts_or_approves_his_own_recovery(site: Site) -> None:
    admin, other = (
        await at_admin(site, "/recoveries", "admin"),
        await at_admin(site, "/recoveries", "admin-b", "10.2.2.2"),
    )
    assert (await half(admin, username="admin", card="yes")).status_code == 409
    await half(other, username="admin", card="yes")
    assert (await approve(admin)).status_code == 409


async def test_a_manager_can_not_recover_an_administrator(site: Site) -> None:
    await site.account("boss", name="李主任", roles=frozenset({"admin"}))
    refused = await half(await at_admin(site, "/recoveries", "manager"), username="boss", card="yes")
    assert (refused.status_code, "只能由管理员找回" in refused.text) == (409, True)


async def test_the_identity_card_is_held_against_the_person_by_both(site: Site) -> None:
    browser = await at_admin(site, "/recoveries", "manager")
    assert (await half(browser, username="clerk")).status_code == 409
    await half(browser, username="clerk", card="yes")
    assert (await approve(await at_admin(site, "/recoveries", "admin", "10.2.2.2"), card="no")).status_code == 409


async def test_somebody_elsewhere_or_unknown_is_not_found(site: Site) -> None:
    browser = await at_admin(site, "/recoveries", "admin")
    answers = [await half(browser, username=name, card="yes") for name in ("far", "nobody", "")]
    assert [answer.status_code for answer in answers] == [422, 422, 422]


async def test_one_half_alone_opens_nothing_and_both_expire(site: Site) -> None:
    """S39: neither of the two can take the account over."""
    first, second = await two_halves(site)
    for pair in ((first, first), (second, second), (second, first), (first, "0000-0000-0000")):
        assert (await recover(site, *pair)).status_code == 422
    assert (await recover(site, first, second, username="admin")).status_code == 422
    site.clock.forward(timedelta(minutes=15))
    assert "已过期" in (await recover(site, first, second)).text


async def test_a_cancelled_or_unapproved_recovery_opens_nothing(site: Site) -> None:
    manager = await at_admin(site, "/recoveries", "manager")
    first = code_in(await half(manager, username="clerk", card="yes"))
    assert (await recover(site, first, first)).status_code == 422
    page = await manager.get(f"{ADMIN}/recoveries")
    action = re.search(r'action="([^"]*/admin/recoveries/[^"]*)"', page.text)
    assert action is not None
    assert "已取消" in (await press(manager, page, "cancel", at=html.unescape(action[1]))).text
    assert "没有等待中的找回" in (await manager.get(f"{ADMIN}/recoveries")).text


async def test_a_weak_password_is_named_and_the_code_is_not_used_up(site: Site) -> None:
    first, second = await two_halves(site)
    weak = await recover(site, first, second, password="12345678")
    assert (weak.status_code, "太常见" in weak.text) == (422, True)
    assert "密码已设置" in (await recover(site, first, second)).text


async def test_guessing_a_recovery_code_is_bounded_in_parallel(site: Site) -> None:
    """S40: a hundred at once from a hundred addresses are ten tries."""
    first, _ = await two_halves(site)

    async def guess(n: int) -> int:
        browser = site.browser(f"10.7.{n}.1")
        page = await browser.get(f"{ISSUER}/recovery")
        return (
            await browser.submit(page, username="clerk", first=first, second=f"{n:012}", password="x" * 9, again="x")
        ).status_code

    statuses = await asyncio.gather(*(guess(n) for n in range(100)))
    assert (statuses.count(422), statuses.count(429)) == (10, 90)


async def test_recovery_asks_for_every_field(site: Site) -> None:
    page = await recover(site, "", "")
    assert (page.status_code, "请填写用户名" in page.text) == (422, True)
