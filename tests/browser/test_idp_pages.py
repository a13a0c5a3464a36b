"""The provider's pages in a real browser: every state without an accessibility fault, on a phone, without scripts."""

from playwright.sync_api import Browser, Page

from tests.browser.axe import accessible
from tests.browser.looks import ON_A_PHONE
from tests.doubles.idp_site import PASSWORD
from tests.doubles.running_provider import Running

pytestmark = ON_A_PHONE


def _sign_in(page: Page, address: str) -> None:
    page.goto(address)
    page.fill("#username", "clerk")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


def test_sign_in_and_its_errors_are_accessible_on_a_phone(page: Page, provider: Running) -> None:
    page.goto(provider.tile)
    accessible(page)
    page.fill("#username", "clerk")
    page.fill("#password", "wrong-password")
    page.press("#password", "Enter")
    page.wait_for_selector(".error")
    accessible(page)
    assert page.input_value("#username") == "clerk"
    assert page.evaluate("document.activeElement.id") == "password"


def test_the_browser_lets_the_sign_in_form_end_at_the_system(page: Page, provider: Running) -> None:
    _sign_in(page, provider.tile)
    page.wait_for_url(f"{provider.client}/cb?code=*")


def test_consent_account_choice_and_sign_out_are_accessible(page: Page, provider: Running) -> None:
    _sign_in(page, provider.stranger)
    page.wait_for_selector("button[value=allow]")
    accessible(page)
    page.click("button[value=allow]")
    page.wait_for_url(f"{provider.client}/cb?code=*")
    page.goto(f"{provider.tile}&prompt=select_account")
    accessible(page)
    page.click("button[value=continue]")
    page.wait_for_url(f"{provider.client}/cb?code=*")
    page.goto(f"{provider.base}/idp/end_session?client_id=tile&post_logout_redirect_uri={provider.client}/bye")
    accessible(page)
    page.click("button")
    page.wait_for_url("**/signed_out/*")  # another system was open
    accessible(page)
    page.click("a.button")
    page.wait_for_url(f"{provider.client}/bye")
    page.goto(f"{provider.base}/idp/end_session")
    accessible(page)


def test_a_stopped_request_is_accessible(page: Page, provider: Running) -> None:
    page.goto(f"{provider.base}/idp/authorize?client_id=nobody")
    accessible(page)


def test_form_post_submits_itself_under_the_strict_policy(page: Page, provider: Running) -> None:
    page.goto(f"{provider.tile}&response_mode=form_post&prompt=none")
    page.wait_for_url(f"{provider.client}/cb")
    assert "POST error=login_required" in page.content()


def test_everything_works_without_scripts_and_in_english(browser: Browser, provider: Running) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    _sign_in(page, f"{provider.tile}&response_mode=form_post")
    page.wait_for_selector("input[name=code]", state="attached")
    assert page.title() == "Returning · OneWindow"
    page.click("button")
    page.wait_for_url(f"{provider.client}/cb")
    context.close()
