"""The browser fixture: real Chromium, Chinese glyphs, and asyncio beside it in one process."""

import asyncio

from playwright.sync_api import Page


def test_chromium_shows_a_page(page: Page) -> None:
    page.set_content("<h1>一窗</h1>")
    assert page.inner_text("h1") == "一窗"


def test_chinese_characters_have_glyphs(page: Page) -> None:
    """Without a Chinese font every character is drawn as the same empty box."""
    page.set_content("<canvas id=c width=100 height=50></canvas>")
    drawn = [
        page.evaluate(
            """character => {
                const context = document.getElementById("c").getContext("2d");
                context.clearRect(0, 0, 100, 50);
                context.font = "40px sans-serif";
                context.fillText(character, 5, 40);
                return context.getImageData(0, 0, 100, 50).data.join("");
            }""",
            character,
        )
        for character in "窗口办件"
    ]
    assert len(set(drawn)) == 4


def test_asyncio_runs_after_a_browser_test() -> None:
    assert asyncio.run(asyncio.sleep(0, "done")) == "done"


async def test_an_asynchronous_test_runs_after_a_browser_test() -> None:
    assert await asyncio.sleep(0, "done") == "done"


def test_the_browser_still_works_after_asyncio_ran(page: Page) -> None:
    page.set_content("<p>材料</p>")
    assert page.inner_text("p") == "材料"
