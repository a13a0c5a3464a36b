"""A sign-on with everything in the cache touches no SQL (design P1)."""

from pathlib import Path
from typing import Any

from sqlalchemy import event

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from tests.doubles.idp_site import open_site


async def test_single_sign_on_touches_no_sql(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'idp.db'}")
    statements: list[str] = []
    async with open_site(engine, MemoryStateStore()) as site:
        await site.account()
        own, stranger, browser = await site.client(), await site.client("stranger", trusted=False), site.browser()
        await own.tokens(browser)
        await browser.submit(await browser.get(stranger.url()), button="allow")
        await browser.get(stranger.url())

        @event.listens_for(engine.sync_engine, "before_cursor_execute")
        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            statements.append(statement)

        for rp in (own, stranger):
            tokens = await rp.tokens(browser)
            assert (await rp.userinfo(tokens["access_token"])).status_code == 200
            assert (await rp.introspect(tokens["access_token"]))["active"] is True
    await engine.dispose()
    assert statements == []
