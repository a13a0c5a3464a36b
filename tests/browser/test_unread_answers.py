"""An answer nobody understood, from the department's slip to the owner's page, in every look."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import accessible
from tests.browser.clerk import Clerk
from tests.browser.looks import PHONE, in_every_look, opened
from tests.servers.api_caller import ApiCaller
from tests.servers.installation import Installation
from tests.servers.matters import application_for

pytestmark = in_every_look()
ELDER = "05-elder-respect-allowance"
ADDRESS = "/systems/mz-elder/answers"


@pytest.fixture
def visitor(look: str, browser: Browser, installation: Installation) -> Iterator[Page]:
    """A page in one of the looks."""
    context = opened(browser, installation, look)
    yield context.new_page()
    context.close()


def test_what_a_department_garbled_is_shown_to_its_owner(visitor: Page, installation: Installation) -> None:
    page = Clerk.sign_in(visitor, installation, "owner").page
    seed = 6_900 + (1 if visitor.viewport_size == PHONE else 0)
    seed += 2 if visitor.evaluate("() => navigator.language").startswith("en") else 0
    base_url = installation.system("mz-elder")["base_url"]
    httpx2.post(f"{base_url}/faults", json={"mode": "garbled", "times": 1}, trust_env=False).raise_for_status()
    api = ApiCaller.of(installation)
    api.submit(application_for(ELDER, seed=seed).as_json()).raise_for_status()
    api.close()
    to_answer = page.locator("main table a").first
    for _ in range(80):
        page.goto(ADDRESS)
        if to_answer.count():
            break
        page.wait_for_timeout(500)
    accessible(page)
    to_answer.click()
    expect(page.locator("pre.message-text")).to_contain_text("网关繁忙")
    accessible(page)
