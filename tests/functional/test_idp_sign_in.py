"""Journeys at the provider: signing in, once for every system, and what an attacker gets instead."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from idp import keys
from tests.conftest import Backend
from tests.doubles.idp_site import ISSUER, PASSWORD, Site, another_process, answer_at, decoded, form_of, open_site


@pytest.fixture
async def site(embedded: AsyncEngine) -> AsyncIterator[Site]:
    async with open_site(embedded, MemoryStateStore()) as started:
        await started.account()
        yield started


async def test_one_password_opens_every_system(site: Site) -> None:
    first, second, browser = await site.client("one"), await site.client("two"), site.browser()
    answer_at(await browser.sign_in(first.url()), first.redirect_uri)
    answer_at(await browser.get(second.url()), second.redirect_uri)
    live = await site.idp.sessions.read(browser.http.cookies["onewindow_idp"], at=site.clock())
    assert live is not None
    assert live[0].clients == ("one", "two")


async def test_the_journey_is_the_same_on_every_backend(backend: Backend) -> None:
    async with open_site(backend.engine, backend.state) as site:
        await site.account()
        rp, browser = await site.client(), site.browser()
        tokens = await rp.tokens(browser, scope="openid profile offline_access")
        assert (await rp.userinfo(tokens["access_token"])).json()["preferred_username"] == "clerk"
        assert (await rp.refresh(tokens["refresh_token"])).status_code == 200
        async with another_process(backend.engine, backend.state, site.clock) as second:
            elsewhere = second.browser()
            elsewhere.http.cookies = browser.http.cookies
            code = answer_at(await elsewhere.get(rp.url()), rp.redirect_uri).parameters["code"]
            assert (await rp.exchange(code)).status_code == 200


async def test_a_session_ended_at_one_process_is_dead_at_the_other(backend: Backend) -> None:
    """S36."""
    async with open_site(backend.engine, backend.state) as site:
        await site.account()
        rp, browser = await site.client(), site.browser()
        tokens = await rp.tokens(browser)
        async with another_process(backend.engine, backend.state, site.clock) as second:
            elsewhere = second.browser()
            elsewhere.http.cookies = browser.http.cookies
            assert (await elsewhere.get(rp.url())).status_code == 303
            await browser.get(f"{ISSUER}/end_session?id_token_hint={tokens['id_token']}")
            elsewhere.http.cookies.set("onewindow_idp", "kept-anyway", domain="127.0.0.1")
            assert 'name="password"' in (await elsewhere.get(rp.url())).text
            with pytest.raises(Exception, match="invalid_token"):
                await second.idp.tokens.check(tokens["access_token"], at=site.clock())


async def test_losing_the_state_store_signs_out_and_lets_nobody_in(site: Site) -> None:
    """S36: fail closed."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    kept = await site.idp.sessions.store.get(decoded(tokens["id_token"])[1]["sid"])
    assert kept is not None
    await site.idp.sessions.store.forget(kept)
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401
    assert 'name="password"' in (await browser.get(rp.url())).text


async def test_a_wrong_password_keeps_the_user_name_and_says_what_to_do(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    page = await browser.sign_in(rp.url(), "clerk", "wrong-password")
    assert page.status_code == 422
    assert 'value="clerk"' in page.text
    assert 'role="alert"' in page.text
    assert "wrong-password" not in page.text
    assert (
        "code" in answer_at(await browser.submit(page, username="clerk", password=PASSWORD), rp.redirect_uri).parameters
    )


async def test_an_unknown_user_and_a_wrong_password_look_alike(site: Site) -> None:
    """S19: the same page, and the same hashing behind it."""
    rp = await site.client()
    wrong = await site.browser().sign_in(rp.url(), "clerk", "wrong-password")
    unknown = await site.browser("10.0.0.2").sign_in(rp.url(), "nobody", "wrong-password")
    assert wrong.status_code == unknown.status_code
    assert wrong.text.count("不正确") == unknown.text.count("不正确") == 1


@pytest.mark.parametrize(("username", "password"), [("", "x"), ("clerk", ""), ("  ", "x")])
async def test_an_empty_field_is_named(site: Site, username: str, password: str) -> None:
    rp = await site.client()
    page = await site.browser().sign_in(rp.url(), username, password)
    assert (page.status_code, "请填写用户名和密码" in page.text) == (422, True)


async def test_a_very_long_password_is_wrong_and_nothing_more(site: Site) -> None:
    rp = await site.client()
    assert (await site.browser().sign_in(rp.url(), "clerk", "x" * 20_000)).status_code == 422


async def test_guessing_is_bounded_even_in_parallel(site: Site) -> None:
    """S40: 30 guesses at once are 5 tries, and the sixth is refused even with the right password."""
    rp, browser = await site.client(), site.browser()
    page = await browser.get(rp.url())
    guesses = [browser.submit(page, username="clerk", password=f"guess-{n}") for n in range(30)]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*guesses))
    assert statuses == [422] * 5 + [429] * 25
    refused = await browser.submit(page, username="clerk", password=PASSWORD)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")


async def test_a_stranger_can_not_lock_a_clerk_out(site: Site) -> None:
    """S40: from other addresses, and from the clerk's own when the browser is known."""
    rp, known = await site.client(), site.browser("10.9.8.7")
    await known.sign_in(rp.url())
    strangers = [site.browser(f"10.1.{n}.1") for n in range(11)] + [site.browser("10.9.8.7")]
    for stranger in strangers:
        page = await stranger.get(rp.url())
        for _ in range(5):
            await stranger.submit(page, username="clerk", password="wrong-password")
    assert (await site.browser("10.200.0.1").sign_in(rp.url())).status_code == 429
    page = await known.get(rp.url(prompt="login"))
    assert (
        "code" in answer_at(await known.submit(page, username="clerk", password=PASSWORD), rp.redirect_uri).parameters
    )


async def test_an_ipv6_network_counts_as_one_address(site: Site) -> None:
    """S40: a line with a /64 has no more tries than any other."""
    rp = await site.client()
    statuses = []
    for n in range(7):
        page = await site.browser(f"2001:db8::{n + 1}").sign_in(rp.url(), "clerk", "wrong-password")
        statuses.append(page.status_code)
    assert statuses == [422] * 5 + [429] * 2


async def test_a_known_browser_has_bounds_of_its_own(site: Site) -> None:
    """S40: a stolen browser does not guess for ever."""
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url())
    page = await browser.get(rp.url(prompt="login"))
    statuses = [(await browser.submit(page, username="clerk", password=f"w-{n}")).status_code for n in range(12)]
    assert statuses == [422] * 10 + [429] * 2


async def test_the_session_cookie_is_new_at_every_sign_in(site: Site) -> None:
    """S33."""
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url())
    first = browser.http.cookies["onewindow_idp"]
    site.clock.forward(timedelta(seconds=1))
    await browser.sign_in(rp.url(prompt="login"))
    second = browser.http.cookies["onewindow_idp"]
    assert first != second
    thief = site.browser()
    thief.http.cookies.set("onewindow_idp", first, domain="127.0.0.1")
    assert 'name="password"' in (await thief.get(rp.url())).text


async def test_a_planted_session_cookie_is_not_taken_over(site: Site) -> None:
    """S33: fixation."""
    rp, browser = await site.client(), site.browser()
    planted = "A" * 22 + "." + "B" * 43
    browser.http.cookies.set("onewindow_idp", planted, domain="127.0.0.1")
    await browser.sign_in(rp.url())
    assert planted not in [cookie.value for cookie in browser.http.cookies.jar if cookie.path == "/"][-1:]
    assert await site.idp.sessions.read(planted, at=site.clock()) is None


async def test_no_other_value_serves_as_a_session_cookie(site: Site) -> None:
    """S32: sid, state, nonce, browser id, interaction id, code and tokens."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    sid = decoded(tokens["id_token"])[1]["sid"]
    others = [sid, f"{sid}.", f"{sid}.{'A' * 43}", "s-1", "n-1", browser.http.cookies["onewindow_idp_browser"]]
    for value in (*others, tokens["access_token"]):
        assert await site.idp.sessions.read(value, at=site.clock()) is None


async def test_cookies_are_narrow(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    page = await browser.get(rp.url())
    action, hidden = form_of(page)
    answer = await browser.http.post(
        action, data=hidden | {"username": "clerk", "password": PASSWORD}, headers={"sec-fetch-site": "same-origin"}
    )
    for cookie in answer.headers.get_list("set-cookie"):
        assert "httponly" in cookie.lower()
        assert "samesite=lax" in cookie.lower()
        assert "domain" not in cookie.lower()


async def test_under_https_cookies_carry_the_host_prefix(embedded: AsyncEngine) -> None:
    """S33: a subdomain can't plant them."""
    async with open_site(embedded, MemoryStateStore(), base_url="https://one.example") as site:
        await site.account()
        rp = await site.client()
        browser = site.browser()
        await browser.sign_in(rp.url())
        names = {cookie.name for cookie in browser.http.cookies.jar}
        assert names == {"__Host-idp_sid", "__Host-idp_browser", "__Host-idp_known", "__Host-idp_window"}
        assert all(cookie.secure and cookie.path == "/" for cookie in browser.http.cookies.jar)


async def test_an_interaction_opened_in_another_browser_signs_nobody_in(site: Site) -> None:
    """S34."""
    rp, browser, other = await site.client(), site.browser(), site.browser()
    page = await browser.get(rp.url())
    for stranger in (other, site.browser()):
        shown = await stranger.get(str(page.url))
        assert shown.status_code == 400
        assert "失效" in shown.text
    action, hidden = form_of(page)
    fields = hidden | {"username": "clerk", "password": PASSWORD}
    posted = await other.post(action, fields, **{"sec-fetch-site": "same-origin"})
    assert posted.status_code == 400
    assert "onewindow_idp" not in other.http.cookies


async def test_going_back_after_the_answer_shows_a_clear_page(site: Site) -> None:
    """S34: the interaction is spent, and sign-on simply starts anew from the system."""
    rp, browser = await site.client(), site.browser()
    page = await browser.get(rp.url())
    await browser.submit(page, username="clerk", password=PASSWORD)
    again = await browser.get(str(page.url))
    assert (again.status_code, "本次登录已完成或已失效" in again.text) == (400, True)


async def test_an_interaction_expires(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    page = await browser.get(rp.url())
    interaction_id = str(page.url).rsplit("/", 1)[1]
    await site.idp.interactions.take(interaction_id)
    assert (await browser.submit(page, username="clerk", password=PASSWORD)).status_code == 400


async def test_steps_can_not_be_skipped(site: Site) -> None:
    """S38: consent before sign-in leads back to sign-in."""
    rp, browser = await site.client(trusted=False), site.browser()
    page = await browser.get(rp.url())
    action, hidden = form_of(page)
    consent = action.replace("/sign-in", "/consent")
    skipped = await browser.post(consent, hidden | {"decision": "allow"}, **{"sec-fetch-site": "same-origin"})
    assert 'name="password"' in skipped.text


async def test_forms_want_our_origin_and_our_token(site: Site) -> None:
    """S10."""
    rp, browser = await site.client(), site.browser()
    action, hidden = form_of(await browser.get(rp.url()))
    fields = hidden | {"username": "clerk", "password": PASSWORD}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://127.0.0.1:8000.evil.example"}, {}):
        assert (await browser.post(action, fields, **headers)).status_code == 403
    without = await browser.post(action, fields | {"form_token": "x"}, **{"sec-fetch-site": "same-origin"})
    assert (without.status_code, "页面已失效" in without.text) == (400, True)


async def test_pages_can_not_be_framed_and_lead_to_the_client_only(site: Site) -> None:
    """S10: frame-ancestors none; form-action names the client, for browsers hold redirects against it."""
    rp = await site.client()
    policy = (await site.browser().get(rp.url())).headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://tile.example;" in policy
    assert "unsafe-inline" not in policy


async def test_consent_is_asked_once_and_kept(site: Site) -> None:
    rp, browser = await site.client("stranger", trusted=False), site.browser()
    page = await browser.sign_in(rp.url())
    assert "您的姓名、用户名和语言" in page.text
    answer_at(await browser.submit(page, button="allow"), rp.redirect_uri)
    answer_at(await browser.get(rp.url()), rp.redirect_uri)
    assert 'value="allow"' in (await browser.get(rp.url(scope="openid cases:read"))).text


async def test_a_session_ends_after_half_an_hour_unused_and_after_twelve_hours_anyway(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url())
    for _ in range(25):
        site.clock.forward(timedelta(minutes=28))
        assert (await browser.get(rp.url())).status_code == 303
    site.clock.forward(timedelta(minutes=28))
    assert 'name="password"' in (await browser.get(rp.url())).text
    await browser.sign_in(rp.url())
    site.clock.forward(timedelta(minutes=32))
    assert 'name="password"' in (await browser.get(rp.url())).text


async def test_tokens_signed_before_a_rotation_hold_after_it(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    before = await rp.tokens(browser)
    await keys.rotate(site.idp.key_store, "ES256", at=site.clock())
    after = await rp.tokens(browser)
    assert decoded(before["access_token"])[0]["kid"] != decoded(after["access_token"])[0]["kid"]
    assert (await rp.userinfo(before["access_token"])).status_code == 200
    assert (await rp.userinfo(after["access_token"])).status_code == 200


@pytest.mark.parametrize("body", [b"a=1&" * 100_000, b"\xff\xfe=1", b"a" * 70_000, b"%00=%00&grant_type=%00"])
async def test_oversized_and_unreadable_bodies_are_refused_early(site: Site, body: bytes) -> None:
    """S28."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    async with site.caller() as http:
        for path in ("/token", "/authorize", "/end_session", "/revoke"):
            answer = await http.post(ISSUER + path, content=body, headers=form)
            if path != "/end_session" or len(body) > 100:
                assert 400 <= answer.status_code < 500, path


async def test_a_megabyte_of_header_is_refused(site: Site) -> None:
    """S28."""
    async with site.caller(authorization="Bearer " + "a" * 1_000_000) as http:
        assert (await http.get(f"{ISSUER}/userinfo")).status_code == 431


async def test_pages_and_style_come_without_scripts_and_styles_are_cached(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    page = await browser.get(rp.url())
    assert "<script" not in page.text
    assert "style=" not in page.text
    css = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    sheet = await browser.http.get(css)
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await browser.http.get(f"{ISSUER}/static/idp.css")).status_code == 404


async def test_a_public_native_client_may_use_any_loopback_port(site: Site) -> None:
    """RFC 8252 §7.3; S03: only native, only the port."""
    rp = await site.client(
        token_endpoint_auth_method="none", application_type="native", redirect_uris=("http://127.0.0.1/cb",)
    )
    browser = site.browser()
    page = await browser.sign_in(rp.url(redirect_uri="http://127.0.0.1:51234/cb"))
    code = answer_at(page, "http://127.0.0.1:51234/cb").parameters["code"]
    assert (await rp.exchange(code, redirect_uri="http://127.0.0.1:51234/cb")).status_code == 200
    for uri in ("http://127.0.0.1:51234/cb2", "http://127.0.0.1:80@evil.example/cb", "http://localhost:1/cb"):
        assert (await browser.http.get(rp.url(redirect_uri=uri))).status_code == 400
