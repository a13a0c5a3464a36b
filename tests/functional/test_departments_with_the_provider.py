"""The three departments that sign on by OpenID Connect, at the real provider: one password opens them all."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from demo.ground.context import SystemContext
from demo.ground.entry import entry_of
from demo.ground.hours import Hours
from demo.ground.received import ReceivedStore
from demo.pages.app import create_pages
from demo.seed import DEMO_TOTP_KEY, Client, clients
from idp.protocol import totp
from tests.doubles.idp_site import ISSUER, PASSWORD, Browser, Site, form_of, open_site

FIRST_PORT = 8100
DEPARTMENTS = {client.client_id: client for client in clients(FIRST_PORT)}
OIDC = ("mz-elder", "rs-employment", "wj-birth")


@pytest.fixture
async def site(embedded: AsyncEngine) -> AsyncIterator[Site]:
    async with open_site(embedded, MemoryStateStore()) as started:
        started.clock.now = datetime.now(UTC)  # Authlib looks at the real clock
        await started.account()
        yield started


@pytest.fixture
async def departments(site: Site, tmp_path: Path) -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
    """A browser window on each department, registered at the provider exactly as the demo registers it."""
    async with AsyncExitStack() as stack:
        yield {
            system_id: await _window(stack, site, DEPARTMENTS[system_id], tmp_path / f"{system_id}.db")
            for system_id in OIDC
        }


async def _window(stack: AsyncExitStack, site: Site, wanted: Client, path: Path) -> httpx2.AsyncClient:
    registered = await site.client(
        wanted.client_id,
        redirect_uris=wanted.redirect_uris,
        post_logout_redirect_uris=wanted.post_logout_redirect_uris,
        grant_types=wanted.grant_types,
        scope=wanted.scopes,
        trusted=wanted.trusted,
    )
    store = ReceivedStore(path)
    stack.callback(store.close)
    address = wanted.redirect_uris[0].removesuffix("/callback")
    pages = create_pages(
        SystemContext(entry=entry_of(wanted.client_id), store=store, secrets=lambda _name: b""),
        Hours(),
        own_address=address,
        issuer=ISSUER,
        client_secret=registered.secret,
        transport=httpx2.ASGITransport(site.app),
    )
    window = httpx2.AsyncClient(transport=httpx2.ASGITransport(pages), base_url=address, follow_redirects=False)
    return await stack.enter_async_context(window)


async def go_to_the_provider(window: httpx2.AsyncClient, browser: Browser) -> httpx2.Response:
    begun = await window.get("/login")
    assert begun.status_code == 302
    return await browser.get(begun.headers["location"])


async def come_back(window: httpx2.AsyncClient, sent: httpx2.Response) -> httpx2.Response:
    assert sent.status_code == 303, sent.text[:500]
    assert (await window.get(sent.headers["location"])).status_code == 303
    return await window.get("/")


async def test_one_password_opens_every_department_and_each_shows_who_came(
    site: Site, departments: dict[str, httpx2.AsyncClient]
) -> None:
    browser = site.browser()
    passwords = 0
    for window in departments.values():
        sent = await go_to_the_provider(window, browser)
        if sent.status_code == 200:
            passwords += 1
            sent = await browser.submit(sent, username="clerk", password="Yichuang-2026")
        page = await come_back(window, sent)
        for shown in ("王晓芸", "云桥街道便民服务中心", "综窗人员", "urn:onewindow:acr:password"):
            assert shown in page.text
    assert passwords == 1


async def test_signing_out_at_a_department_ends_the_sign_on(
    site: Site, departments: dict[str, httpx2.AsyncClient]
) -> None:
    browser, window = site.browser(), departments["wj-birth"]
    asked = await go_to_the_provider(window, browser)
    await come_back(window, await browser.submit(asked, username="clerk", password="Yichuang-2026"))
    origin = str(window.base_url).rstrip("/")
    left = await window.post("/logout", headers={"origin": origin})
    ended = await browser.get(left.headers["location"])
    if ended.status_code == 200:
        action, hidden = form_of(ended)
        ended = await browser.post(action, hidden, **{"sec-fetch-site": "same-origin"})
    assert ended.headers["location"].startswith(f"{origin}/")
    assert "使用一窗登录" in (await window.get("/")).text
    again = await go_to_the_provider(window, browser)
    assert again.status_code == 200
    assert "password" in again.text


async def test_who_is_known_by_papers_and_proves_more_reaches_the_level_a_department_wishes_for(
    site: Site, departments: dict[str, httpx2.AsyncClient]
) -> None:
    known = await site.account("known", name="沈若兰", real_name_level=3)
    await site.idp.second_factors.totp.put(known.sub, DEMO_TOTP_KEY, step=0, at=site.clock())
    browser, window = site.browser(), departments["rs-employment"]
    page = await go_to_the_provider(window, browser)
    page = await browser.submit(page, username="known", password=PASSWORD)
    code = totp.code_at(DEMO_TOTP_KEY, totp.step_at(site.clock()))
    home = await come_back(window, await browser.submit(page, code=code))
    assert "沈若兰" in home.text
    assert "已达到" in home.text
    assert "未达到" not in home.text
