"""Whose window it is: lock, unlock, hand-over, shift; with two browsers and two tabs. S33, S36, S37."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from idp.protocol.session import ABSOLUTE, IDLE
from tests.conftest import Backend
from tests.doubles.idp_site import ISSUER, Browser, Site, another_process, answer_at, decoded, open_site
from tests.doubles.logout_listener import Listener

BYE = "https://tile.example/bye"
TOLD = {"backchannel_logout_uri": "https://tile.example/told"}


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def site(embedded: AsyncEngine, listener: Listener) -> AsyncIterator[Site]:
    async with open_site(embedded, MemoryStateStore(), egress=listener.egress()) as started:
        await started.account()
        await started.account("second", name="李建国")
        yield started


def _way(path: str, **parameters: str) -> str:
    return f"{ISSUER}/session/{path}?{urlencode(parameters)}"


async def _password_page(browser: Browser, url: str) -> httpx2.Response:
    page = await browser.get(url)
    assert page.status_code == 200, page.headers
    assert 'name="password"' in page.text
    return page


async def test_a_locked_window_answers_nothing(site: Site, listener: Listener) -> None:
    """Sign-on, prompt=none, userinfo, introspection; and every system that was open is told."""
    rp, browser = await site.client(**TOLD), site.browser()
    tokens = await rp.tokens(browser)
    page = await browser.get(_way("lock", id_token_hint=tokens["id_token"]))
    assert "已锁定" in page.text
    assert "王晓芸" in page.text
    await _password_page(browser, rp.url())
    silent = answer_at(await browser.get(rp.url(prompt="none")), rp.redirect_uri)
    assert silent.parameters["error"] == "login_required"
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401
    assert (await rp.introspect(tokens["access_token"])) == {"active": False}
    await site.background.sender.drain()
    (token,) = listener.tokens("tile.example")
    assert decoded(token)[1]["sid"] == decoded(tokens["id_token"])[1]["sid"]


async def test_a_code_from_before_the_lock_is_worth_nothing(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    code = await rp.code(browser)
    await browser.get(_way("lock", id_token_hint=tokens["id_token"]))
    assert (await rp.exchange(code)).json()["error"] == "invalid_grant"


async def test_the_same_person_unlocks_and_the_cookie_is_new(site: Site) -> None:
    """S33; the session keeps its sid, so that what belongs to it stays together."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    before = browser.http.cookies["onewindow_idp"]
    await browser.get(_way("lock", id_token_hint=tokens["id_token"]))
    page = await _password_page(browser, rp.url())
    assert "窗口已由 王晓芸 锁定" in page.text
    assert 'value="clerk"' in page.text
    answer_at(await browser.submit(page, username="clerk", password="Yichuang-2026"), rp.redirect_uri)
    after = browser.http.cookies["onewindow_idp"]
    assert before != after
    assert before.partition(".")[0] == after.partition(".")[0]
    thief = site.browser()
    thief.http.cookies.set("onewindow_idp", before, domain="127.0.0.1")
    await _password_page(thief, rp.url())


async def test_a_wrong_password_unlocks_nothing(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    await browser.get(_way("lock", id_token_hint=tokens["id_token"]))
    page = await browser.submit(await browser.get(rp.url()), username="clerk", password="nearly-right-1")
    assert page.status_code == 422
    await _password_page(browser, rp.url())


async def test_a_lock_outlasts_the_idle_limit_and_not_the_shift(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    await browser.get(_way("lock", id_token_hint=tokens["id_token"]))
    site.clock.forward(IDLE * 4)
    assert "窗口已由" in (await browser.get(rp.url())).text
    site.clock.forward(ABSOLUTE)
    assert "窗口已由" not in (await browser.get(rp.url())).text


async def test_somebody_else_at_a_locked_window_ends_the_first_ones_session(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser, scope="openid offline_access")
    await browser.get(_way("lock", id_token_hint=tokens["id_token"]))
    first = browser.http.cookies["onewindow_idp"].partition(".")[0]
    await browser.sign_in(rp.url(), "second")
    assert browser.http.cookies["onewindow_idp"].partition(".")[0] != first
    assert await site.idp.sessions.store.get(first) is None
    assert (await rp.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_the_lock_leads_back_to_where_the_client_is_registered_only(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    hint = {"id_token_hint": tokens["id_token"]}
    page = await browser.get(_way("lock", **hint, post_logout_redirect_uri=BYE, state="/drafts/1"))
    assert f'href="{BYE}?state=%2Fdrafts%2F1"' in page.text
    foreign = await browser.get(_way("lock", **hint, post_logout_redirect_uri="https://evil.example/"))
    assert foreign.status_code == 400


@pytest.mark.parametrize("path", ["lock", "hand_over"])
async def test_without_a_hint_the_person_is_asked(site: Site, path: str) -> None:
    """Nobody locks or empties a window by a link."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    page = await browser.get(_way(path))
    assert (await rp.userinfo(tokens["access_token"])).status_code == 200
    forged = await browser.post(
        f"{ISSUER}/session/{path}/confirmed", {"form_token": "x"}, **{"sec-fetch-site": "same-origin"}
    )
    assert forged.status_code == 400
    assert (await rp.userinfo(tokens["access_token"])).status_code == 200
    await browser.submit(page)
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401


async def test_handing_over_ends_everything_of_the_first_clerk(backend: Backend) -> None:
    """S37: session, second tab, refresh token, access token, code; in a second process too (S36)."""
    listener = Listener()
    async with open_site(backend.engine, backend.state, egress=listener.egress(), background=True) as site:
        await site.account()
        await site.account("second", name="李建国")
        rp, other = await site.client(**TOLD), await site.client("other", backchannel_logout_uri="https://o.example/t")
        browser = site.browser()
        tokens = await rp.tokens(browser, scope="openid offline_access")
        await other.tokens(browser)
        code = await rp.code(browser)
        second_tab = site.browser()
        second_tab.http.cookies = httpx2.Cookies(browser.http.cookies)
        answer = await browser.get(_way("hand_over", id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE))
        assert answer.headers["location"] == BYE, "all systems confirmed, so the next clerk goes straight on"
        assert "onewindow_idp" not in browser.http.cookies
        assert sorted(host for host, _ in listener.received) == ["o.example", "tile.example"]
        async with another_process(backend.engine, backend.state, site.clock) as elsewhere:
            for place in (site, elsewhere):
                tab = place.browser()
                tab.http.cookies = httpx2.Cookies(second_tab.http.cookies)
                page = await _password_page(tab, rp.url())
                assert "王晓芸" not in page.text
                assert (await rp.userinfo(tokens["access_token"])).status_code == 401
            assert (await rp.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
            assert (await rp.exchange(code)).json()["error"] == "invalid_grant"
        answer_at(await browser.sign_in(rp.url(), "second"), rp.redirect_uri)
        back = await second_tab.get(f"{ISSUER}/session")
        assert "王晓芸" not in back.text


async def test_a_system_that_could_not_be_told_is_shown_before_the_next_clerk_signs_in(
    site: Site, listener: Listener
) -> None:
    listener.answers["o.example"] = 400
    rp, other = await site.client(**TOLD), await site.client("other", backchannel_logout_uri="https://o.example/t")
    browser = site.browser()
    tokens = await rp.tokens(browser)
    await other.tokens(browser)
    first = await browser.http.get(_way("hand_over", id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE))
    await site.background.sender.drain()
    page = await browser.get(first.headers["location"])
    assert 'class="told-refused"><strong>系统 other' in page.text
    assert f'<a class="button" href="{BYE}">下一位登录</a>' in page.text


async def test_the_window_is_chosen_at_sign_in_and_remembered_by_the_browser(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    await browser.submit(
        await browser.get(rp.url()), username="clerk", password="Yichuang-2026", window=" 3 号\u202e窗 "
    )
    page = await browser.get(f"{ISSUER}/session")
    assert "窗口 3 号窗" in page.text
    await browser.get(f"{ISSUER}/end_session")
    browser.http.cookies.delete("onewindow_idp")
    assert 'name="window" value="3 号窗"' in (await browser.get(rp.url())).text


async def test_a_window_is_optional(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    answer_at(await browser.sign_in(rp.url()), rp.redirect_uri)
    assert "窗口" not in (await browser.get(f"{ISSUER}/session")).text.split("<main")[1].split("</main")[0]


async def test_the_shift_ends_every_session(embedded: AsyncEngine) -> None:
    """It is nine in the morning in Shanghai; people who come after noon stay until half past five."""
    async with open_site(embedded, MemoryStateStore(), shift_ends="12:00,17:30") as site:
        await site.account()
        rp, browser = await site.client(), site.browser()
        tokens = await rp.tokens(browser)
        assert "12:00" in (await browser.get(f"{ISSUER}/session")).text
        site.clock.forward(timedelta(hours=3))
        assert (await rp.userinfo(tokens["access_token"])).status_code == 401
        await browser.sign_in(rp.url())
        assert "17:30" in (await browser.get(f"{ISSUER}/session")).text


async def test_my_sessions_are_listed_and_ended_one_by_one(site: Site) -> None:
    rp, here, there = await site.client(), site.browser(), site.browser()
    await rp.tokens(here)
    site.clock.forward(timedelta(minutes=1))
    await rp.tokens(there)
    sub = (await site.idp.account_store.by_username("clerk"))[0].sub  # type: ignore[index]
    listed = await site.idp.sessions.of_account(sub, at=site.clock())
    assert [session.sid for session in listed] == [
        browser.http.cookies["onewindow_idp"].partition(".")[0] for browser in (there, here)
    ]
    assert await site.idp.sessions.end(listed[1].sid, at=site.clock()) is not None
    assert await site.idp.sessions.end(listed[1].sid, at=site.clock()) is None
    assert await site.idp.sessions.of_account(sub, at=site.clock()) == listed[:1]
    await _password_page(here, rp.url())
    answer_at(await there.get(rp.url()), rp.redirect_uri)


async def test_lock_hand_over_and_sign_out_are_in_the_audit(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    await browser.get(_way("lock", id_token_hint=tokens["id_token"]))
    tokens = await rp.tokens(browser)
    await browser.get(_way("hand_over", id_token_hint=tokens["id_token"]))
    tokens = await rp.tokens(browser)
    await browser.get(f"{ISSUER}/end_session?id_token_hint={tokens['id_token']}")
    sub = decoded(tokens["id_token"])[1]["sub"]
    rows = await site.idp.audit_store.listed(sub=sub, since=site.clock() - timedelta(hours=1), after=0, at_most=99)
    kinds = [str(row.kind) for row in rows]
    told = ["sign_in", "window_locked", "sign_in", "window_handed_over", "sign_in", "sign_out"]
    assert [kind for kind in kinds if kind in told] == told
