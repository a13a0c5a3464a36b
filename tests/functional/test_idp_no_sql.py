"""A sign-on with everything in the cache touches no SQL (design P1)."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from tests.doubles.idp_site import open_site


async def test_single_sign_on_touches_no_sql(embedded: AsyncEngine) -> None:
    statements: list[str] = []
    async with open_site(embedded, MemoryStateStore()) as site:
        await site.account()
        own, stranger, browser = await site.client(), await site.client("stranger", trusted=False), site.browser()
        await own.tokens(browser)
        await browser.submit(await browser.get(stranger.url()), button="allow")
        await browser.get(stranger.url())

        @event.listens_for(embedded.sync_engine, "before_cursor_execute")
        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            statements.append(statement)

        for rp in (own, stranger):
            tokens = await rp.tokens(browser)
            assert (await rp.userinfo(tokens["access_token"])).status_code == 200
            assert (await rp.introspect(tokens["access_token"]))["active"] is True
    assert statements == []
