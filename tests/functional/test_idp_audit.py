"""What people do at the provider stands in its audit, and what happens while it can't be written (S56)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from idp.audit import Audit
from idp.protocol.audit import AuditEvent, AuditKind, AuditRow, AuditUnavailable
from tests.doubles.idp_site import ISSUER, PASSWORD, Site, open_site

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
OLD = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'idp.db'}")
    yield made
    await made.dispose()


@pytest.fixture
async def site(engine: AsyncEngine) -> AsyncIterator[Site]:
    async with open_site(engine, MemoryStateStore()) as opened:
        await opened.account()
        yield opened


async def rows(site: Site, kind: AuditKind) -> list[AuditRow]:
    found = await site.idp.audit_store.listed(sub="", since=OLD, after=0, at_most=1000)
    return [row for row in found if row.kind == kind]


async def _close(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE idp_audit RENAME TO gone"))


async def _open(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE gone RENAME TO idp_audit"))


async def test_signing_in_and_out_stands_in_the_audit(site: Site) -> None:
    rp, browser = await site.client(trusted=False), site.browser()
    tokens = await rp.exchange(await _agreed(site, rp, browser))
    await browser.get(f"{ISSUER}/end_session?id_token_hint={tokens.json()['id_token']}")
    (signed_in,), (consent,), (out,) = (
        [await rows(site, kind) for kind in (AuditKind.SIGN_IN, AuditKind.CONSENT_GIVEN, AuditKind.SIGN_OUT)]
    )  # fmt: skip
    assert signed_in.sub == consent.sub == out.sub
    assert (signed_in.client_id, consent.client_id) == ("tile", "tile")
    assert signed_in.sid == out.sid
    assert '"amr":["pwd"]' in signed_in.detail
    assert await site.idp.audit_store.verify() == (len(await _all(site)), None)


async def _agreed(site: Site, rp, browser) -> str:  # type: ignore[no-untyped-def]
    page = await browser.submit(await browser.sign_in(rp.url()), button="allow")
    return str(page.headers["location"].split("code=")[1].split("&")[0])


async def _all(site: Site) -> tuple[AuditRow, ...]:
    return await site.idp.audit_store.rows(after=0, at_most=1000)


async def test_failed_sign_ins_are_told_at_every_doubling_not_one_by_one(site: Site) -> None:
    rp = await site.client()
    page = await (browser := site.browser()).get(rp.url())
    for n in range(20):
        await browser.submit(page, username="clerk", password=f"guess-{n}")
    told = await rows(site, AuditKind.SIGN_IN_FAILED)
    assert [row.detail.split('"attempts":')[1].split(",")[0] for row in told] == ["1", "2", "4", "8", "16"]
    assert ["throttled" in row.detail for row in told] == [False, False, False, True, True]
    assert len({row.sub for row in told}) == 1
    assert not any("guess" in row.detail for row in told)


async def test_a_user_name_nobody_has_is_told_without_the_name(site: Site) -> None:
    rp = await site.client()
    await site.browser().sign_in(rp.url(), "nobody-here", "wrong-password")
    (told,) = await rows(site, AuditKind.SIGN_IN_FAILED)
    assert told.sub == ""
    assert "nobody" not in told.detail


async def test_nobody_is_let_in_while_it_can_not_be_put_on_record(site: Site, engine: AsyncEngine) -> None:
    """S56: the policy for sign-ins is to refuse (docs/decisions/0040)."""
    rp, browser = await site.client(), site.browser()
    page = await browser.get(rp.url())
    await _close(engine)
    refused = await browser.submit(page, username="clerk", password=PASSWORD)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
    assert "onewindow_idp" not in browser.http.cookies
    await _open(engine)
    assert (await browser.submit(page, username="clerk", password=PASSWORD)).status_code == 303


async def test_signing_out_happens_anyway_and_the_gap_is_told(site: Site, engine: AsyncEngine) -> None:
    """S56: a full disk keeps no session alive."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    await _close(engine)
    await browser.get(f"{ISSUER}/end_session?id_token_hint={tokens['id_token']}")
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401
    await _open(engine)
    await site.browser().sign_in(rp.url())
    (gap,) = await rows(site, AuditKind.AUDIT_GAP)
    assert '"count":1' in gap.detail
    assert await site.idp.audit_store.verify() == (len(await _all(site)), None)


async def test_a_single_sign_on_writes_nothing(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    await rp.tokens(browser)
    before = await site.idp.audit_store.head()
    await rp.tokens(browser)
    assert await site.idp.audit_store.head() == before


async def test_a_refresh_token_that_comes_back_is_told(site: Site) -> None:
    """S23."""
    rp = await site.client("app", token_endpoint_auth_method="none")
    first = (await rp.tokens(site.browser(), scope="openid offline_access"))["refresh_token"]
    second = (await rp.refresh(first)).json()["refresh_token"]
    assert (await rp.refresh(second)).status_code == 200
    site.clock.forward(timedelta(minutes=5))
    assert (await rp.refresh(first)).status_code == 400
    (told,) = await rows(site, AuditKind.GRANT_REVOKED)
    assert (told.client_id, told.by) == ("app", "system")


class Store:
    """An audit that can be written now and then."""

    def __init__(self) -> None:
        self.away = False
        self.kept: list[AuditEvent] = []

    async def append(self, *events: AuditEvent) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise AuditUnavailable
        self.kept += events


async def test_one_gap_is_told_once_by_whoever_writes_next() -> None:
    audit = Audit(store := Store())  # type: ignore[arg-type]
    store.away = True
    for n in range(5):
        await audit.write(AuditKind.SIGN_OUT, at=AT + timedelta(seconds=n))
    with pytest.raises(AuditUnavailable):
        await audit.write(AuditKind.SIGN_IN, at=AT)
    store.away = False
    await asyncio.gather(*(audit.write(AuditKind.SIGN_OUT, at=AT + timedelta(minutes=1)) for _ in range(3)))
    assert [event.kind for event in store.kept].count(AuditKind.AUDIT_GAP) == 1
    gap = next(event for event in store.kept if event.kind is AuditKind.AUDIT_GAP)
    assert dict(gap.detail) == {
        "count": 5, "since": AT.isoformat(), "until": (AT + timedelta(minutes=1)).isoformat(),
    }  # fmt: skip


async def test_where_the_window_must_not_stop_people_are_let_in_and_the_gap_is_told() -> None:
    audit = Audit(store := Store(), refuse_sign_in=False)  # type: ignore[arg-type]
    store.away = True
    await audit.write(AuditKind.SIGN_IN, at=AT)
    for kind in (AuditKind.PASSWORD_CHANGED, AuditKind.FACTOR_REMOVED, AuditKind.ACCOUNT_DISABLED):
        with pytest.raises(AuditUnavailable):
            await audit.write(kind, at=AT)
