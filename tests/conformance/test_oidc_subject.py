"""OpenID Connect Core 1.0 §8: subject identifiers, public and pairwise."""

from typing import Any

import pytest

from idp.clients import ClientRefused
from tests.doubles.idp_site import ISSUER, RelyingParty, Site, answer_at, decoded

SCOPE = ("openid", "profile", "unit", "offline_access")


async def _pairwise(site: Site, client_id: str = "tile", **given: Any) -> RelyingParty:
    return await site.client(client_id, **{"subject_type": "pairwise", "scope": SCOPE} | given)


async def test_a_pairwise_client_calls_a_person_by_a_name_of_its_own(site: Site) -> None:
    """§8.1: stable, opaque, another one in another sector, and never the account's sub."""
    one, two, public = await _pairwise(site), await _pairwise(site, "other"), await site.client("public")
    browser = site.browser()
    account = await site.account("second")
    await browser.sign_in(public.url(), "second")
    subs = [decoded((await rp.tokens(browser))["id_token"])[1]["sub"] for rp in (one, one, two, public)]
    assert subs[0] == subs[1]
    assert len(set(subs)) == 3
    assert subs[3] == account.sub
    assert len(subs[0]) == 43


async def test_clients_of_one_sector_share_the_name(site: Site) -> None:
    """§8.1: the host of the redirect_uri is the sector."""
    one = await _pairwise(site, redirect_uris=("https://app.example/one",))
    two = await _pairwise(site, "other", redirect_uris=("https://app.example/two",))
    browser = site.browser()
    subs = {decoded((await rp.tokens(browser))["id_token"])[1]["sub"] for rp in (one, two)}
    assert len(subs) == 1


async def test_every_answer_uses_the_same_name(site: Site) -> None:
    """§5.3.2, RFC 7662 §2.2: id_token, access token, userinfo, introspection, after a refresh too."""
    rp = await _pairwise(site)
    account = await site.account("second")
    browser = site.browser()
    await browser.sign_in(rp.url(), "second")
    tokens = await rp.tokens(browser, scope="openid offline_access")
    again = (await rp.refresh(tokens["refresh_token"])).json()
    subs = {
        decoded(tokens["id_token"])[1]["sub"],
        decoded(again["id_token"])[1]["sub"],
        decoded(tokens["access_token"])[1]["sub"],
        (await rp.userinfo(tokens["access_token"])).json()["sub"],
        (await rp.userinfo(again["access_token"])).json()["sub"],
        (await rp.introspect(tokens["access_token"]))["sub"],
        (await rp.introspect(tokens["refresh_token"]))["sub"],
    }
    assert len(subs) == 1
    assert account.sub not in subs


async def test_a_token_that_lives_with_the_session_is_known_again(site: Site) -> None:
    """§5.3: userinfo finds the person behind a pairwise sub."""
    rp = await _pairwise(site)
    tokens = await rp.tokens(site.browser(), scope="openid profile")
    assert (await rp.userinfo(tokens["access_token"])).json()["name"] == "王晓芸"


async def test_a_pairwise_hint_names_the_person(site: Site) -> None:
    """§3.1.2.1: at the authorization endpoint, and when leaving."""
    rp, browser = await _pairwise(site), site.browser()
    hint = (await rp.tokens(browser))["id_token"]
    content = answer_at(await browser.get(rp.url(prompt="none", id_token_hint=hint)), rp.redirect_uri)
    assert "code" in content.parameters
    left = await browser.get(f"{ISSUER}/end_session?id_token_hint={hint}")
    assert "<form" not in left.text
    assert 'name="password"' in (await browser.get(rp.url())).text


async def test_a_hint_of_another_person_does_not(site: Site) -> None:
    """§3.1.2.1."""
    rp, browser, other = await _pairwise(site), site.browser(), site.browser()
    await site.account("second")
    await other.sign_in(rp.url(), "second")
    hint = (await rp.tokens(other))["id_token"]
    await browser.sign_in(rp.url())
    answer = answer_at(await browser.get(rp.url(prompt="none", id_token_hint=hint)), rp.redirect_uri)
    assert answer.parameters["error"] == "login_required"


async def test_several_hosts_need_a_sector_identifier(site: Site) -> None:
    """§8.1."""
    hosts = ("https://a.example/cb", "https://b.example/cb")
    with pytest.raises(ClientRefused, match=r"^sector_identifier_uri:"):
        await _pairwise(site, redirect_uris=hosts)
    rp = await _pairwise(site, redirect_uris=hosts, sector_identifier_uri="https://a.example/sector.json")
    assert "id_token" in await rp.tokens(site.browser())


async def test_a_pairwise_client_has_no_scope_of_our_api(site: Site) -> None:
    """The API knows people by their own sub."""
    with pytest.raises(ClientRefused, match=r"^subject_type:"):
        await _pairwise(site, scope=("openid", "cases:read"))
