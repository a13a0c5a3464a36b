"""Second factors in a real Chromium: passkeys with its virtual authenticator, every page without an accessibility fault."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from idp.protocol import totp
from tests.browser.axe import accessible
from tests.doubles.idp_site import PASSWORD
from tests.doubles.running_provider import Running, provider_at

# Chromium makes no passkey for an address in numbers; localhost counts as secure (W3C Secure Contexts §3.1).
HOST = "localhost"
PICTURES = os.environ.get("ONEWINDOW_TEST_PICTURES", "")


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with provider_at(HOST, tmp_path_factory.mktemp("idp")) as running:
        yield running


@pytest.fixture(params=[320, 1280])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": request.param, "height": 800})
    yield context.new_page()
    context.close()


def _authenticator(page: Page) -> None:
    """Give the page's browser a device that verifies its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def _is_good(page: Page, name: str) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    accessible(page)


def _sign_in(page: Page, username: str) -> None:
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


def _person(page: Page) -> str:
    """Every width has a person of its own, for factors stay."""
    return f"person{page.viewport_size['width'] if page.viewport_size else 0}"


def test_a_passkey_is_made_used_without_a_name_and_removed(page: Page, provider: Running) -> None:
    _authenticator(page)
    page.goto(f"{provider.base}/idp/account/passkeys")
    _is_good(page, "sign-in-for-account")
    _sign_in(page, f"key-{_person(page)}")
    page.wait_for_selector("#name")
    _is_good(page, "passkeys-none")
    page.fill("#name", "窗口电脑")
    page.click("form[data-passkey=create] button")
    page.wait_for_selector(".codes")
    _is_good(page, "recovery-codes-shown")
    assert page.locator(".codes li").count() == 10
    page.context.clear_cookies()
    page.goto(provider.tile)
    _is_good(page, "sign-in-with-passkey")
    page.click("form[data-passkey=get] button")
    page.wait_for_url(f"{provider.client}/cb?code=*")
    page.context.clear_cookies()
    page.goto(provider.tile)
    _sign_in(page, f"key-{_person(page)}")
    page.wait_for_selector("#code")
    _is_good(page, "second-factor-passkey-and-recovery")
    page.click("form[data-passkey=get] button")
    page.wait_for_url(f"{provider.client}/cb?code=*")
    page.goto(f"{provider.base}/idp/account/passkeys")
    page.wait_for_selector(".places")
    _is_good(page, "passkeys-one")
    page.click("button[name=remove]")
    page.wait_for_selector(".notice")
    assert page.locator(".places").count() == 0


def test_what_the_device_can_not_do_is_said_on_the_page(page: Page, provider: Running) -> None:
    page.goto(provider.tile)
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": False}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.click("form[data-passkey=get] button")
    page.wait_for_selector("[data-passkey-failed]:visible", timeout=60_000)
    _is_good(page, "sign-in-passkey-failed")


def test_one_time_codes_are_set_up_and_every_page_of_the_account_is_accessible(page: Page, provider: Running) -> None:
    page.goto(f"{provider.base}/idp/account/totp")
    _sign_in(page, f"code-{_person(page)}")
    key = page.locator(".key").inner_text().replace(" ", "")
    _is_good(page, "totp-set-up")
    page.fill("#code", "000000")
    page.press("#code", "Enter")
    page.wait_for_selector(".error:visible")
    _is_good(page, "totp-wrong")
    page.fill("#code", totp.code_at(key, totp.step_at(provider.clock())))
    page.press("#code", "Enter")
    page.wait_for_selector(".codes")
    for path in ("", "/totp", "/recovery-codes", "/password", "/sessions"):
        page.goto(f"{provider.base}/idp/account{path}")
        _is_good(page, f"account{path.replace('/', '-')}")
    page.goto(f"{provider.base}/idp/account/password")
    for field in ("#current", "#password", "#again"):
        page.fill(field, PASSWORD)
    page.press("#again", "Enter")
    page.wait_for_selector(".error:visible")
    _is_good(page, "account-password-refused")
    assert page.evaluate("document.activeElement.id") == "password"


def test_a_system_that_asks_for_more_leads_to_setting_it_up(page: Page, provider: Running) -> None:
    page.goto(provider.strict)
    _sign_in(page, f"more-{_person(page)}")
    page.wait_for_selector("text=需要设置第二步验证")
    _is_good(page, "set-up")
    page.click("a[href*='/account/totp']")
    key = page.locator(".key").inner_text().replace(" ", "")
    page.fill("#code", totp.code_at(key, totp.step_at(provider.clock())))
    page.press("#code", "Enter")
    page.wait_for_selector(".codes")
    page.click("a[href*='/interaction/']")
    page.wait_for_url(f"{provider.client}/cb?code=*")
    page.context.clear_cookies()
    page.goto(provider.tile)
    _sign_in(page, f"more-{_person(page)}")
    page.wait_for_selector("#code")
    _is_good(page, "second-factor-code")
    assert page.evaluate("document.activeElement.id") == "code"


def test_everything_but_adding_a_passkey_works_without_scripts(browser: Browser, provider: Running) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{provider.base}/idp/account/passkeys")
    _sign_in(page, "plain")
    assert page.locator("[data-passkey-unsupported]").is_visible()
    assert not page.locator("#name").is_visible()
    page.goto(f"{provider.base}/idp/account/totp")
    key = page.locator(".key").inner_text().replace(" ", "")
    page.fill("#code", totp.code_at(key, totp.step_at(provider.clock())))
    page.press("#code", "Enter")
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    context.clear_cookies()
    page.goto(provider.tile)
    _sign_in(page, "plain")
    page.fill("#code", codes[0])
    page.press("#code", "Enter")
    page.wait_for_url(f"{provider.client}/cb?code=*")
    page.goto(f"{provider.base}/idp/account")
    assert re.search("还剩 9 个", page.content())
    context.close()
