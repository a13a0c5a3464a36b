"""The page where a person lets a device in: every state without an accessibility fault, on a phone, without scripts."""

from typing import Any

import httpx2
from playwright.sync_api import Browser, Page

from idp.protocol.device_grant import INTERVAL
from tests.browser.axe import accessible
from tests.browser.looks import ON_A_PHONE
from tests.doubles.idp_site import PASSWORD
from tests.doubles.running_provider import Running

pytestmark = ON_A_PHONE


def _begun(provider: Running) -> dict[str, Any]:
    fields = {"client_id": "kiosk", "scope": "openid profile"}
    told: dict[str, Any] = httpx2.post(f"{provider.base}/idp/device_authorization", data=fields, timeout=30).json()
    return told


def _poll(provider: Running, told: dict[str, Any]) -> dict[str, Any]:
    provider.clock.forward(INTERVAL)
    fields = {
        "client_id": "kiosk",
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": told["device_code"],
    }
    answer: dict[str, Any] = httpx2.post(f"{provider.base}/idp/token", data=fields, timeout=30).json()
    return answer


def _sign_in(page: Page) -> None:
    page.fill("#username", "clerk")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("#user_code")


def test_a_person_lets_a_device_in_by_keyboard(page: Page, provider: Running) -> None:
    told = _begun(provider)
    page.goto(told["verification_uri"])
    _sign_in(page)
    accessible(page)
    page.fill("#user_code", "bcdfghjk")
    page.press("#user_code", "Enter")
    page.wait_for_selector(".error")
    accessible(page)
    assert page.evaluate("document.activeElement.id") == "user_code"
    page.fill("#user_code", told["user_code"].lower().replace("-", " "))
    page.press("#user_code", "Enter")
    page.wait_for_selector("button[value=allow]")
    accessible(page)
    assert told["user_code"] in page.inner_text("main")
    assert _poll(provider, told)["error"] == "authorization_pending"
    page.press("button[value=allow]", "Enter")
    page.wait_for_selector("a.button")
    accessible(page)
    assert _poll(provider, told)["token_type"] == "Bearer"


def test_the_link_from_a_device_works_without_scripts_and_can_be_refused(browser: Browser, provider: Running) -> None:
    told = _begun(provider)
    context = browser.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    page.goto(told["verification_uri_complete"])
    _sign_in(page)
    assert page.input_value("#user_code") == told["user_code"]
    page.press("#user_code", "Enter")
    page.wait_for_selector("button[value=deny]")
    assert "一台设备请求以您的身份使用“自助终端”" in page.inner_text(
        "main"
    )  # the account's language, not the browser's
    page.click("button[value=deny]")
    page.wait_for_selector("a.button")
    assert _poll(provider, told)["error"] == "access_denied"
    context.close()
