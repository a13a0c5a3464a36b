"""The main job in a browser: one sign-in, every tile, one matter of each department, and the citizen sees it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from demo.forms import situations
from tests.browser.clerk import Clerk
from tests.browser.looks import in_turn, on
from tests.servers.api_caller import ApiCaller, arrived, received
from tests.servers.installation import Installation
from tests.servers.matters import DELIVERED, MATTERS, SIGNED_ON_BY_OIDC, application_for, system_of

PHONE = ViewportSize(width=390, height=844)
ONE_OF_EACH_DEPARTMENT = tuple(
    {matter["department"]["id"]: matter["id"] for matter in reversed(MATTERS.values())}.values()
)


@pytest.fixture
def clerk(page: Page, installation: Installation) -> Clerk:
    return Clerk.sign_in(page, installation)


@pytest.fixture
def phone(browser: Browser, installation: Installation) -> Iterator[Page]:
    """The citizen's phone: another browser, nobody signed in."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN", base_url=installation.base_url)
    yield context.new_page()
    context.close()


@in_turn("system", SIGNED_ON_BY_OIDC)
def test_a_tile_opens_its_system_without_a_second_password(
    clerk: Clerk, context: BrowserContext, installation: Installation, system: str
) -> None:
    clerk.page.goto(clerk.base_url)
    with context.expect_page() as opened:
        clerk.page.locator(f"a[href='/open/{system}']").click()
    there = opened.value
    there.wait_for_url(f"{installation.system(system)['base_url']}/**")
    expect(there.locator("input[type=password]")).to_have_count(0)
    expect(there.locator("body")).to_contain_text("王晓芸")
    expect(there.locator("body")).to_contain_text("云桥街道便民服务中心")


@in_turn("matter", ONE_OF_EACH_DEPARTMENT)
def test_a_matter_is_taken_in_delivered_and_seen_by_the_citizen(
    clerk: Clerk, phone: Page, installation: Installation, matter: str
) -> None:
    application = application_for(matter, seed=4_000, situation=situations(MATTERS[matter])[-1])
    receipt = clerk.take_in(application)
    api, system = ApiCaller.of(installation), system_of(matter)
    api.settled(receipt.number)
    api.close()
    if system in DELIVERED:
        assert [each["times"] for each in arrived(installation, system, receipt.number)] == [1]
    else:
        assert received(installation, system, receipt.number) == []

    phone.goto("/status")
    phone.get_by_label("办件编号").fill(receipt.number)
    phone.get_by_label("查询码").fill(receipt.query_code.lower())
    phone.get_by_role("button", name="查询").click()
    expect(phone.locator("#status-case")).to_contain_text(receipt.number)
    expect(phone.locator(".status-steps li").first).to_be_visible()
    expect(phone.locator(".delivery")).to_have_count(1)
    for secret in (value for key, value in application.form.items() if key.endswith(("_name", "_id_number"))):
        assert str(secret) not in phone.content()


@on("full")
def test_a_second_tab_needs_no_second_sign_in(clerk: Clerk, context: BrowserContext) -> None:
    second = context.new_page()
    second.goto(f"{clerk.base_url}/cases")
    expect(second.locator(".masthead-who")).to_contain_text("王晓芸")


@on("full")
def test_signing_out_ends_it_for_every_tab(clerk: Clerk, context: BrowserContext) -> None:
    clerk.page.locator("form[action='/sign-out'] button").click()
    clerk.page.wait_for_load_state()
    second = context.new_page()
    second.goto(f"{clerk.base_url}/cases")
    expect(second.locator("input[name=password]")).to_be_visible()


@on("embedded")
def test_a_matter_is_found_and_opened_with_the_keyboard_alone(clerk: Clerk) -> None:
    """The cursor stands in the search when home opens: initials and Enter lead to the guide."""
    clerk.page.goto(clerk.base_url)
    clerk.page.keyboard.type("lsjz")
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_url("**/matters/04-temporary-assistance")


@on("embedded")
def test_what_was_typed_is_there_after_the_tab_was_closed(clerk: Clerk, context: BrowserContext) -> None:
    clerk.begin(application_for("05-elder-respect-allowance", seed=4_100))
    field = clerk.page.locator("#section-form input[type=text]").first
    with clerk.page.expect_response(lambda response: response.url.endswith("/autosave")):
        field.fill("测试甲")
    name, address = field.get_attribute("name"), clerk.page.url
    clerk.page.close()
    again = context.new_page()
    again.goto(address)
    expect(again.locator(f"[name='{name}']")).to_have_value("测试甲")
