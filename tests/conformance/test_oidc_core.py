"""OpenID Connect Core 1.0, for the authorization code flow."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from idp.protocol.client import Client
from tests.doubles.idp_site import ISSUER, PASSWORD, Site, answer_at, decoded, forged, half_hash


async def test_a_sign_in_ends_at_the_client_with_code_and_state(site: Site) -> None:
    """§3.1.2.5."""
    rp = await site.client()
    answer = answer_at(await site.browser().sign_in(rp.url()), rp.redirect_uri)
    assert set(answer.parameters) == {"code", "state", "iss"}
    assert answer.parameters["state"] == "s-1"


async def test_the_id_token_says_who_for_whom_and_when(site: Site) -> None:
    """§2, §3.1.3.6: iss, sub, aud, exp, iat, nonce, auth_time, acr and at_hash."""
    rp = await site.client()
    account = await site.account("second")
    browser = site.browser()
    await browser.sign_in(rp.url(), "second")
    tokens = await rp.tokens(browser, nonce="n-42")
    _, claims = decoded(tokens["id_token"])
    now = int(site.clock().timestamp())
    assert (claims["iss"], claims["sub"], claims["aud"], claims["nonce"]) == (ISSUER, account.sub, "tile", "n-42")
    assert (claims["iat"], claims["auth_time"]) == (now, now)
    assert now < claims["exp"] <= now + 600
    assert claims["at_hash"] == half_hash(tokens["access_token"])
    assert claims["acr"] == "urn:onewindow:acr:password"


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
async def test_the_id_token_is_signed_with_the_registered_algorithm_by_a_published_key(site: Site, alg: str) -> None:
    """§3.1.3.7 steps 6 to 8."""
    rp = await site.client(id_token_signed_response_alg=alg)
    token = (await rp.tokens(site.browser()))["id_token"]
    async with site.caller() as http:
        published = KeySet.import_key_set((await http.get(f"{ISSUER}/jwks")).json())
    assert decoded(token)[0]["alg"] == alg
    assert jws.deserialize_compact(token, published, algorithms=[alg])


async def test_a_client_that_names_no_algorithm_gets_rs256() -> None:
    """OpenID Connect Registration §2: id_token_signed_response_alg defaults to RS256."""
    assert Client(client_id="abc").id_token_signed_response_alg == "RS256"


async def test_prompt_none_without_a_session_answers_login_required_and_sets_no_cookie(site: Site) -> None:
    """§3.1.2.6."""
    rp = await site.client()
    response = await site.browser().get(rp.url(prompt="none"))
    assert answer_at(response, rp.redirect_uri).parameters["error"] == "login_required"
    assert "set-cookie" not in response.headers


async def test_prompt_none_with_a_session_answers_with_a_code(site: Site) -> None:
    """§3.1.2.1."""
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url())
    assert "code" in answer_at(await browser.get(rp.url(prompt="none")), rp.redirect_uri).parameters


async def test_prompt_none_without_consent_answers_consent_required(site: Site) -> None:
    """§3.1.2.6."""
    rp = await site.client("stranger", trusted=False)
    browser = site.browser()
    await browser.sign_in((await site.client()).url())
    answer = answer_at(await browser.get(rp.url(prompt="none")), rp.redirect_uri)
    assert answer.parameters["error"] == "consent_required"


async def test_prompt_none_combined_with_another_value_is_an_error(site: Site) -> None:
    """§3.1.2.1."""
    rp = await site.client()
    answer = answer_at(await site.browser().get(rp.url(prompt="none login")), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_request"


async def test_prompt_login_asks_for_the_password_again(site: Site) -> None:
    """§3.1.2.1; auth_time is that of the new sign-in."""
    rp, browser = await site.client(), site.browser()
    first = decoded((await rp.tokens(browser))["id_token"])[1]
    site.clock.forward(timedelta(minutes=5))
    page = await browser.get(rp.url(prompt="login"))
    assert 'name="password"' in page.text
    code = answer_at(await browser.submit(page, username="clerk", password=PASSWORD), rp.redirect_uri)
    second = decoded((await rp.exchange(code.parameters["code"])).json()["id_token"])[1]
    assert second["auth_time"] == first["auth_time"] + 300
    assert second["sid"] == first["sid"]


async def test_prompt_consent_asks_again(site: Site) -> None:
    """§3.1.2.1, also where consent was given before."""
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url())
    page = await browser.get(rp.url(prompt="consent"))
    assert 'value="allow"' in page.text
    assert "code" in answer_at(await browser.submit(page, button="allow"), rp.redirect_uri).parameters


async def test_prompt_select_account_offers_the_account_and_another(site: Site) -> None:
    """§3.1.2.1."""
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url())
    page = await browser.get(rp.url(prompt="select_account"))
    assert 'value="continue"' in page.text
    assert 'value="other"' in page.text
    assert "code" in answer_at(await browser.submit(page, button="continue"), rp.redirect_uri).parameters


async def test_another_account_can_be_chosen(site: Site) -> None:
    """§3.1.2.1: the session of the first account ends."""
    rp, browser = await site.client(), site.browser()
    second = await site.account("second")
    first = await rp.tokens(browser)
    page = await browser.submit(await browser.get(rp.url(prompt="select_account")), button="other")
    answer = answer_at(await browser.submit(page, username="second", password=PASSWORD), rp.redirect_uri)
    claims = decoded((await rp.exchange(answer.parameters["code"])).json()["id_token"])[1]
    assert claims["sub"] == second.sub
    assert (await rp.userinfo(first["access_token"])).status_code == 401


async def test_max_age_is_held_against_the_real_sign_in(site: Site) -> None:
    """§3.1.2.1."""
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url())
    site.clock.forward(timedelta(seconds=100))
    assert (await browser.get(rp.url(max_age="101"))).status_code == 303
    assert 'name="password"' in (await browser.get(rp.url(max_age="99"))).text
    answer = answer_at(await browser.get(rp.url(max_age="99", prompt="none")), rp.redirect_uri)
    assert answer.parameters["error"] == "login_required"


async def test_max_age_zero_asks_once_and_is_then_content(site: Site) -> None:
    """§3.1.2.1: a sign-in for this very request satisfies it."""
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url())
    site.clock.forward(timedelta(seconds=1))
    assert "code" in answer_at(await browser.sign_in(rp.url(max_age="0")), rp.redirect_uri).parameters


async def test_login_hint_fills_the_user_name_in(site: Site) -> None:
    """§3.1.2.1."""
    rp = await site.client()
    assert 'value="clerk2"' in (await site.browser().get(rp.url(login_hint="clerk2"))).text


async def test_ui_locales_chooses_the_language_of_the_page(site: Site) -> None:
    """§3.1.2.1; unknown ones are no error."""
    rp = await site.client()
    english = await site.browser().get(rp.url(ui_locales="fr-CA en"))
    assert '<html lang="en">' in english.text
    assert "Sign in to enter" in english.text
    assert '<html lang="zh-Hans">' in (await site.browser().get(rp.url(ui_locales="xx"))).text


@pytest.mark.parametrize(
    "extra", [{"display": "touch"}, {"claims_locales": "en"}, {"acr_values": "1 2"}, {"foo": "bar"}]
)
async def test_voluntary_and_unknown_parameters_are_no_error(site: Site, extra: dict[str, str]) -> None:
    """§3.1.2.1, §15.1."""
    rp = await site.client()
    assert "code" in answer_at(await site.browser().sign_in(rp.url(**extra)), rp.redirect_uri).parameters


async def test_an_authorization_request_can_be_posted(site: Site) -> None:
    """§3.1.2.1: POST as well as GET; another site's form carries no cookie, so a GET of ours follows."""
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url())
    first = await site.browser().http.post(
        f"{ISSUER}/authorize", data=rp.request(), headers={"sec-fetch-site": "cross-site"}
    )
    assert first.status_code == 303
    assert first.headers["location"].startswith(f"{ISSUER}/authorize/")
    answer = answer_at(await browser.get(first.headers["location"]), rp.redirect_uri)
    assert answer.parameters["state"] == "s-1"


async def test_a_posted_request_is_used_once(site: Site) -> None:
    """The parked request is taken by the GET that follows."""
    rp = await site.client()
    first = await site.browser().http.post(f"{ISSUER}/authorize", data=rp.request())
    assert (await site.browser().get(first.headers["location"])).status_code == 200
    again = await site.browser().get(first.headers["location"])
    assert again.status_code == 400
    assert "失效" in again.text


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ],
)
async def test_request_objects_are_refused_with_the_registered_code(site: Site, name: str, error: str) -> None:
    """§6.1, §6.2, §7.2.1."""
    rp = await site.client()
    answer = answer_at(await site.browser().get(rp.url(**{name: "https://x.example/o"})), rp.redirect_uri)
    assert answer.parameters["error"] == error


async def test_an_id_token_hint_of_the_person_signed_in_is_content(site: Site) -> None:
    """§3.1.2.1: with prompt=none."""
    rp, browser = await site.client(), site.browser()
    hint = (await rp.tokens(browser))["id_token"]
    answer = answer_at(await browser.get(rp.url(prompt="none", id_token_hint=hint)), rp.redirect_uri)
    assert "code" in answer.parameters


async def test_an_id_token_hint_of_another_person_answers_login_required(site: Site) -> None:
    """§3.1.2.1."""
    rp, browser, other = await site.client(), site.browser(), site.browser()
    await site.account("second")
    await other.sign_in(rp.url(), "second")
    hint = (await rp.tokens(other))["id_token"]
    await browser.sign_in(rp.url())
    answer = answer_at(await browser.get(rp.url(prompt="none", id_token_hint=hint)), rp.redirect_uri)
    assert answer.parameters["error"] == "login_required"


async def test_a_forged_id_token_hint_answers_login_required(site: Site) -> None:
    """§3.1.2.1, RFC 8725 §3.1."""
    rp, browser = await site.client(), site.browser()
    hint = forged((await rp.tokens(browser))["id_token"], header={"alg": "none"})
    answer = answer_at(await browser.get(rp.url(prompt="none", id_token_hint=hint)), rp.redirect_uri)
    assert answer.parameters["error"] == "login_required"


async def test_a_request_without_nonce_is_answered_without_nonce(site: Site) -> None:
    """§3.1.2.1: nonce is optional in the code flow."""
    rp = await site.client()
    assert "nonce" not in decoded((await rp.tokens(site.browser(), nonce=None))["id_token"])[1]


async def test_a_person_without_the_role_a_client_wants_is_refused(site: Site) -> None:
    """RFC 6749 §4.1.2.1: access_denied."""
    rp = await site.client(allowed_roles=frozenset({"owner", "admin"}))
    answer = answer_at(await site.browser().sign_in(rp.url()), rp.redirect_uri)
    assert answer.parameters["error"] == "access_denied"


async def test_parameters_in_address_and_body_together_are_refused(site: Site) -> None:
    """RFC 6749 §3.1."""
    rp = await site.client()
    response = await site.browser().http.post(f"{ISSUER}/authorize?{urlencode({'state': 'x'})}", data=rp.request())
    assert response.status_code == 400
    assert "location" not in response.headers


async def test_the_registered_max_age_counts_where_the_request_names_none(site: Site) -> None:
    """OpenID Connect Registration §2, default_max_age; the request's own wins."""
    rp, browser = await site.client(default_max_age=60, require_auth_time=True), site.browser()
    await browser.sign_in(rp.url())
    site.clock.forward(timedelta(seconds=61))
    assert 'name="password"' in (await browser.get(rp.url())).text
    tokens = await rp.tokens(browser, max_age="3600")
    assert decoded(tokens["id_token"])[1]["auth_time"] == int(site.clock().timestamp()) - 61


async def test_a_page_speaks_the_accounts_language_once_it_is_known(site: Site) -> None:
    """§3.1.2.1: ui_locales is a wish; the person's own setting stands before it."""
    await site.account("english", locale="en")
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url(), "english")
    assert '<html lang="en">' in (await browser.get(rp.url(prompt="consent", ui_locales="zh"))).text
    assert '<html lang="zh-Hans">' in (await site.browser().get(rp.url(ui_locales="zh"))).text


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
async def test_an_id_token_carries_no_claims_nobody_asked_for(site: Site, alg: str) -> None:
    """§2, §5.4: with an access token issued, claims of a scope come from userinfo."""
    rp, browser = await site.client("stranger", trusted=False, id_token_signed_response_alg=alg), site.browser()
    page = await browser.sign_in(rp.url())
    code = answer_at(await browser.submit(page, button="allow"), rp.redirect_uri).parameters["code"]
    claims = decoded((await rp.exchange(code)).json()["id_token"])[1]
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"}
