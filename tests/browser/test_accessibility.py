"""Every page of the portal and the provider in its states: no rule of WCAG 2.2 A and AA is broken."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.seed import DEMO_PASSWORD
from tests.browser.axe import accessible
from tests.browser.clerk import Clerk
from tests.browser.looks import PHONE, in_every_look, opened
from tests.servers.api_caller import ApiCaller
from tests.servers.installation import Installation
from tests.servers.matters import application_for
from tests.servers.relying_party import RelyingParty

pytestmark = in_every_look()
WITH_ROWS = "01-minimum-living-guarantee"
BY_FORM = "27-one-child-parent-reward"
BY_HAND = "01-minimum-living-guarantee"


@pytest.fixture
def visitor(look: str, browser: Browser, installation: Installation) -> Iterator[Page]:
    """A page in one of the looks."""
    context = opened(browser, installation, look)
    yield context.new_page()
    context.close()


def _sign_in(page: Page, installation: Installation, username: str) -> Clerk:
    return Clerk.sign_in(page, installation, username)


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/status", "/signed-out", "/problems", "/problems/invalid-application", "/nowhere"]
)
def test_pages_for_everybody(visitor: Page, path: str) -> None:
    visitor.goto(path)
    accessible(visitor)


def test_a_refused_sign_in(visitor: Page) -> None:
    visitor.goto("/sign-in")
    visitor.locator("input[name=username]").fill("nobody-of-this-name")
    visitor.locator("input[name=password]").fill("wrong")
    visitor.locator("input[name=password]").press("Enter")
    expect(visitor.locator("#error, [role=alert]").first).to_be_visible()
    accessible(visitor)


def test_the_page_that_asks_for_consent(visitor: Page, installation: Installation) -> None:
    client, account = RelyingParty.of(installation), installation.account("clerk-b")
    visitor.goto(client.begin(prompt="consent").address)
    client.close()
    visitor.locator("input[name=username]").fill(account["username"])
    visitor.locator("input[name=password]").fill(DEMO_PASSWORD)
    visitor.locator("input[name=password]").press("Enter")
    expect(visitor.locator("button[value=allow]")).to_be_visible()
    accessible(visitor)


def test_a_citizen_who_mistypes_and_one_who_does_not(visitor: Page, installation: Installation) -> None:
    api = ApiCaller.of(installation)
    accepted = api.submit(application_for(BY_HAND, seed=_seed(visitor, 6_000)).as_json()).raise_for_status().json()
    api.close()
    visitor.goto("/status")
    visitor.locator("form[action='/status'] button").click()
    expect(visitor.locator("[role=alert]")).to_be_visible()
    accessible(visitor)
    visitor.locator("#number").fill(accepted["number"])
    visitor.locator("#code").fill(accepted["query_code"])
    visitor.locator("form[action='/status'] button").click()
    expect(visitor.locator("#status-case")).to_be_visible()
    accessible(visitor)


def test_a_clerks_lists_and_guides(visitor: Page, installation: Installation) -> None:
    clerk = _sign_in(visitor, installation, "clerk2")
    for path in (
        "/",
        "/matters",
        "/matters?q=低保",
        "/matters?q=没有这样的事项",
        f"/matters/{WITH_ROWS}",
        "/cases",
        "/results",
        "/events",
        "/events?state=undone",
        "/events?kind=F2-age-eighty",
        "/desk/carrying/mz-elder",
        "/desk",
    ):
        clerk.page.goto(path)
        accessible(clerk.page)
    clerk.page.goto("/matters/no-such-matter")
    accessible(clerk.page)
    clerk.page.goto("/systems")  # not a clerk's: the refusal is a page as well
    accessible(clerk.page)


def test_results_that_come_while_typing(visitor: Page, installation: Installation) -> None:
    clerk = _sign_in(visitor, installation, "clerk2")
    clerk.page.goto("/")
    clerk.page.locator("#matter-search").press_sequentially("linshi")
    expect(clerk.page.locator("#matter-live a").first).to_be_visible()
    accessible(clerk.page)


def test_an_intake_from_its_first_step_to_the_receipt(visitor: Page, installation: Installation) -> None:
    """Each step empty, with errors, and filled; then review, receipt, case and desk."""
    clerk = _sign_in(visitor, installation, "clerk2")
    application = application_for(WITH_ROWS, seed=_seed(visitor, 6_100))
    clerk.begin(application)
    while "/form/" in clerk.page.url:
        _empty_then_wrong(clerk.page)
        clerk.fill_section(application.form)
        accessible(clerk.page)
        clerk.go_on()
    accessible(clerk.page)
    clerk.page.locator(".actions .button-primary").first.click()  # no material stated yet
    expect(clerk.page.locator("#error-summary")).to_be_visible()
    accessible(clerk.page)
    clerk.state_materials(application)
    clerk.go_on()
    accessible(clerk.page)
    clerk.page.locator("form[action$='/submit'] button[type=submit]").click()
    clerk.page.wait_for_url("**/receipt")
    accessible(clerk.page)
    number = clerk.page.url.split("/")[-2]
    clerk.page.emulate_media(media="print")
    accessible(clerk.page)
    clerk.page.emulate_media(media="screen")
    clerk.page.goto(f"/cases/{number}")
    accessible(clerk.page)
    clerk.page.goto("/desk")
    accessible(clerk.page)


def test_a_system_that_waits_for_somebody_to_read_its_picture(visitor: Page, installation: Installation) -> None:
    api = ApiCaller.of(installation)
    api.submit(application_for(BY_FORM, seed=_seed(visitor, 6_300)).as_json()).raise_for_status()
    api.close()
    clerk = _sign_in(visitor, installation, "clerk2")
    to_picture = clerk.page.locator("a[href^='/desk/log-ins/']")
    for _ in range(60):
        clerk.page.goto("/desk")
        if to_picture.count():
            break
        clerk.page.wait_for_timeout(500)
    accessible(clerk.page)
    to_picture.first.click()
    accessible(clerk.page)
    clerk.page.locator("main button[type=submit]").click()  # nothing typed
    accessible(clerk.page)


def _empty_then_wrong(page: Page) -> None:
    accessible(page)
    before = page.url
    with page.expect_navigation():
        page.locator(".actions .button-primary").first.click()
    if page.url != before:
        page.goto(before)  # nothing of this section is required
        return
    accessible(page)


Role = Literal["owner", "manager", "admin"]


@pytest.mark.parametrize("role", ["owner", "manager", "admin"])
def test_what_owners_managers_and_admins_see(visitor: Page, installation: Installation, role: Role) -> None:
    visitor = _sign_in(visitor, installation, role).page
    for path in ("/", "/systems", "/systems/mz-elder", "/systems/mz-assist", "/reflux"):
        visitor.goto(path)
        accessible(visitor)


def test_what_an_owner_sends_anew_and_tries(visitor: Page, installation: Installation) -> None:
    """Choosing, an empty preview, what can't be read; the examples, a trial that waits, the days compared."""
    visitor = _sign_in(visitor, installation, "owner").page
    for path in (
        "/systems/mz-elder/replay",
        "/systems/mz-elder/replay?preview=1&state=auth",
        "/systems/mz-elder/replay?preview=1&since=yesterday",
        "/systems/mz-elder/answers",
        "/systems/mz-elder/examples",
        "/systems/tax-ssf/examples",
        "/systems/wj-reward/examples",
        "/systems/mz-elder/reconciliations",
    ):
        visitor.goto(path)
        accessible(visitor)
    visitor.goto("/systems/wj-birth/examples")
    visitor.locator("summary").first.click()
    ask = visitor.locator("#examples-trials form button")
    if ask.count():  # while a trial waits for the department to open there is nothing to ask for
        ask.click()
    expect(visitor.locator("#examples-trials [role=status]")).not_to_be_empty()
    accessible(visitor)


def _seed(visitor: Page, first: int) -> int:
    """Return a seed of this visitor's own, so that each brings another family."""
    size, language = visitor.viewport_size, visitor.evaluate("() => navigator.language")
    return first + (1 if size == PHONE else 0) + (2 if language.startswith("en") else 0)
