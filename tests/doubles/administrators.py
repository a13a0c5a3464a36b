"""Administrators and managers at the provider's own pages: what they press, upload, read and hand over."""

import asyncio
import csv
import html
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx2
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from tests.doubles.idp_site import ISSUER, Browser, Site, open_site

ADMIN = f"{ISSUER}/admin"
FRESH_PASSWORD = "three unrelated words 7"
SHEET = "用户名,姓名,单位编号,单位名称,区划代码,角色\r\nanna,安娜,u-1,一中心,320105007,综窗人员\r\nbo,博,u-1,一中心,320105007,clerk、窗口主管\r\n"


@asynccontextmanager
async def administered(engine: AsyncEngine, state: StateStore) -> AsyncIterator[Site]:
    """Open a provider with the people of these tests."""
    async with open_site(engine, state) as opened:
        await people(opened)
        yield opened


async def people(site: Site) -> None:
    """Make two administrators, a manager, a clerk, and somebody of another region."""
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
