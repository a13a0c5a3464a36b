"""Journeys with second factors: setting them up, signing in with them, and what an attacker gets instead."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from idp import accounts
from idp.protocol import acr, totp
from tests.conftest import Backend
from tests.doubles.idp_site import ISSUER, PASSWORD, Browser, RelyingParty, Site, answer_at, decoded, form_of, open_site


@pytest.fixture
async def site(embedded: AsyncEngine) -> AsyncIterator[Site]:
    async with open_site(embedded, MemoryStateStore()) as started:
        await started.account()
        yield started


def code_of(site: Site, key: str, *, steps: int = 0) -> str:
    return totp.code_at(key, totp.step_at(site.clock()) + steps)


async def own_page(browser: Browser, path: str) -> httpx2.Response:
    """A page of the account, signing in with the password where it asks."""
    page = await browser.get(f"{ISSUER}/account{path}")
    if 'name="password" autocomplete="current-password"' in page.text and "/interaction/" in page.text:
        page = await browser.submit(page, username="clerk", password=PASSWORD)
    return page


async def send(browser: Browser, page: httpx2.Response, action_ends: str, /, **fields: str) -> httpx2.Response:
    """Send one form of a page."""
    action, hidden = form_of(page, action_ends)
    return await browser.post(action, hidden | fields, **{"sec-fetch-site": "same-origin"})


async def enrolled(site: Site, browser: Browser) -> tuple[str, list[str]]:
    """Turn one-time codes on for clerk; return the key and the recovery codes."""
    page = await own_page(browser, "/totp")
    shown = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page.text)
    assert shown is not None, page.text[:3000]
    key = shown[1].replace(" ", "")
    page = await send(browser, page, "/totp", code=code_of(site, key))
    codes = re.findall(r"<li><code>([0-9A-Z-]{14})</code></li>", page.text)
    assert len(codes) == 10, page.text[:3000]
    site.clock.forward(timedelta(seconds=30))
    return key, codes


async def with_password(browser: Browser, rp: RelyingParty, **parameters: str | None) -> httpx2.Response:
    return await browser.sign_in(rp.url(**parameters))


async def test_the_journey_is_the_same_on_every_backend(backend: Backend) -> None:
    async with open_site(backend.engine, backend.state) as site:
        await site.account()
        rp = await site.client()
        key, recovery = await enrolled(site, site.browser())
        elsewhere = site.browser()
        page = await with_password(elsewhere, rp)
        assert "second-factor" in form_of(page)[0]
        assert "onewindow_idp" not in elsewhere.http.cookies  # nobody is signed in yet
        code = answer_at(await elsewhere.submit(page, code=code_of(site, key)), rp.redirect_uri).parameters["code"]
        claims = decoded((await rp.exchange(code)).json()["id_token"])[1]
        assert (claims["acr"], claims["amr"]) == (acr.TWO_FACTOR, ["pwd", "otp", "mfa"])
        third = site.browser()
        page = await third.submit(await with_password(third, rp), code=recovery[0].lower())
        answer_at(page, rp.redirect_uri)


async def test_a_code_signs_in_once_whoever_comes_second(site: Site) -> None:
    """RFC 6238 §5.2; S40."""
    rp = await site.client()
    key, _ = await enrolled(site, site.browser())
    browsers = [site.browser() for _ in range(4)]
    pages = [await with_password(browser, rp) for browser in browsers]
    code = code_of(site, key)
    answers = await asyncio.gather(
        *(browser.submit(page, code=code) for browser, page in zip(browsers, pages, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 422, 422, 422]


async def test_the_code_that_confirmed_the_key_does_not_sign_in(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    key, _ = await enrolled(site, browser)
    other = site.browser()
    page = await with_password(other, rp)
    assert (await other.submit(page, code=code_of(site, key, steps=-1))).status_code == 422


async def test_a_recovery_code_works_once_and_new_ones_end_the_old(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    key, recovery = await enrolled(site, browser)
    first, second = site.browser(), site.browser()
    answer_at(await first.submit(await with_password(first, rp), code=recovery[3]), rp.redirect_uri)
    page = await with_password(second, rp)
    assert (await second.submit(page, code=recovery[3])).status_code == 422
    page = await own_page(browser, "/recovery-codes")
    assert "还剩 9 个" in page.text
    renewed = await send(browser, page, "/recovery-codes")
    assert re.findall(r"<code>([0-9A-Z-]{14})</code>", renewed.text)
    again = await send(browser, page, "/recovery-codes")  # the page sent a second time
    assert not re.findall(r"<code>([0-9A-Z-]{14})</code>", again.text)
    page = await with_password(second, rp)
    assert (await second.submit(page, code=recovery[4])).status_code == 422
    assert (await second.submit(page, code=code_of(site, key))).status_code == 303


async def test_guessing_codes_is_bounded_for_the_account_however_it_is_tried(site: Site) -> None:
    """S40: serial and parallel, from many addresses and browsers, one-time and recovery codes together."""
    rp = await site.client()
    key, _ = await enrolled(site, site.browser())
    browsers = [site.browser(f"10.1.{number}.1") for number in range(12)]
    pages = [await with_password(browser, rp) for browser in browsers]
    wrong = ["000000", "ABCD-EFGH-0123"] * 6
    answers = await asyncio.gather(
        *(browser.submit(page, code=code) for browser, page, code in zip(browsers, pages, wrong, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [422] * 5 + [429] * 7
    assert (await browsers[0].submit(pages[0], code=code_of(site, key))).status_code == 429


async def test_the_second_step_can_not_be_skipped(site: Site) -> None:
    """S38: final step first, empty, replayed, with hidden fields changed, or simply going on."""
    rp = await site.client()
    key, _ = await enrolled(site, site.browser())
    browser = site.browser()
    page = await browser.get(rp.url())
    action, hidden = form_of(page)
    at_once = action.removesuffix("/sign-in") + "/second-factor"
    first = await browser.post(at_once, hidden | {"code": code_of(site, key)}, **{"sec-fetch-site": "same-origin"})
    assert form_of(first)[0].endswith("/sign-in")  # the password comes first
    page = await browser.submit(page, username="clerk", password=PASSWORD)
    assert (await browser.submit(page, code="")).status_code == 422
    assert (await browser.submit(page, code="", half_sub="someone", step_up_declined="true")).status_code == 422
    later = await browser.submit(page, button="later")
    assert form_of(later)[0].endswith("/second-factor")
    for url in (rp.url(), rp.url(prompt="none"), f"{ISSUER}/account"):
        await browser.get(url)
    live = browser.http.cookies.get("onewindow_idp")
    assert live is None
    assert answer_at(await browser.get(rp.url(prompt="none")), rp.redirect_uri).parameters["error"] == "login_required"


async def test_what_is_owed_is_forgotten_after_five_minutes(site: Site) -> None:
    rp = await site.client()
    key, _ = await enrolled(site, site.browser())
    browser = site.browser()
    page = await with_password(browser, rp)
    site.clock.forward(timedelta(minutes=6))
    assert form_of(await browser.submit(page, code=code_of(site, key)))[0].endswith("/sign-in")


async def test_another_browser_can_not_give_the_second_factor(site: Site) -> None:
    """S34."""
    rp = await site.client()
    key, _ = await enrolled(site, site.browser())
    browser, stranger = site.browser(), site.browser()
    page = await with_password(browser, rp)
    await stranger.get(rp.url())
    assert (await stranger.submit(page, code=code_of(site, key))).status_code == 400


@pytest.mark.parametrize("change", ["stopped", "password"])
async def test_who_is_stopped_between_the_steps_does_not_come_in(site: Site, change: str) -> None:
    """S41."""
    rp = await site.client()
    key, _ = await enrolled(site, site.browser())
    browser = site.browser()
    page = await with_password(browser, rp)
    site.clock.forward(timedelta(seconds=1))
    if change == "stopped":
        await accounts.disable(site.idp.account_store, "clerk", at=site.clock())
    else:
        await accounts.set_password(
            site.idp.account_store, site.idp.passwords, "clerk", "other-Yichuang-7", at=site.clock()
        )
    assert form_of(await browser.submit(page, code=code_of(site, key)))[0].endswith("/sign-in")


async def test_another_account_may_be_taken_instead(site: Site) -> None:
    rp = await site.client()
    await site.account("second")
    await enrolled(site, site.browser())
    browser = site.browser()
    page = await browser.submit(await with_password(browser, rp), button="other")
    answer_at(await browser.submit(page, username="second", password=PASSWORD), rp.redirect_uri)


async def test_a_system_that_asks_for_more_gets_just_what_is_missing(site: Site) -> None:
    """RFC 9470; S33: the session's secret changes, its sid stays."""
    plain, strict = await site.client("plain"), await site.client("strict", required_acr=acr.TWO_FACTOR)
    key, _ = await enrolled(site, site.browser())
    # A session from before the key was set up: only the password.
    await site.idp.second_factors.remove_totp((await _clerk(site)), "", at=site.clock())
    browser = site.browser()
    answer_at(await with_password(browser, plain), plain.redirect_uri)
    before = browser.http.cookies["onewindow_idp"]
    await site.idp.second_factors.totp.put(await _clerk(site), key, step=0, at=site.clock())
    page = await browser.get(strict.url())
    assert 'name="password"' not in page.text
    assert form_of(page)[0].endswith("/second-factor")
    code = answer_at(await browser.submit(page, code=code_of(site, key)), strict.redirect_uri).parameters["code"]
    claims = decoded((await strict.exchange(code)).json()["id_token"])[1]
    assert claims["acr"] == acr.TWO_FACTOR
    after = browser.http.cookies["onewindow_idp"]
    assert after.split(".")[0] == before.split(".")[0] == claims["sid"]
    assert after != before
    browser.http.cookies.set("onewindow_idp", before, domain="127.0.0.1.local", path="/")
    assert await site.idp.sessions.read(before, at=site.clock()) is None
    # And from now on nothing more is asked.
    fresh = site.browser()
    fresh.http.cookies.set("onewindow_idp", after)
    assert (await fresh.http.get(strict.url())).headers["location"].startswith(strict.redirect_uri)


async def _clerk(site: Site) -> str:
    found = await site.idp.account_store.by_username("clerk")
    assert found is not None
    return found[0].sub


async def test_who_has_no_second_factor_sets_one_up_on_the_way(site: Site) -> None:
    rp, browser = await site.client(required_acr=acr.TWO_FACTOR), site.browser()
    page = await with_password(browser, rp)
    assert "需要设置第二步验证" in page.text
    way = re.search(r'href="([^"]*/account/totp\?continue=[^"]*)"', page.text)
    assert way is not None
    page = await browser.get(way[1])
    shown = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page.text)
    assert shown is not None
    page = await send(browser, page, "/totp", code=code_of(site, shown[1].replace(" ", "")))
    onward = re.search(r'class="button" href="([^"]*/interaction/[^"]*)"', page.text)
    assert onward is not None
    code = answer_at(await browser.get(onward[1]), rp.redirect_uri).parameters["code"]
    assert decoded((await rp.exchange(code)).json()["id_token"])[1]["acr"] == acr.TWO_FACTOR


async def test_who_sets_nothing_up_goes_back_with_an_error(site: Site) -> None:
    """S38: enrolment is not skipped."""
    rp, browser = await site.client(required_acr=acr.TWO_FACTOR), site.browser()
    page = await with_password(browser, rp)
    assert "需要设置第二步验证" in (await browser.submit(page, button="later")).text
    back = answer_at(await browser.submit(page, button="cancel"), rp.redirect_uri)
    assert back.parameters["error"] == "unmet_authentication_requirements"
    assert back.parameters["iss"] == ISSUER


async def test_a_wish_for_a_real_name_is_fulfilled_by_who_can_and_stops_nobody(site: Site) -> None:
    rp = await site.client()
    wish = {"acr_values": acr.REAL_NAME_3}
    browser = site.browser()
    code = await rp.code(browser, **wish)
    assert decoded((await rp.exchange(code)).json()["id_token"])[1]["acr"] == acr.PASSWORD
    await site.account("known", real_name_level=3)
    key, _ = await enrolled(site, browser)
    fresh = site.browser()
    page = await fresh.submit(await fresh.sign_in(rp.url(**wish)), code=code_of(site, key))
    answer = answer_at(page, rp.redirect_uri)
    told = decoded((await rp.exchange(answer.parameters["code"])).json()["id_token"])[1]["acr"]
    assert told == acr.TWO_FACTOR  # clerk's papers were never checked
    found = await site.idp.account_store.by_username("known")
    assert found is not None
    await site.idp.second_factors.totp.put(found[0].sub, key, step=0, at=site.clock())
    person = site.browser()
    page = await person.sign_in(rp.url(**wish), username="known")
    answer = answer_at(await person.submit(page, code=code_of(site, key)), rp.redirect_uri)
    told = decoded((await rp.exchange(answer.parameters["code"])).json()["id_token"])[1]["acr"]
    assert told == acr.REAL_NAME_3


async def test_max_age_asks_for_everything_again(site: Site) -> None:
    """OpenID Connect Core §3.1.2.1."""
    rp, browser = await site.client(), site.browser()
    key, _ = await enrolled(site, browser)
    site.clock.forward(timedelta(minutes=10))
    page = await browser.sign_in(rp.url(max_age="60"))
    assert form_of(page)[0].endswith("/second-factor")
    answer_at(await browser.submit(page, code=code_of(site, key)), rp.redirect_uri)


async def test_the_audit_tells_of_every_step(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    key, recovery = await enrolled(site, browser)
    fresh = site.browser()
    page = await with_password(fresh, rp)
    await fresh.submit(page, code="000000")
    await fresh.submit(page, code=recovery[0])
    page = await own_page(fresh, "/totp")
    await send(fresh, page, "/totp/remove")
    rows = await site.idp.audit_store.listed(
        sub=await _clerk(site), since=site.clock() - timedelta(hours=1), after=0, at_most=50
    )
    told = [row.kind for row in rows]
    for kind in ("factor_added", "recovery_codes_made", "factor_failed", "recovery_code_used", "factor_removed"):
        assert told.count(kind) == 1, told
    assert told.count("sign_in") == 2
    assert not any(secret in row.detail for row in rows for secret in (key, recovery[0], "000000"))
