"""Administrators at the provider: the list of a region, one account's page, invitations, import, recovery by two."""

import asyncio
import csv
import html
import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from tests.conftest import Backend
from tests.doubles.idp_site import ISSUER, PASSWORD, Browser, Site, open_site

ADMIN = f"{ISSUER}/admin"
FRESH_PASSWORD = "three unrelated words 7"
SHEET = "用户名,姓名,单位编号,单位名称,区划代码,角色\r\nanna,安娜,u-1,一中心,320105007,综窗人员\r\nbo,博,u-1,一中心,320105007,clerk、窗口主管\r\n"


@pytest.fixture
async def site(embedded: AsyncEngine) -> AsyncIterator[Site]:
    async with open_site(embedded, MemoryStateStore()) as opened:
        await people(opened)
        yield opened


async def people(site: Site) -> None:
    await site.account("clerk")
    await site.account("admin", name="吴海燕", region="32", roles=frozenset({"admin"}))
    await site.account("admin-b", name="郑一", region="32", roles=frozenset({"admin"}))
    await site.account("manager", name="赵卫东", region="320105", roles=frozenset({"manager"}))
    await site.account("far", name="欧阳静", region="330206003")


async def at_admin(site: Site, page: str = "/accounts", username: str = "admin", address: str = "10.9.8.7") -> Browser:
    """A browser in which somebody has just signed in for a page of administrators."""
    browser = site.browser(address)
    await browser.sign_in(f"{ADMIN}{page}", username)
    return browser


async def press(
    browser: Browser, page: httpx2.Response, decision: str = "", /, at: str = "", **fields: str
) -> httpx2.Response:
    """Send a form of a page; `at` is its action when that is not the page itself."""
    token = re.search(r'name="form_token" value="([^"]*)"', page.text)
    assert token is not None, page.text
    sent = {"form_token": token[1], **fields} | ({"decision": decision} if decision else {})
    return await browser.post(at or str(page.url).partition("?")[0], sent, **{"sec-fetch-site": "same-origin"})


async def page_of(site: Site, browser: Browser, username: str) -> httpx2.Response:
    found = await site.idp.account_store.by_username(username)
    assert found is not None
    return await browser.get(f"{ADMIN}/accounts/{found[0].sub}")


async def kinds(site: Site, username: str) -> list[str]:
    found = await site.idp.account_store.by_username(username)
    assert found is not None
    rows = await site.idp.audit_store.listed(
        sub=found[0].sub, since=site.clock() - timedelta(days=1), after=0, at_most=500
    )
    return [row.kind for row in rows if row.sub == found[0].sub]


# ---- the list ----


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


# ---- one account ----


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


# ---- import and invitations ----


async def upload(browser: Browser, content: bytes) -> httpx2.Response:
    page = await browser.get(f"{ADMIN}/import")
    token = re.search(r'name="form_token" value="([^"]*)"', page.text)
    assert token is not None
    return await browser.http.post(
        f"{ADMIN}/import", data={"form_token": token[1]}, files={"file": ("a.csv", content, "text/csv")},
        headers={"sec-fetch-site": "same-origin"},
    )  # fmt: skip


async def imported(browser: Browser, preview: httpx2.Response) -> httpx2.Response:
    action = re.search(r'action="([^"]*/admin/import/[^"]*)"', preview.text)
    assert action is not None, preview.text
    page = await press(browser, preview, at=html.unescape(action[1]))
    async with asyncio.timeout(60):
        while "refresh" in page.headers:
            await asyncio.sleep(0.05)
            page = await browser.get(str(page.url))
    return page


def links_in(table: bytes) -> dict[str, str]:
    return {row["用户名"]: row["邀请链接"] for row in csv.DictReader(io.StringIO(table.decode("utf-8-sig")))}


async def test_a_file_is_looked_through_before_anything_happens(site: Site) -> None:
    browser = await at_admin(site, "/import")
    preview = await upload(
        browser, (SHEET + "clerk,重名,u,单位,320105007,clerk\r\n,无名,u,单位,330000,boss\r\n").encode()
    )
    assert preview.status_code == 200
    assert "将新建 2 个账号" in preview.text
    assert "1 个用户名已存在" in preview.text
    for told in ("<td>5</td><td>用户名</td>", "<td>5</td><td>区划代码</td>", "<td>5</td><td>角色</td>"):
        assert told in preview.text
    assert await site.idp.account_store.by_username("anna") is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_an_import_makes_accounts_and_links_that_work_once(site: Site, encoding: str) -> None:
    browser = await at_admin(site, "/import")
    done = await imported(browser, await upload(browser, SHEET.encode(encoding)))
    assert "导入完成" in done.text
    table = await browser.get(f"{done.url}/invitations.csv")
    assert table.content.startswith(b"\xef\xbb\xbf")
    links = links_in(table.content)
    assert set(links) == {"anna", "bo"}
    person = site.browser("10.3.3.3")
    page = await person.get(links["anna"])
    assert "安娜" in page.text
    assert "t=" not in str(page.url)  # the secret left the address at once
    weak = await person.submit(page, password="anna1234", again="anna1234")
    assert (weak.status_code, 'role="alert"' in weak.text) == (422, True)
    welcome = await person.submit(weak, password=FRESH_PASSWORD, again=FRESH_PASSWORD)
    assert "密码已设置" in welcome.text
    assert "/account/totp" in welcome.text
    assert (await person.get(f"{ISSUER}/account/totp")).status_code == 200  # fresh enough to set one up at once
    assert (await site.browser("10.3.3.4").get(links["anna"])).status_code == 410
    assert set(links_in((await browser.get(f"{done.url}/invitations.csv")).content)) == {"bo"}
    assert await kinds(site, "anna") == ["account_imported", "invitation_used", "password_changed", "sign_in"]


async def test_the_same_file_again_imports_nothing_twice(site: Site) -> None:
    browser = await at_admin(site, "/import")
    await imported(browser, await upload(browser, SHEET.encode()))
    before = await site.idp.account_store.by_username("anna")
    again = await upload(browser, (SHEET + "cora,柯拉,u,单位,320105007,clerk\r\n").encode())
    assert "将新建 1 个账号" in again.text
    await imported(browser, again)
    assert await site.idp.account_store.by_username("anna") == before
    assert await site.idp.account_store.by_username("cora") is not None


async def test_a_preview_is_begun_once_and_by_its_owner(site: Site) -> None:
    browser, other = await at_admin(site, "/import"), await at_admin(site, "/import", "admin-b", "10.2.2.2")
    preview = await upload(browser, SHEET.encode())
    action = html.unescape(re.search(r'action="([^"]*/admin/import/[^"]*)"', preview.text)[1])  # type: ignore[index]
    assert (await press(other, await other.get(f"{ADMIN}/import"), at=action)).status_code == 409
    done = await imported(browser, preview)
    assert (await press(browser, preview, at=action)).status_code == 409
    assert (await other.get(str(done.url))).status_code == 403
    assert (await other.get(f"{done.url}/invitations.csv")).status_code == 403


async def test_a_preview_left_too_long_is_shown_again_after_signing_in(site: Site) -> None:
    browser = await at_admin(site, "/import")
    preview = await upload(browser, SHEET.encode())
    action = html.unescape(re.search(r'action="([^"]*/admin/import/[^"]*)"', preview.text)[1])  # type: ignore[index]
    site.clock.forward(timedelta(minutes=6))
    sign_in = await press(browser, preview, at=action)
    again = await browser.submit(sign_in, username="admin", password=PASSWORD)
    assert "将新建 2 个账号" in again.text
    assert "导入完成" in (await imported(browser, again)).text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "请先选择"),
        (b"\xff\xfeu\x00", "不是 UTF-8 或 GB18030"),
        ("姓名\r\n张三\r\n".encode(), "缺少这一列"),
        (SHEET.replace("角色", "密码").encode(), "有密码列"),
        (b"x" * (8 * 1024 * 1024 + 1), "超过 8 MB"),
    ],
)
async def test_a_file_that_can_not_be_read_says_what_to_do(site: Site, content: bytes, told: str) -> None:
    browser = await at_admin(site, "/import")
    answer = await upload(browser, content)
    assert told in answer.text
    assert "/admin/import/" not in "".join(re.findall(r'action="([^"]*)"', answer.text))


async def test_a_body_beyond_the_limit_and_a_broken_one_are_refused_early(site: Site) -> None:
    """S28."""
    browser = await at_admin(site, "/import")
    assert (await upload(browser, b"x" * (9 * 1024 * 1024))).status_code == 413
    headers = {"sec-fetch-site": "same-origin", "content-type": "multipart/form-data; boundary=x"}
    for body in (b"--x\r\nnonsense", b"--x--", b""):
        answer = await browser.http.post(f"{ADMIN}/import", content=body, headers=headers)
        assert answer.status_code in (400, 422), body


async def test_a_new_invitation_ends_the_one_before(site: Site) -> None:
    browser = await at_admin(site, "/import")
    done = await imported(browser, await upload(browser, SHEET.encode()))
    old = links_in((await browser.get(f"{done.url}/invitations.csv")).content)["bo"]
    page = await press(browser, await page_of(site, browser, "bo"), "invite")
    link = re.search(r'<code class="key">([^<]*)</code>', page.text)
    assert link is not None
    assert (await site.browser("10.3.3.3").get(old)).status_code == 410
    assert "博" in (await site.browser("10.3.3.3").get(html.unescape(link[1]))).text


async def test_an_invitation_expires_and_opening_it_uses_nothing_up(site: Site) -> None:
    browser = await at_admin(site, "/import")
    done = await imported(browser, await upload(browser, SHEET.encode()))
    link = links_in((await browser.get(f"{done.url}/invitations.csv")).content)["bo"]
    for _ in range(3):
        assert (await site.browser("10.3.3.3").get(link)).status_code == 200
    site.clock.forward(timedelta(days=14))
    gone = await site.browser("10.3.3.3").get(link)
    assert (gone.status_code, "邀请链接已失效" in gone.text) == (410, True)
    for forged in ("x", "A" * 43, "%00", "é" * 43):
        assert (await site.browser("10.3.3.3").get(f"{ISSUER}/invitation?t={forged}")).status_code in (400, 410)


# ---- recovery at the counter ----


async def half(browser: Browser, **fields: str) -> httpx2.Response:
    return await press(browser, await browser.get(f"{ADMIN}/recoveries"), at=f"{ADMIN}/recoveries", **fields)


def code_in(page: httpx2.Response) -> str:
    found = re.search(r"<code>([^<]*)</code>", page.text)
    assert found is not None, page.text
    return found[1]


async def approve(browser: Browser, *, card: str = "yes") -> httpx2.Response:
    page = await browser.get(f"{ADMIN}/recoveries")
    action = re.search(r'action="([^"]*/admin/recoveries/[^"]*)"', page.text)
    assert action is not None
    return await press(browser, page, "approve", at=html.unescape(action[1]), card=card)


async def two_halves(site: Site) -> tuple[str, str]:
    first = code_in(await half(await at_admin(site, "/recoveries", "manager"), username="clerk", card="yes"))
    return first, code_in(await approve(await at_admin(site, "/recoveries", "admin", "10.2.2.2")))


async def recover(
    site: Site, first: str, second: str, username: str = "clerk", password: str = FRESH_PASSWORD
) -> httpx2.Response:
    browser = site.browser("10.4.4.4")
    page = await browser.get(f"{ISSUER}/recovery")
    return await browser.submit(page, username=username, first=first, second=second, password=password, again=password)


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


async def test_the_journey_is_the_same_on_every_backend(backend: Backend) -> None:
    async with open_site(backend.engine, backend.state) as site:
        await people(site)
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
