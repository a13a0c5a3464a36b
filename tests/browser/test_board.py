"""The board in a real browser: it keeps itself up to date, and what hangs from it breaks no rule of WCAG 2.2 A and AA."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.axe import accessible
from tests.browser.clerk import Clerk
from tests.browser.looks import PHONE, in_every_look, on, opened
from tests.servers.installation import Installation

SYSTEM = "/systems/mz-elder"


@pytest.fixture
def owner(look: str, browser: Browser, installation: Installation) -> Iterator[Page]:
    context = opened(browser, installation, look)
    yield Clerk.sign_in(context.new_page(), installation, "owner").page
    context.close()


@in_every_look()
def test_alerts_maintenance_and_numbers_in_their_states(owner: Page) -> None:
    for path in ("/alerts", "/alerts?system=mz-elder", f"{SYSTEM}/numbers", f"{SYSTEM}/numbers?by=month"):
        owner.goto(path)
        accessible(owner)
    owner.goto(f"{SYSTEM}/maintenance")
    accessible(owner)
    begins, ends = owner.locator("#maintenance-begins"), owner.locator("#maintenance-ends")
    there = datetime.fromisoformat(begins.input_value())
    # Far ahead and ended again, so that nothing of another test is held back.
    ahead = there + timedelta(days=100 if owner.viewport_size == PHONE else 110)
    begins.fill(f"{ahead:%Y-%m-%dT%H:%M}")
    ends.fill(f"{ahead - timedelta(hours=1):%Y-%m-%dT%H:%M}")
    owner.locator("#maintenance-reason").fill("数据库升级")
    owner.locator("main button[type=submit]").click()
    expect(owner.locator("[role=alert]")).to_be_visible()
    accessible(owner)
    owner.locator("#maintenance-ends").fill(f"{ahead + timedelta(hours=1):%Y-%m-%dT%H:%M}")
    owner.locator("main form button[type=submit]").first.click()
    end = owner.locator("form[action$='/end'] button")
    expect(end.first).to_be_visible()
    accessible(owner)
    end.first.click()
    expect(end).to_have_count(0)
    accessible(owner)


@on("full")
def test_the_board_keeps_itself_up_to_date(browser: Browser, installation: Installation) -> None:
    context = opened(browser, installation, "desk")
    page = Clerk.sign_in(context.new_page(), installation, "owner").page

    def is_update(response: Response) -> bool:
        return response.url.endswith("/systems") and "hx-request" in response.request.headers

    page.goto("/systems")
    with page.expect_response(is_update, timeout=60_000) as update:
        pass
    assert update.value.text().lstrip().startswith('<div id="systems-list"')
    expect(page.locator("#systems-list")).to_have_count(1)
    accessible(page)
    context.close()
