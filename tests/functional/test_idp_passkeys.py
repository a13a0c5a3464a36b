"""Journeys with passkeys: an authenticator in software answers as a browser would, and as an attacker would."""

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from idp import accounts
from idp.protocol import acr
from idp.protocol.passkey import encoded
from tests.conftest import Backend
from tests.doubles.authenticator import USER_PRESENT, Authenticator
from tests.doubles.idp_site import ISSUER, PASSWORD, Browser, Site, answer_at, decoded, form_of, open_site
from tests.functional.test_idp_second_factors import code_of, send

BASE = "http://localhost:8000"  # browsers make no passkey for an address in numbers


@pytest.fixture
async def site(embedded: AsyncEngine) -> AsyncIterator[Site]:
    async with open_site(embedded, MemoryStateStore(), base_url=BASE) as started:
        await started.account()
        yield started


def prompt(page: httpx2.Response) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Action, hidden fields and options of the page's passkey form."""
    form = re.search(r"<form[^>]* data-passkey=.*?</form>", page.text, re.DOTALL)
    assert form is not None, page.text[:3000]
    action, options = re.search(r'action="([^"]*)"', form[0]), re.search(r'data-options="([^"]*)"', form[0])
    assert action is not None
    assert options is not None
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form[0]))
    return html.unescape(action[1]), hidden, json.loads(html.unescape(options[1]))


async def answer(browser: Browser, page: httpx2.Response, credential: str, **fields: str) -> httpx2.Response:
    action, hidden, _ = prompt(page)
    return await browser.post(action, hidden | fields | {"credential": credential}, **{"sec-fetch-site": "same-origin"})


async def own_page(site: Site, browser: Browser, path: str) -> httpx2.Response:
    page = await browser.get(f"{site.issuer}/account{path}")
    if "/sign-in" in page.text:
        page = await browser.submit(page, username="clerk", password=PASSWORD)
    return page


async def registered(site: Site, browser: Browser, name: str = "窗口电脑", **given: Any) -> Authenticator:
    page = await own_page(site, browser, "/passkeys")
    made = Authenticator(origin=BASE, **given)
    page = await answer(browser, page, made.create(prompt(page)[2]), name=name)
    assert page.status_code == 200, page.text[:3000]
    return made


async def with_passkey(site: Site, browser: Browser, url: str, key: Authenticator, **data: str) -> httpx2.Response:
    page = await browser.get(url)
    return await answer(browser, page, key.get(prompt(page)[2], **data))


async def test_the_journey_is_the_same_on_every_backend(backend: Backend) -> None:
    async with open_site(backend.engine, backend.state, base_url=BASE) as site:
        await site.account()
        rp, browser = await site.client(), site.browser()
        page = await own_page(site, browser, "/passkeys")
        key = Authenticator(origin=BASE)
        page = await answer(browser, page, key.create(prompt(page)[2]), name="窗口电脑")
        assert len(re.findall(r"<code>[0-9A-Z-]{14}</code>", page.text)) == 10  # the first factor brings them
        fresh = site.browser()
        code = answer_at(await with_passkey(site, fresh, rp.url(), key), rp.redirect_uri).parameters["code"]
        claims = decoded((await rp.exchange(code)).json()["id_token"])[1]
        assert (claims["acr"], claims["amr"]) == (acr.PASSKEY, ["pop", "user", "mfa"])
        page = await own_page(site, fresh, "/passkeys")
        assert "窗口电脑" in page.text
        assert "最近使用 2026-11-23 09:00" in page.text


async def test_options_ask_for_verification_and_tell_nothing_about_the_person(site: Site) -> None:
    browser = site.browser()
    page = await own_page(site, browser, "/passkeys")
    made = prompt(page)[2]
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["rp"]["id"] == "localhost"
    assert "clerk" not in made["user"]["id"]
    await registered(site, browser)
    asked = prompt(await site.browser().get((await site.client()).url()))[2]
    assert (asked["userVerification"], asked["allowCredentials"]) == ("required", [])


async def test_after_the_password_only_ones_own_passkey_is_asked_for(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    key = await registered(site, browser)
    fresh = site.browser()
    page = await fresh.submit(await fresh.get(rp.url()), username="clerk", password=PASSWORD)
    assert form_of(page)[0].endswith("/second-factor")
    options = prompt(page)[2]
    assert [each["id"] for each in options["allowCredentials"]] == [json.loads(key.get(options))["id"]]
    answer_at(await answer(fresh, page, key.get(options)), rp.redirect_uri)


async def test_an_answer_counts_once_even_sent_many_times_at_once(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    key = await registered(site, browser, counts=False)
    fresh = site.browser()
    page = await fresh.get(rp.url())
    credential = key.get(prompt(page)[2])
    action, hidden, _ = prompt(page)
    own = {"sec-fetch-site": "same-origin"}
    posts = [fresh.http.post(action, data=hidden | {"credential": credential}, headers=own) for _ in range(8)]
    answers = await asyncio.gather(*posts)
    assert sorted(each.status_code for each in answers) == [303] + [422] * 7


async def test_a_challenge_of_something_else_does_not_count(site: Site) -> None:
    """S32: of another browser, of registration, of another sign-in, of nobody."""
    rp, browser, stranger = await site.client(), site.browser(), site.browser()
    key = await registered(site, browser)
    theirs = prompt(await stranger.get(rp.url()))[2]
    registering = prompt(await own_page(site, browser, "/passkeys"))[2]
    fresh = site.browser()
    earlier = prompt(await fresh.get(rp.url()))[2]
    page = await fresh.get(rp.url())
    for challenge in (theirs["challenge"], registering["challenge"], earlier["challenge"], "A" * 43):
        refused = await answer(fresh, page, key.get(prompt(page)[2] | {"challenge": challenge}))
        assert refused.status_code == 422
    page = await fresh.get(rp.url())
    old = prompt(page)[2]
    site.clock.forward(timedelta(minutes=1))
    answer_at(await answer(fresh, page, key.get(old)), rp.redirect_uri)


@pytest.mark.parametrize(
    "data", [{"origin": "http://evil.example"}, {"origin": "http://localhost:9"}, {"type": "webauthn.create"}]
)
async def test_another_origin_or_kind_is_refused(site: Site, data: dict[str, str]) -> None:
    rp = await site.client()
    key = await registered(site, site.browser())
    assert (await with_passkey(site, site.browser(), rp.url(), key, **data)).status_code == 422


async def test_without_verification_of_its_owner_a_passkey_is_refused(site: Site) -> None:
    """WebAuthn §7.1 step 15, §7.2 step 17."""
    rp, browser = await site.client(), site.browser()
    page = await own_page(site, browser, "/passkeys")
    unverified = Authenticator(origin=BASE, flags=USER_PRESENT)
    assert (await answer(browser, page, unverified.create(prompt(page)[2]), name="x")).status_code == 422
    key = await registered(site, browser)
    key.flags = USER_PRESENT
    assert (await with_passkey(site, site.browser(), rp.url(), key)).status_code == 422


async def test_a_copied_passkey_is_noticed_by_its_count(site: Site) -> None:
    """WebAuthn §7.2 step 21."""
    rp = await site.client()
    key = await registered(site, site.browser())
    copy = replace(key)
    answer_at(await with_passkey(site, site.browser(), rp.url(), key), rp.redirect_uri)
    assert (await with_passkey(site, site.browser(), rp.url(), copy)).status_code == 422
    rows = await site.idp.audit_store.listed(sub="", since=site.clock() - timedelta(hours=1), after=0, at_most=50)
    assert [row.kind for row in rows][-1] == "factor_failed"


async def test_another_key_or_another_persons_handle_is_refused(site: Site) -> None:
    rp = await site.client()
    await site.account("second")
    key = await registered(site, site.browser())
    forged = replace(Authenticator(origin=BASE), credential_id=key.credential_id, user_handle=key.user_handle)
    forged.sign_count = 5
    assert (await with_passkey(site, site.browser(), rp.url(), forged)).status_code == 422
    key.user_handle = "c29tZWJvZHk"
    assert (await with_passkey(site, site.browser(), rp.url(), key)).status_code == 422
    unknown = Authenticator(origin=BASE)
    assert (await with_passkey(site, site.browser(), rp.url(), unknown)).status_code == 422


async def test_who_is_stopped_does_not_come_in_with_a_passkey(site: Site) -> None:
    """S41."""
    rp = await site.client()
    key = await registered(site, site.browser())
    await accounts.disable(site.idp.account_store, "clerk", at=site.clock())
    assert (await with_passkey(site, site.browser(), rp.url(), key)).status_code == 422


async def test_a_system_may_ask_for_a_passkey_and_gets_nothing_less(site: Site) -> None:
    rp, plain, browser = await site.client(required_acr=acr.PASSKEY), await site.client("plain"), site.browser()
    key = await registered(site, browser)
    fresh = site.browser()
    page = await fresh.submit(await fresh.get(plain.url()), username="clerk", password=PASSWORD)
    secret = site.idp.second_factors
    await secret.totp.put(await _sub(site), "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", step=0, at=site.clock())
    page = await fresh.submit(page, code=code_of(site, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"))
    answer_at(page, plain.redirect_uri)
    page = await fresh.get(rp.url())
    assert 'name="code"' not in page.text
    before = fresh.http.cookies["onewindow_idp"]
    code = answer_at(await answer(fresh, page, key.get(prompt(page)[2])), rp.redirect_uri).parameters["code"]
    assert decoded((await rp.exchange(code)).json()["id_token"])[1]["acr"] == acr.PASSKEY
    assert fresh.http.cookies["onewindow_idp"] != before


async def _sub(site: Site) -> str:
    found = await site.idp.account_store.by_username("clerk")
    assert found is not None
    return found[0].sub


async def test_several_passkeys_under_names_of_their_own_and_removed_one_by_one(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    first = await registered(site, browser, "窗口<电脑>")
    page = await browser.get(f"{site.issuer}/account/passkeys")
    page = await answer(browser, page, first.get(prompt(page)[2])) if "/interaction/" in page.text else page
    second = Authenticator(origin=BASE)
    options = prompt(page)[2]
    assert len(options["excludeCredentials"]) == 1
    page = await answer(browser, page, second.create(options), name=" ")
    if "/sign-in" in page.text:
        page = await answer(browser, page, first.get(prompt(page)[2]))
    assert "窗口&lt;电脑&gt;" in page.text
    assert page.text.count('name="remove"') == 2
    again = await answer(browser, page, first.create(prompt(page)[2]), name="twice")
    assert again.status_code == 422
    page = await browser.get(f"{site.issuer}/account/passkeys")
    page = await send(browser, page, "/passkeys/remove", remove=encoded(first.credential_id))
    assert page.text.count('name="remove"') == 1
    assert (await with_passkey(site, site.browser(), rp.url(), first)).status_code == 422
    answer_at(await with_passkey(site, site.browser(), rp.url(), second), rp.redirect_uri)


NONSENSE = (
    "", "{}", "[]", "null", "not json", "[" * 20_000, '{"id":1}', '{"rawId":"!!","response":{}}',
    '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30"}}',
    '{"id":"AA","rawId":"AA","type":"x","response":{"clientDataJSON":"eyJjaGFsbGVuZ2UiOiJBQSJ9","userHandle":7}}',
    '{"response":{"clientDataJSON":"eyJjaGFsbGVuZ2UiOjd9"}}', "a" * 40_000,
)  # fmt: skip
BROKEN: tuple[Any, ...] = ("", "AA", "oWNmbXQ", "!!!", "_" * 200, 7, None, [], {})


async def test_nonsense_is_refused_on_the_page(site: Site) -> None:
    rp, browser = await site.client(), site.browser()
    page = await browser.get(rp.url())
    for credential in NONSENSE:
        assert (await answer(browser, page, credential)).status_code == 422, credential[:80]


async def test_a_registration_with_one_member_broken_is_refused(site: Site) -> None:
    """Each is a right answer to a right challenge but for one member; none is a fault of ours."""
    browser = site.browser()
    for value in BROKEN:
        for member in ("attestationObject", "clientDataJSON"):
            page = await own_page(site, browser, "/passkeys")
            made = json.loads(Authenticator(origin=BASE).create(prompt(page)[2]))
            made["response"][member] = value
            refused = await answer(browser, page, json.dumps(made), name="x")
            assert refused.status_code == 422, (member, value)


@pytest.mark.parametrize("member", ["authenticatorData", "signature", "userHandle", "rawId", "id"])
async def test_a_sign_in_with_one_member_broken_is_refused(site: Site, member: str) -> None:
    rp = await site.client()
    key = await registered(site, site.browser())
    for value in BROKEN:
        fresh = site.browser()
        page = await fresh.get(rp.url())
        given = json.loads(key.get(prompt(page)[2]))
        (given if member in ("rawId", "id") else given["response"])[member] = value
        # Without userHandle the passkey is found by its id alone, which is right (WebAuthn §7.2 step 6).
        wanted = 303 if member == "userHandle" and value is None else 422
        assert (await answer(fresh, page, json.dumps(given))).status_code == wanted, value


async def test_at_an_address_in_numbers_nothing_offers_passkeys(embedded: AsyncEngine) -> None:
    async with open_site(embedded, MemoryStateStore()) as site:
        await site.account()
        browser = site.browser()
        assert "data-passkey" not in (await browser.get((await site.client()).url())).text
        page = await own_page(site, browser, "/passkeys")
        assert "通行密钥需要用域名访问本平台" in page.text
        page = await browser.get(f"{ISSUER}/account/sessions")
        hidden = form_of(page)[1]
        refused = await browser.post(f"{ISSUER}/account/passkeys", hidden, **{"sec-fetch-site": "same-origin"})
        assert str(refused.request.url) == f"{ISSUER}/account/passkeys"
