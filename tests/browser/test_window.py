"""A window in a real browser: locked in one key, unlocked, handed over; systems told, and nothing of the first clerk left."""

from collections.abc import Iterator
from time import sleep

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.axe import accessible
from tests.browser.clerk import Clerk
from tests.browser.looks import on
from tests.servers.installation import Installation

pytestmark = on("full")
WIDTHS = (320, 1280)
DEPARTMENT = "mz-elder"
FIRST, SECOND = "王晓芸", "李建国"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    yield opened
    opened.close()


def _is_good(page: Page) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        accessible(page)


def _open_department(clerk: Clerk, context: BrowserContext, installation: Installation) -> Page:
    with context.expect_page() as opened:
        clerk.page.locator(f"a[href='/open/{DEPARTMENT}']").click()
    there = opened.value
    there.wait_for_url(f"{installation.system(DEPARTMENT)['base_url']}/**")
    expect(there.locator("body")).to_contain_text(FIRST)
    return there


def _knows_nobody(there: Page, installation: Installation) -> None:
    """Look until the department has been told; it was told before the page that asks came, or soon after."""
    for _ in range(100):
        there.goto(f"{installation.system(DEPARTMENT)['base_url']}/")
        if FIRST not in there.inner_text("body"):
            return
        sleep(0.2)
    raise AssertionError("the department never heard of it")


def _press_access_key(context: BrowserContext, page: Page, key: str) -> None:
    """Press Alt and a key as a keyboard does; Playwright's own press leaves out what access keys are found by."""
    devtools = context.new_cdp_session(page)
    pressed = {"modifiers": 1, "key": key, "code": f"Key{key.upper()}", "unmodifiedText": key, "text": key}
    code = ord(key.upper())
    for kind in ("keyDown", "keyUp"):
        devtools.send("Input.dispatchKeyEvent", {"type": kind, "windowsVirtualKeyCode": code, **pressed})


def _sign_in(page: Page, installation: Installation, username: str) -> None:
    account = installation.account(username)
    page.locator("input[name=username]").fill(account["username"])
    page.locator("input[name=password]").fill(account["password"])
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"{installation.base_url}/**", wait_until="load")
    expect(page.locator(".masthead-who")).to_contain_text(account["name"])


def test_a_window_is_locked_in_one_key_and_unlocked_where_the_clerk_was(
    context: BrowserContext, installation: Installation
) -> None:
    clerk = Clerk.sign_in(context.new_page(), installation)
    there, page = _open_department(clerk, context, installation), clerk.page
    second_tab = context.new_page()
    second_tab.goto(f"{installation.base_url}/cases")
    page.bring_to_front()
    page.goto(f"{installation.base_url}/matters")
    _press_access_key(context, page, "l")
    page.wait_for_url("**/idp/session")
    expect(page.locator("h1")).to_have_text("已锁定")
    _is_good(page)
    second_tab.reload()
    expect(second_tab.locator("input[type=password]")).to_be_visible()
    _knows_nobody(there, installation)
    page.keyboard.press("Enter")  # the way out has the focus
    expect(page.locator("input[name=password]")).to_be_focused()
    expect(page.locator("input[name=username]")).to_have_value("clerk")
    expect(page.locator("main")).to_contain_text("锁定")
    _is_good(page)
    page.locator("input[name=password]").fill(installation.account("clerk")["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{installation.base_url}/matters")
    expect(page.locator(".masthead-who")).to_contain_text(FIRST)


def test_a_window_is_handed_over_and_nothing_of_the_first_clerk_answers(
    context: BrowserContext, installation: Installation
) -> None:
    """S37: other tabs, departments, the back button."""
    clerk = Clerk.sign_in(context.new_page(), installation)
    there, page = _open_department(clerk, context, installation), clerk.page
    page.goto(f"{installation.base_url}/cases")
    _is_good(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="换人").click()
    expect(page.locator("input[type=password]")).to_be_visible()
    assert FIRST not in page.inner_text("body")
    _knows_nobody(there, installation)
    _sign_in(page, installation, "clerk2")
    expect(page.locator(".masthead-who")).to_contain_text(SECOND)
    for _ in range(4):
        page.go_back()
        assert FIRST not in page.inner_text("body")


def test_after_signing_out_the_clerk_reads_which_systems_are_out(
    context: BrowserContext, installation: Installation
) -> None:
    clerk = Clerk.sign_in(context.new_page(), installation)
    there, page = _open_department(clerk, context, installation), clerk.page
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/idp/signed_out/**")
    expect(page.locator(".told-ended")).to_have_count(2, timeout=20_000)
    _is_good(page)
    _knows_nobody(there, installation)
    page.locator("a.button").click()
    page.wait_for_url(f"{installation.base_url}/signed-out?*")
