"""Administrators at the provider: the list of a region, one account's page, and the whole journey on every backend."""

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from tests.conftest import Backend
from tests.doubles.administrators import (
    ADMIN,
    FRESH_PASSWORD,
    SHEET,
    administered,
    at_admin,
    imported,
    kinds,
    links_in,
    page_of,
    press,
    recover,
    two_halves,
    upload,
)
from tests.doubles.idp_site import Site


@pytest.fixture
async def site(embedded: AsyncEngine) -> AsyncIterator[Site]:
    async with administered(embedded, MemoryStateStore()) as opened:
        yield opened


async def test_the_list_asks_to_sign_in_and_comes_back(site: Site) -> None:
    browser = site.browser()
    page = await browser.sign_in(f"{ADMIN}/accounts?q=clerk", "admin")
    assert page.status_code == 200
    assert str(page.url).endswith("/admin/accounts?q=clerk")
    assert "王晓芸" in page.text
    assert "吴海燕" not in page.text.split("places")[1]


async def test_a_clerk_sees_no_account_but_his_own(site: Site) -> None:
    browser = await at_admin(site, username="clerk")
    for page in ("/accounts", "/import", "/recoveries", "/import/template.csv"):
        answer = await browser.get(f"{ADMIN}{page}")
        assert answer.status_code == 403, page
        assert "没有权限" in answer.text


async def test_a_manager_recovers_people_but_sees_no_list(site: Site) -> None:
    browser = await at_admin(site, "/recoveries", username="manager")
    assert (await browser.get(f"{ADMIN}/recoveries")).status_code == 200
    assert (await browser.get(f"{ADMIN}/accounts")).status_code == 403


async def test_what_lies_outside_the_region_is_neither_listed_nor_shown(site: Site) -> None:
    browser = await at_admin(site)
    assert "欧阳静" not in (await browser.get(f"{ADMIN}/accounts")).text
    far, nowhere = await page_of(site, browser, "far"), await browser.get(f"{ADMIN}/accounts/no-such-sub")
    assert (far.status_code, nowhere.status_code) == (403, 403)
    assert far.text == nowhere.text


async def test_the_list_is_paged_and_filtered_by_address(site: Site) -> None:
    for n in range(60):
        await site.idp.account_store.save(
            (await site.idp.account_store.by_username("clerk"))[0].__class__(  # type: ignore[index]
                sub=f"n-{n}", username=f"n{n:02}", name=f"某{n}", unit="u", unit_name="单位", region="320105007",
                roles=frozenset({"clerk"}), locale="zh-Hans", disabled=n % 2 == 0, valid_from=site.clock(),
            ), password_hash="h", at=site.clock(),
        )  # fmt: skip
    browser = await at_admin(site)
    first = await browser.get(f"{ADMIN}/accounts")
    assert "第 1 / 2 页" in first.text
    later = re.search(r'href="([^"]*)" rel="next"', first.text)
    assert later is not None
    second = await browser.get(html.unescape(later[1]))
    assert "n59" in second.text
    assert 'rel="prev"' in second.text
    stopped = await browser.get(f"{ADMIN}/accounts?standing=disabled&role=clerk&q=n")
    assert "共 30 个账号" in stopped.text
    assert (await browser.get(f"{ADMIN}/accounts?page=99999999999999999&standing=x&role=y")).status_code == 200


async def test_a_change_wants_a_fresh_sign_in(site: Site) -> None:
    browser = await at_admin(site)
    page = await page_of(site, browser, "clerk")
    site.clock.forward(timedelta(minutes=6))
    late = await press(browser, page, "disable")
    assert 'name="password"' in late.text
    assert not (await site.idp.account_store.by_username("clerk"))[0].disabled  # type: ignore[index]
    shown = await page_of(site, browser, "clerk")
    assert 'value="disable"' not in shown.text
    back = await browser.sign_in(f"{shown.url}/unlocked", "admin")
    assert str(back.url) == str(shown.url)
    assert 'value="disable"' in back.text


async def test_a_stopped_account_is_out_everywhere_and_comes_back(site: Site) -> None:
    """S41."""
    rp, clerk = await site.client(), site.browser("10.1.1.1")
    tokens = await rp.tokens(clerk)
    browser = await at_admin(site)
    page = await page_of(site, browser, "clerk")
    stopped = await press(browser, page, "disable")
    assert "账号已停用" in stopped.text
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401
    assert (await site.browser("10.1.1.2").sign_in(rp.url())).status_code == 422
    assert "账号已恢复使用" in (await press(browser, stopped, "enable")).text
    assert (await site.browser("10.1.1.2").sign_in(rp.url())).status_code == 303
    assert {"account_disabled", "account_enabled"} <= set(await kinds(site, "clerk"))


async def test_roles_and_unit_are_changed_and_audited(site: Site) -> None:
    browser = await at_admin(site)
    page = await page_of(site, browser, "clerk")
    changed = await press(browser, page, "roles", **{"role-clerk": "yes", "role-editor": "yes"})
    assert "角色已更改" in changed.text
    moved = await press(browser, changed, "unit", unit="u-9", unit_name="新中心", region="320102")
    assert "单位已更改" in moved.text
    account = (await site.idp.account_store.by_username("clerk"))[0]  # type: ignore[index]
    assert (account.roles, account.unit, account.region) == (frozenset({"clerk", "editor"}), "u-9", "320102")
    assert (await kinds(site, "clerk")).count("account_changed") == 2


@pytest.mark.parametrize(
    ("decision", "fields", "status"),
    [
        ("roles", {}, 422),
        ("unit", {"unit": "", "unit_name": "x", "region": "320102"}, 422),
        ("unit", {"unit": "u", "unit_name": "x", "region": "32010"}, 422),
        ("unit", {"unit": "u", "unit_name": "x", "region": "330102"}, 403),
        ("unit", {"unit": "u" * 65, "unit_name": "x", "region": "320102"}, 422),
        ("nonsense", {}, 422),
        ("", {}, 422),
        ("invite", {}, 409),
    ],
)
async def test_what_can_not_be_is_refused_in_a_sentence(
    site: Site, decision: str, fields: dict[str, str], status: int
) -> None:
    before = await site.idp.account_store.by_username("clerk")
    browser = await at_admin(site)
    answer = await press(browser, await page_of(site, browser, "clerk"), decision, **fields)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert await site.idp.account_store.by_username("clerk") == before


async def test_nobody_changes_his_own_account(site: Site) -> None:
    browser = await at_admin(site)
    page = await page_of(site, browser, "admin")
    assert 'value="disable"' not in page.text
    other = await page_of(site, browser, "clerk")
    answer = await press(browser, other, "disable", at=str(page.url))
    assert answer.status_code == 403
    assert not (await site.idp.account_store.by_username("admin"))[0].disabled  # type: ignore[index]


async def test_a_form_of_another_session_is_refused(site: Site) -> None:
    """S10."""
    first, second = await at_admin(site), await at_admin(site, username="admin-b", address="10.2.2.2")
    page = await page_of(site, first, "clerk")
    assert (await press(second, page, "disable")).status_code == 400


async def test_ending_sessions_leaves_the_account_in_use(site: Site) -> None:
    rp, clerk = await site.client(), site.browser("10.1.1.1")
    tokens = await rp.tokens(clerk)
    browser = await at_admin(site)
    site.clock.forward(timedelta(seconds=1))
    assert "全部登录已结束" in (await press(browser, await page_of(site, browser, "clerk"), "end_sessions")).text
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401
    site.clock.forward(timedelta(seconds=1))
    assert (await rp.tokens(clerk))["access_token"]


async def test_when_the_audit_can_not_be_written_nothing_is_changed(embedded: AsyncEngine, site: Site) -> None:
    """S56: the change and its event share a transaction; the page says so."""
    browser = await at_admin(site)
    page = await page_of(site, browser, "clerk")
    async with embedded.begin() as connection:
        await connection.execute(text("DROP TABLE idp_audit"))
    answer = await press(browser, page, "disable")
    assert (answer.status_code, "没有执行" in answer.text) == (503, True)
    assert not (await site.idp.account_store.by_username("clerk"))[0].disabled  # type: ignore[index]


async def test_the_journey_is_the_same_on_every_backend(backend: Backend) -> None:
    async with administered(backend.engine, backend.state) as site:
        browser = await at_admin(site, "/import")
        done = await imported(browser, await upload(browser, SHEET.encode()))
        link = links_in((await browser.get(f"{done.url}/invitations.csv")).content)["anna"]
        person = site.browser("10.3.3.3")
        welcome = await person.submit(await person.get(link), password=FRESH_PASSWORD, again=FRESH_PASSWORD)
        assert "密码已设置" in welcome.text
        first, second = await two_halves(site)
        assert "密码已设置" in (await recover(site, first, second)).text
        assert await site.idp.audit_store.verify() == (await _count(site), None)


async def _count(site: Site) -> int:
    head = await site.idp.audit_store.head()
    return head.seq if head else 0
