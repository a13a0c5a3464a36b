"""The ways pages are looked at, and where: what a browser shows does not hang on the database behind it.

So each look and each journey has one of the two installations; that both answer alike is asked without a browser
(tests/functional).
"""

from collections.abc import Iterable

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize

from tests.servers.installation import Installation

PHONE = ViewportSize(width=320, height=640)
DESK = ViewportSize(width=1280, height=900)
WHERE = {"desk": "full", "phone": "embedded", "english": "embedded"}
"""In Chinese on a desk, in Chinese on a phone as narrow as they come, and in English on a desk."""

ON_A_PHONE = pytest.mark.browser_context_args(locale="zh-CN", viewport=PHONE)
"""The mark of tests whose `page` is in Chinese on a phone."""


def on(name: str) -> pytest.MarkDecorator:
    """Return the mark of tests that visit one installation, `embedded` or `full`."""
    chosen = [pytest.param(name, id=f"{name}-installation")]
    return pytest.mark.parametrize("installation", chosen, indirect=True, scope="session")


def in_turn(argument: str, values: Iterable[str]) -> pytest.MarkDecorator:
    """Return the mark of a test that runs once for each value, on the two installations in turn."""
    pairs = [(("embedded", "full")[place % 2], value) for place, value in enumerate(values)]
    chosen = [pytest.param(*pair, id=f"{pair[0]}-installation-{pair[1]}") for pair in pairs]
    return pytest.mark.parametrize(("installation", argument), chosen, indirect=["installation"], scope="session")


def in_every_look() -> pytest.MarkDecorator:
    """Return the mark of tests that run once in each `look`."""
    chosen = [pytest.param(name, look, id=f"{name}-installation-{look}") for look, name in WHERE.items()]
    return pytest.mark.parametrize(("installation", "look"), chosen, indirect=["installation"], scope="session")


def opened(browser: Browser, installation: Installation, look: str) -> BrowserContext:
    """Return a browser of its own with this look; who opens it closes it."""
    return browser.new_context(
        viewport=PHONE if look == "phone" else DESK,
        locale="en-GB" if look == "english" else "zh-CN",
        base_url=installation.base_url,
    )
