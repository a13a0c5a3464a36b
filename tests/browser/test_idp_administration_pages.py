"""The administrators' pages in a real Chromium without scripts: narrow and wide, no accessibility fault in any state."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import accessible
from tests.doubles.idp_site import PASSWORD
from tests.doubles.running_provider import Running, provider_at

PICTURES = os.environ.get("ONEWINDOW_TEST_PICTURES", "")
WIDTHS = (320, 1280)
PEOPLE = {
    "admin": {"name": "吴海燕", "region": "32", "roles": frozenset({"admin"})},
    "manager": {"name": "赵卫东", "region": "32", "roles": frozenset({"manager"})},
    **{f"lost{width}": {"name": "李建国"} for width in WIDTHS},
}
SHEET = (
    "用户名,姓名,单位编号,单位名称,区划代码,角色\r\n"
    "new{n}a,安娜,320105007-bmfw,云桥街道便民服务中心,320105007,综窗人员\r\n"
    "new{n}b,博文,320105007-bmfw,云桥街道便民服务中心,320105007,综窗人员、窗口主管\r\n"
    ",无名,u,单位,3.2E+08,店长\r\n"
)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with provider_at("127.0.0.1", tmp_path_factory.mktemp("idp"), PEOPLE) as running:
        yield running


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def page(browser: Browser, width: int) -> Iterator[Page]:
    # axe needs scripts to run; the pages bring none, so nothing of theirs can depend on them.
    context = browser.new_context(locale="zh-CN", viewport={"width": width, "height": 800}, accept_downloads=True)
    yield context.new_page()
    context.close()


def _is_good(page: Page, name: str) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    assert page.locator("script").count() == 0
    accessible(page)


def _sign_in(page: Page, username: str) -> None:
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector(".sections")


def _upload(page: Page, sheet: str) -> None:
    page.set_input_files("#file", {"name": "a.csv", "mimeType": "text/csv", "buffer": sheet.encode()})
    page.click("button[type=submit]")


def test_the_list_and_an_account_are_worked_on(page: Page, provider: Running, width: int) -> None:
    page.goto(f"{provider.base}/idp/admin/accounts")
    _sign_in(page, "admin")
    _is_good(page, "accounts")
    page.fill("#q", f"lost{width}")
    page.press("#q", "Enter")
    page.click(".places a")
    page.wait_for_selector("button[value=disable]")
    _is_good(page, "account")
    page.check("input[name=role-editor]")
    page.click("button[value=roles]")
    page.wait_for_selector(".notice")
    _is_good(page, "account-changed")
    page.uncheck("input[name=role-editor]")
    page.uncheck("input[name=role-clerk]")
    page.click("button[value=roles]")
    page.wait_for_selector(".error")
    _is_good(page, "account-refused")
    page.goto(f"{provider.base}/idp/admin/accounts?q=nobody-at-all")
    _is_good(page, "accounts-none")


def test_a_file_is_imported_and_a_person_comes_in_by_the_link(page: Page, provider: Running, width: int) -> None:
    page.goto(f"{provider.base}/idp/admin/import")
    _sign_in(page, "admin")
    _is_good(page, "import")
    _upload(page, "姓名,密码\r\n安娜,123\r\n")
    page.wait_for_selector(".faults")
    _is_good(page, "import-refused")
    page.goto(f"{provider.base}/idp/admin/import")
    _upload(page, SHEET.format(n=width))
    page.wait_for_selector(".faults")
    _is_good(page, "import-preview")
    page.click("button[type=submit]")
    page.wait_for_selector("dl.states", timeout=60_000)
    _is_good(page, "import-done")
    with page.expect_download() as downloading:
        page.click("a.button")
    table = downloading.value.path().read_text("utf-8-sig")
    link = next(line for line in table.splitlines() if line.startswith(f"new{width}a")).rsplit(",", 1)[1]
    page.context.clear_cookies()
    page.goto(link)
    _is_good(page, "invitation")
    page.fill("#password", "12345678")
    page.fill("#again", "12345678")
    page.press("#again", "Enter")
    page.wait_for_selector(".error")
    _is_good(page, "invitation-refused")
    page.fill("#password", "three unrelated words 7")
    page.fill("#again", "three unrelated words 7")
    page.press("#again", "Enter")
    page.wait_for_selector("h1:has-text('密码已设置')")
    _is_good(page, "welcome")
    page.goto(link)
    _is_good(page, "invitation-gone")
    page.goto(f"{provider.base}/idp/admin/accounts")
    _is_good(page, "not-for-you")


def test_two_people_bring_a_third_back_in(page: Page, provider: Running, width: int) -> None:
    page.goto(f"{provider.base}/idp/admin/recoveries")
    _sign_in(page, "manager")
    _is_good(page, "recoveries-none")
    page.fill("#username", f"lost{width}")
    page.check("input[name=card]")
    page.click("button[type=submit]")
    page.wait_for_selector(".key code")
    _is_good(page, "recovery-first")
    first = page.inner_text(".key code")
    page.context.clear_cookies()
    page.goto(f"{provider.base}/idp/admin/recoveries")
    _sign_in(page, "admin")
    page.locator(".places input[name=card]").first.check()
    _is_good(page, "recoveries-waiting")
    page.locator("button[value=approve]").first.click()
    page.wait_for_selector(".key code")
    _is_good(page, "recovery-second")
    second = page.inner_text(".key code")
    page.context.clear_cookies()
    page.goto(f"{provider.base}/idp/recovery")
    _is_good(page, "recover")
    for name, value in (("username", f"lost{width}"), ("first", first), ("second", first)):
        page.fill(f"#{name}", value)
    for name in ("password", "again"):
        page.fill(f"#{name}", "three unrelated words 7")
    page.press("#again", "Enter")
    page.wait_for_selector(".error")
    _is_good(page, "recover-refused")
    assert page.input_value("#username") == f"lost{width}"
    page.fill("#second", second)
    for name in ("password", "again"):
        page.fill(f"#{name}", "three unrelated words 7")
    page.press("#again", "Enter")
    page.wait_for_selector("h1:has-text('密码已设置')")


def test_everything_is_there_in_english_without_scripts(browser: Browser, provider: Running) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{provider.base}/idp/admin/import")
    _sign_in(page, "admin")
    _upload(page, SHEET.format(n="en"))
    assert page.title() == "Check what will be imported · Accounts administration · OneWindow"
    page.click("button[type=submit]")
    page.wait_for_selector("dl.states", timeout=60_000)
    assert page.title() == "Import finished · Accounts administration · OneWindow"
    context.close()
