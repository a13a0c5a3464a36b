"""The accessibility check itself: the vendored file is axe-core's, and it finds what is planted."""

from hashlib import sha256

from playwright.sync_api import Page, Route

from tests.browser.axe import AXE, violations

AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"


def _open(page: Page, body: str) -> None:
    """Open a page that has an origin and our kind of content security policy."""

    def answer(route: Route) -> None:
        route.fulfill(
            body=f"<!doctype html><html lang=zh-Hans><title>测试</title><main><h1>测试</h1>{body}</main></html>",
            content_type="text/html; charset=utf-8",
            headers={"content-security-policy": "default-src 'none'; script-src 'self'; img-src data:"},
        )

    page.route("http://axe.test/", answer)
    page.goto("http://axe.test/")


def test_the_vendored_file_is_what_the_package_ships() -> None:
    assert sha256(AXE.read_bytes()).hexdigest() == AXE_SHA256
    assert (AXE.parent / "LICENSE").read_text().lstrip().startswith("Mozilla Public License")


def test_a_good_page_has_no_violation(page: Page) -> None:
    _open(page, "<label for=a>姓名</label><input id=a>")
    assert violations(page) == []


def test_an_input_without_a_label_and_a_picture_without_words_are_found(page: Page) -> None:
    _open(page, "<input id=nameless><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>")
    assert {violation.rule for violation in violations(page)} == {"label", "image-alt"}
