"""A result that flowed back and a death that was announced, looked at in a browser; each page is accessible."""

import random
from collections.abc import Iterator
from datetime import date

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.identifiers import id_number
from tests.browser.axe import violations
from tests.browser.clerk import Clerk
from tests.browser.looks import on
from tests.servers.api_caller import ApiCaller
from tests.servers.installation import Installation
from tests.servers.matters import application_for

pytestmark = on("embedded")
ALLOWANCE = "05-elder-respect-allowance"
TRIES = 120


def _wait_for(page: Page, path: str, wanted: Locator) -> None:
    """Open the page again and again until what is wanted stands there."""
    for _ in range(TRIES):
        page.goto(path)
        if wanted.count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{path}: it did not come")


@pytest.fixture
def page(browser: Browser, installation: Installation) -> Iterator[Page]:
    """A page in Chinese on a desk."""
    context = browser.new_context(locale="zh-CN", base_url=installation.base_url)
    yield context.new_page()
    context.close()


def test_a_clerk_reads_a_result_hands_it_on_and_takes_a_false_alarm_back(
    page: Page, installation: Installation
) -> None:
    api = ApiCaller.of(installation)
    accepted = api.submit(application_for(ALLOWANCE, seed=random.SystemRandom().randrange(10**6)).as_json()).json()
    api.close()
    dead = id_number(random.SystemRandom(), birth_date=date(1905, 5, 5), is_male=False)
    pushed = {"name": "测试癸", "idNumber": dead, "deathDate": "2026-11-01", "townCode": "320105007"}
    platform = installation.facts["receivers"][0]["base_url"]
    httpx2.post(f"{platform}/deaths", json=pushed, trust_env=False).raise_for_status()

    Clerk.sign_in(page, installation, "clerk")
    number = accepted["number"]
    _wait_for(page, "/results", page.locator(f"a[href='/results/{number}']"))
    assert violations(page) == []
    page.locator(f"a[href='/results/{number}']").click()
    assert violations(page) == []
    page.goto(f"/cases/{number}")
    expect(page.locator("#case-notices")).to_be_visible()
    assert violations(page) == []

    page.set_viewport_size({"width": 320, "height": 900})
    page.locator("form[action$='/handed-over'] button").click()
    expect(page.locator("#step-way-error")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("本人领取").check()
    page.locator("form[action$='/handed-over'] button").click()
    expect(page.locator("#case-timeline ~ .timeline")).to_contain_text("本人领取，已核验身份证件")
    assert violations(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})

    _wait_for(page, "/events", page.get_by_text("测*癸"))
    assert violations(page) == []
    page.locator("tr", has_text="测*癸").first.locator("a").click()
    page.fill("#event-reason", "同名误报，本人健在")
    assert violations(page) == []
    page.locator("button[value=undo]").click()
    expect(page.locator("h1 + .case-status")).to_contain_text("已撤销")

    page.goto("/desk")
    assert violations(page) == []
