"""A form that was posted has arrived, whatever becomes of the page it leads to."""

from pathlib import Path

import httpx2

from connectors.transports.exchange import Limits
from connectors.transports.pages.browsing import Browser
from tests.doubles.benches import changed_spec

LIMITS = Limits(total_seconds=5, most_bytes=20_000, charset="gb2312")


def leading_nowhere(request: httpx2.Request) -> httpx2.Response:
    """Take the form, point to the next page, and be gone."""
    if request.method == "POST":
        return httpx2.Response(302, headers={"location": "/jlfz/list.aspx"})
    raise httpx2.ConnectError("refused")


def browser(directory: Path) -> Browser:
    spec = changed_spec("wj-reward", directory).spec.form_post
    assert spec is not None
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(leading_nowhere), base_url="http://department")
    return Browser(client=client, limits=LIMITS, spec=spec)


async def test_a_form_whose_next_page_cannot_be_reached_was_sent(tmp_path: Path) -> None:
    visit = await browser(tmp_path).post("/jlfz/add.aspx", b"a=1", {})
    assert visit.page.answer.error == "connection_lost"  # `connect` would be tried again without looking


async def test_a_page_that_cannot_be_reached_at_first_was_not(tmp_path: Path) -> None:
    visit = await browser(tmp_path).get("/jlfz/add.aspx", {})
    assert visit.page.answer.error == "connect"
