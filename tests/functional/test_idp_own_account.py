"""Journeys on the pages of one's own account: password, where one is signed in, and who gets to them at all."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from idp import accounts
from tests.doubles.idp_site import ISSUER, PASSWORD, Browser, Site, answer_at, form_of, open_site
from tests.functional.test_idp_second_factors import code_of, enrolled, own_page, send

NEW = "drei Tulpen am Fenster"
PAGES = ("", "/password", "/sessions", "/totp", "/passkeys", "/recovery-codes")
SENSITIVE = ("/password", "/totp", "/passkeys", "/recovery-codes")


@pytest.fixture
async def site(embedded: AsyncEngine) -> AsyncIterator[Site]:
    async with open_site(embedded, MemoryStateStore()) as started:
        await started.account()
        yield started


async def _change(browser: Browser, current: str = PASSWORD, new: str = NEW, again: str = "") -> int:
    page = await own_page(browser, "/password")
    answer = await send(browser, page, "/password", current=current, password=new, again=again or new)
    return answer.status_code if "密码已修改" not in answer.text else 303


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_asks_who_it_is_and_comes_back(site: Site, path: str) -> None:
    browser = site.browser()
    page = await browser.get(f"{ISSUER}/account{path}")
    assert form_of(page)[0].endswith("/sign-in")
    assert "账号与安全" in page.text
    page = await browser.submit(page, username="clerk", password=PASSWORD)
    assert str(page.request.url) == f"{ISSUER}/account{path}"
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", SENSITIVE)
async def test_what_changes_the_sign_in_needs_one_of_the_last_five_minutes(site: Site, path: str) -> None:
    browser = site.browser()
    page = await own_page(browser, path)
    site.clock.forward(timedelta(minutes=5, seconds=1))
    again = await browser.get(f"{ISSUER}/account{path}")
    assert form_of(again)[0].endswith("/sign-in")
    assert 'value="clerk"' in again.text
    forms = [action for action in ("/password", "/totp", "/recovery-codes") if action == path and "<form" in page.text]
    for action in forms:
        refused = await send(browser, page, action, current=PASSWORD, password=NEW, again=NEW, code="000000")
        assert form_of(refused)[0].endswith("/sign-in")
    assert (await browser.get(f"{ISSUER}/account")).status_code == 200  # looking is not changing


async def test_an_old_session_can_not_change_what_was_set_up_since(site: Site) -> None:
    """A session from before the second factor knows only the password."""
    old, other = site.browser(), site.browser()
    await own_page(old, "")
    await enrolled(site, other)
    page = await old.get(f"{ISSUER}/account/totp")
    assert form_of(page)[0].endswith("/sign-in")
    assert form_of(await old.submit(page, username="clerk", password=PASSWORD))[0].endswith("/second-factor")


async def test_a_new_password_ends_everything_but_this_browser(site: Site) -> None:
    rp, here, there = await site.client(), site.browser(), site.browser()
    tokens = await rp.tokens(there, scope="openid offline_access")
    await own_page(here, "")
    answer_at(await here.get(rp.url()), rp.redirect_uri)
    before = here.http.cookies["onewindow_idp"]
    site.clock.forward(timedelta(seconds=5))
    assert await _change(here) == 303
    after = here.http.cookies["onewindow_idp"]
    assert after != before
    assert after.split(".")[0] == before.split(".")[0]  # what was opened from here stays open
    answer_at(await here.get(rp.url(prompt="none")), rp.redirect_uri).parameters["code"]
    assert "error" in answer_at(await there.get(rp.url(prompt="none")), rp.redirect_uri).parameters
    assert (await rp.refresh(tokens["refresh_token"])).status_code == 400
    fresh = site.browser()
    assert (await fresh.sign_in(rp.url())).status_code == 422
    answer_at(await fresh.sign_in(rp.url(), password=NEW), rp.redirect_uri)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"current": "wrong"}, "当前密码不正确"),
        ({"current": ""}, "当前密码不正确"),
        ({"again": "something else"}, "不一致"),
        ({"new": "short", "again": "short"}, "至少 8 个字符"),
        ({"new": "12345678", "again": "12345678"}, "太常见"),
        ({"new": PASSWORD + "xyz", "again": PASSWORD + "xyz", "current": PASSWORD + "xyz"}, "相同"),
        ({"new": "my-clerk-words", "again": "my-clerk-words"}, "用户名"),
    ],
)
async def test_a_password_that_can_not_be_set_is_told_at_its_field(
    site: Site, fields: dict[str, str], said: str
) -> None:
    browser = site.browser()
    page = await own_page(browser, "/password")
    given = {"current": PASSWORD, "new": NEW, "again": NEW} | fields
    answer = await send(
        browser, page, "/password", current=given["current"], password=given["new"], again=given["again"]
    )
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert given["new"] not in answer.text
    answer_at(await site.browser().sign_in((await site.client()).url()), "https://tile.example/cb")


async def test_guessing_the_present_password_is_bounded(site: Site) -> None:
    """S40."""
    browser = site.browser()
    answers = [await _change(browser, current=f"guess {number}") for number in range(12)]
    assert set(answers[-2:]) == {429}


async def test_one_sees_where_one_is_signed_in_and_ends_it(site: Site) -> None:
    rp, here, there, third = await site.client(), site.browser(), site.browser(), site.browser()
    answer_at(await there.sign_in(rp.url()), rp.redirect_uri)
    answer_at(await third.sign_in(rp.url()), rp.redirect_uri)
    page = await own_page(here, "/sessions")
    assert page.text.count("<li>\n<div>") == 3
    assert "系统 tile" in page.text
    sid = there.http.cookies["onewindow_idp"].split(".")[0]
    ended = await send(here, page, "/sessions", end=sid)
    assert "该登录已结束" in ended.text
    assert answer_at(await there.get(rp.url(prompt="none")), rp.redirect_uri).parameters["error"] == "login_required"
    assert "code" in answer_at(await third.get(rp.url(prompt="none")), rp.redirect_uri).parameters
    await send(here, ended, "/sessions", end="others")
    assert "error" in answer_at(await third.get(rp.url(prompt="none")), rp.redirect_uri).parameters
    assert "code" in answer_at(await here.get(rp.url(prompt="none")), rp.redirect_uri).parameters


async def test_nobody_ends_another_persons_session(site: Site) -> None:
    rp, other, browser = await site.client(), site.browser(), site.browser()
    await site.account("other")
    answer_at(await other.sign_in(rp.url(), username="other"), rp.redirect_uri)
    page = await own_page(browser, "/sessions")
    await send(browser, page, "/sessions", end=other.http.cookies["onewindow_idp"].split(".")[0])
    assert "code" in answer_at(await other.get(rp.url(prompt="none")), rp.redirect_uri).parameters


@pytest.mark.parametrize("path", ["/password", "/sessions", "/totp", "/totp/remove", "/passkeys", "/passkeys/remove",
                                  "/recovery-codes"])  # fmt: skip
async def test_a_form_that_is_not_ours_does_nothing(site: Site, path: str) -> None:
    """S10: another site's form, a form without or with another session's token."""
    browser, other = site.browser(), site.browser()
    await own_page(browser, "")
    page = await own_page(other, "/sessions")
    foreign = form_of(page)[1]["form_token"]
    address = f"{ISSUER}/account{path}"
    assert (await browser.post(address, {}, **{"sec-fetch-site": "cross-site"})).status_code == 403
    for token in ("", "0" * 64, foreign):
        answer = await browser.post(address, {"form_token": token}, **{"sec-fetch-site": "same-origin"})
        assert answer.status_code == 400


async def test_forms_from_before_a_new_secret_are_dead(site: Site) -> None:
    """S33."""
    browser = site.browser()
    sessions = await own_page(browser, "/sessions")
    await enrolled(site, browser)
    assert (await send(browser, sessions, "/sessions", end="others")).status_code == 400


async def test_the_key_shown_stays_until_it_is_confirmed_and_is_bounded(site: Site) -> None:
    browser = site.browser()
    first, second = [await own_page(browser, "/totp") for _ in range(2)]
    shown = [re.findall(r'<code class="key">([A-Z2-7 ]+)</code>', page.text) for page in (first, second)]
    assert shown[0] == shown[1]
    assert '<svg viewBox="0 0' in first.text
    assert "style=" not in first.text
    answers = [(await send(browser, first, "/totp", code="000000")).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


async def test_the_last_factor_takes_the_recovery_codes_along(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    await enrolled(site, browser)
    page = await own_page(browser, "/totp")
    assert "动态码已停用" in (await send(browser, page, "/totp/remove")).text
    assert "启用动态码" in (await own_page(browser, "/recovery-codes")).text
    answer_at(await site.browser().sign_in(rp.url()), rp.redirect_uri)


async def test_the_overview_tells_of_sign_ins_and_of_failures(site: Site) -> None:
    browser = site.browser()
    key, _ = await enrolled(site, browser)
    other = site.browser()
    page = await other.submit(await other.get(f"{ISSUER}/account"), username="clerk", password=PASSWORD)
    page = await other.submit(page, code="000000")
    page = await other.submit(page, code=code_of(site, key))
    text = page.text
    assert text.index("登录（密码和动态码）") < text.index("第二步验证未通过") < text.index("登录（密码）")
    assert "2026-11-23 09:00" in text  # in the zone people live in


async def test_a_stopped_account_has_no_pages(site: Site) -> None:
    """S41."""
    browser = site.browser()
    await own_page(browser, "")
    site.clock.forward(timedelta(seconds=1))
    await accounts.disable(site.idp.account_store, "clerk", at=site.clock())
    assert form_of(await browser.get(f"{ISSUER}/account/sessions"))[0].endswith("/sign-in")


async def test_where_to_go_on_is_one_of_our_own_sign_ins_only(site: Site) -> None:
    browser = site.browser()
    for asked in ("https://evil.example/", "//evil.example", "../end_session", "x" * 33, "a" * 31):
        page = await own_page(browser, f"/totp?continue={asked}")
        assert "继续登录" not in page.text
        assert "evil" not in page.text


async def test_the_pages_are_there_in_english(site: Site) -> None:
    browser = site.browser(**{"accept-language": "en"})
    for path in PAGES:
        page = await own_page(browser, path)
        text = re.sub(r"<[^>]*>", "", page.text)
        left = re.findall(r"[\u4e00-\u9fff]+", text.replace("王晓芸", "").replace("云桥街道便民服务中心", ""))
        assert left == [], path
