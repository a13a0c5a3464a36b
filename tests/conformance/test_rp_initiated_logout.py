"""OpenID Connect RP-Initiated Logout 1.0; S51."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from idp import keys
from tests.doubles.idp_site import ISSUER, RelyingParty, Site, forged

BYE = "https://tile.example/bye"


def _url(**parameters: str) -> str:
    return f"{ISSUER}/end_session?{urlencode(parameters)}"


async def _is_signed_in(site: Site, rp: RelyingParty, token: str) -> bool:
    return (await rp.userinfo(token)).status_code == 200


async def test_a_hint_of_the_session_ends_it_and_returns_with_state(site: Site) -> None:
    """§2, §3."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    response = await browser.get(_url(id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="z 1"))
    assert (response.status_code, response.headers["location"]) == (303, f"{BYE}?state=z+1")
    assert not await _is_signed_in(site, rp, tokens["access_token"])
    assert 'name="password"' in (await browser.get(rp.url())).text


async def test_an_expired_hint_is_accepted(site: Site) -> None:
    """§2: exp is not looked at."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    site.clock.forward(timedelta(minutes=20))
    response = await browser.get(_url(id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE))
    assert response.headers["location"] == BYE


async def test_without_a_hint_the_person_is_asked(site: Site) -> None:
    """§2, §6."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    page = await browser.get(_url(client_id="tile", post_logout_redirect_uri=BYE, state="q"))
    assert "确认退出" in page.text
    assert await _is_signed_in(site, rp, tokens["access_token"])
    done = await browser.submit(page)
    assert done.headers["location"] == f"{BYE}?state=q"
    assert not await _is_signed_in(site, rp, tokens["access_token"])


async def test_without_anything_the_person_is_asked_and_stays_here(site: Site) -> None:
    """§2: every parameter is optional."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    done = await browser.submit(await browser.get(_url()))
    assert "已退出登录" in done.text
    assert not await _is_signed_in(site, rp, tokens["access_token"])


async def test_without_hint_and_session_nobody_is_redirected(site: Site) -> None:
    """§3: nothing vouches for the address."""
    await site.client()
    page = await site.browser().get(_url(client_id="tile", post_logout_redirect_uri=BYE))
    assert page.status_code == 200
    assert "已退出登录" in page.text


async def test_a_logout_request_can_be_posted_from_another_site(site: Site) -> None:
    """§2: GET and POST."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    fields = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE}
    first = await site.browser().http.post(_url().rstrip("?"), data=fields, headers={"sec-fetch-site": "cross-site"})
    assert first.status_code == 303
    assert (await browser.get(first.headers["location"])).headers["location"] == BYE
    assert not await _is_signed_in(site, rp, tokens["access_token"])


@pytest.mark.parametrize(
    "uri", [BYE + "/", BYE + "?x=1", "https://evil.example/bye", "https://tile.example.evil/bye", "//tile.example/bye"]
)
async def test_an_address_that_is_not_registered_stops_on_a_page(site: Site, uri: str) -> None:
    """§3."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    response = await browser.get(_url(id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri))
    assert response.status_code == 400
    assert "location" not in response.headers
    assert await _is_signed_in(site, rp, tokens["access_token"])


@pytest.mark.parametrize("header", [{"alg": "none"}, {"kid": "other"}, {"typ": "at+jwt"}])
async def test_a_forged_hint_stops_on_a_page(site: Site, header: dict[str, str]) -> None:
    """§2, §4; S26, S51."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    hint = forged(tokens["id_token"], header=header)
    response = await browser.get(_url(id_token_hint=hint, post_logout_redirect_uri=BYE))
    assert response.status_code == 400
    assert await _is_signed_in(site, rp, tokens["access_token"])


async def test_an_access_token_is_no_hint(site: Site) -> None:
    """RFC 8725 §3.11; S27."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    response = await browser.get(_url(id_token_hint=tokens["access_token"], post_logout_redirect_uri=BYE))
    assert response.status_code == 400


async def test_a_hint_for_another_client_is_refused(site: Site) -> None:
    """§2: client_id and aud must agree."""
    rp, browser = await site.client(), site.browser()
    await site.client("other")
    tokens = await rp.tokens(browser)
    assert (await browser.get(_url(id_token_hint=tokens["id_token"], client_id="other"))).status_code == 400


async def test_a_hint_of_another_person_is_asked_about(site: Site) -> None:
    """§2; S51."""
    rp, browser, other = await site.client(), site.browser(), site.browser()
    await site.account("second")
    tokens = await rp.tokens(browser)
    await other.sign_in(rp.url(), "second")
    hint = (await rp.tokens(other))["id_token"]
    page = await browser.get(_url(id_token_hint=hint, post_logout_redirect_uri=BYE))
    assert "确认退出" in page.text
    assert await _is_signed_in(site, rp, tokens["access_token"])


async def test_the_yes_must_come_from_our_own_page(site: Site) -> None:
    """§6; S10."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    forged_form = await browser.post(
        f"{ISSUER}/end_session/confirmed", {"form_token": "x"}, **{"sec-fetch-site": "same-origin"}
    )
    cross_site = await browser.post(f"{ISSUER}/end_session/confirmed", {}, **{"sec-fetch-site": "cross-site"})
    assert (forged_form.status_code, cross_site.status_code) == (400, 403)
    assert await _is_signed_in(site, rp, tokens["access_token"])


async def test_a_hint_of_another_session_of_the_same_person_is_asked_about(site: Site) -> None:
    """§2; S51."""
    rp, here, there = await site.client(), site.browser(), site.browser()
    tokens, other = await rp.tokens(here), await rp.tokens(there)
    page = await here.get(_url(id_token_hint=other["id_token"], post_logout_redirect_uri=BYE))
    assert "确认退出" in page.text
    assert await _is_signed_in(site, rp, tokens["access_token"])
    assert await _is_signed_in(site, rp, other["access_token"])


async def test_a_hint_whose_key_was_rotated_away_still_speaks(site: Site) -> None:
    """§2: the OP SHOULD accept a hint when it can still tell that it issued it."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    await keys.rotate(site.idp.key_store, "ES256", at=site.clock())
    response = await browser.get(_url(id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE))
    assert response.headers["location"] == BYE


async def test_a_session_left_alone_is_ended_all_the_same(site: Site) -> None:
    """An idle session answers no sign-on any more, but the person means to leave it."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    sid = browser.http.cookies["onewindow_idp"].partition(".")[0]
    site.clock.forward(timedelta(hours=2))
    response = await browser.get(_url(id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE))
    assert response.headers["location"] == BYE
    assert await site.idp.sessions.store.get(sid) is None


async def test_without_state_none_is_returned(site: Site) -> None:
    """§3."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    response = await browser.get(_url(id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE))
    assert response.headers["location"] == BYE


async def test_a_repeated_parameter_stops_on_a_page(site: Site) -> None:
    """RFC 6749 §3.1; S06."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    url = _url(id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
    assert (await browser.get(f"{url}&post_logout_redirect_uri=https://evil.example/")).status_code == 400
    assert await _is_signed_in(site, rp, tokens["access_token"])


async def test_other_systems_in_the_session_are_shown_before_going_on(site: Site) -> None:
    """§3: the person is led on by a link then, for a redirect would hide what is still open."""
    rp, other, browser = await site.client(), await site.client("other"), site.browser()
    tokens = await rp.tokens(browser)
    await other.tokens(browser)
    page = await browser.get(_url(id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="s"))
    assert page.status_code == 200
    assert f'href="{BYE}?state=s"' in page.text
    assert "系统 other" in page.text
    assert not await _is_signed_in(site, rp, tokens["access_token"])


async def test_the_question_may_lead_on_to_the_clients_origin_and_no_other(site: Site) -> None:
    """Browsers hold a form's redirects against form-action, on whatever host the client stands."""
    rp, browser = await site.client(), site.browser()
    await rp.tokens(browser)
    page = await browser.get(_url(client_id="tile", post_logout_redirect_uri=BYE))
    assert "form-action 'self' https://tile.example;" in page.headers["content-security-policy"]
