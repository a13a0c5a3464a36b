"""Accounts from a file, looked through before anything happens, and the invitations that go with them."""

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
    SHEET,
    administered,
    at_admin,
    imported,
    kinds,
    links_in,
    page_of,
    press,
    upload,
)
from tests.doubles.idp_site import ISSUER, PASSWORD, Site


@pytest.fixture
async def site(embedded: AsyncEngine) -> AsyncIterator[Site]:
    async with administered(embedded, MemoryStateStore()) as opened:
        yield opened


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
