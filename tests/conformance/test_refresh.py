"""Refresh tokens: RFC 6749 §6, RFC 9700 §4.14."""

import asyncio
from datetime import timedelta

from tests.doubles.idp_site import RelyingParty, Site


async def _public(site: Site, client_id: str = "app") -> RelyingParty:
    return await site.client(client_id, token_endpoint_auth_method="none")


async def test_a_refresh_token_is_given_only_when_asked(site: Site) -> None:
    """OpenID Connect Core §11."""
    rp, browser = await site.client(), site.browser()
    assert "refresh_token" not in await rp.tokens(browser)
    assert "refresh_token" in await rp.tokens(browser, scope="openid offline_access")


async def test_a_confidential_clients_refresh_token_stays(site: Site) -> None:
    """FAPI 2.0 §5.3.2.1: no rotation where the client authenticates."""
    rp = await site.client()
    token = (await rp.tokens(site.browser(), scope="openid offline_access"))["refresh_token"]
    for _ in range(2):
        answer = await rp.refresh(token)
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()


async def test_a_public_clients_refresh_token_is_replaced_and_its_reuse_revokes_the_grant(site: Site) -> None:
    """RFC 9700 §4.14.2; S23."""
    rp = await _public(site)
    first = (await rp.tokens(site.browser(), scope="openid offline_access"))["refresh_token"]
    second = (await rp.refresh(first)).json()
    assert second["refresh_token"] != first
    site.clock.forward(timedelta(seconds=11))
    assert (await rp.refresh(first)).json()["error"] == "invalid_grant"
    assert (await rp.refresh(second["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await rp.userinfo(second["access_token"])).status_code == 401


async def test_a_lost_refresh_answer_can_be_asked_for_again_at_once(site: Site) -> None:
    """RFC 9700 §4.14.2, within the window the same successor and no second branch; S23."""
    rp = await _public(site)
    first = (await rp.tokens(site.browser(), scope="openid offline_access"))["refresh_token"]
    answers = [(await rp.refresh(first)).json()["refresh_token"] for _ in range(3)]
    assert len(set(answers)) == 1
    assert (await rp.refresh(answers[0])).status_code == 200
    # Its successor has been used, so whoever still has the first one is somebody else.
    assert (await rp.refresh(first)).json()["error"] == "invalid_grant"


async def test_fifty_refreshes_at_once_make_one_successor(site: Site) -> None:
    """S22, S23."""
    rp = await _public(site)
    first = (await rp.tokens(site.browser(), scope="openid offline_access"))["refresh_token"]
    answers = await asyncio.gather(*(rp.refresh(first) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_a_refresh_may_narrow_but_never_widen(site: Site) -> None:
    """RFC 6749 §6; S24."""
    rp = await site.client()
    token = (await rp.tokens(site.browser(), scope="openid profile offline_access"))["refresh_token"]
    narrowed = (await rp.refresh(token, scope="openid")).json()
    assert narrowed["scope"] == "openid"
    assert (await rp.refresh(token, scope="openid cases:write")).json()["error"] == "invalid_scope"


async def test_a_refresh_token_belongs_to_its_client(site: Site) -> None:
    """RFC 6749 §6; S24."""
    rp, thief = await site.client(), await site.client("thief")
    token = (await rp.tokens(site.browser(), scope="openid offline_access"))["refresh_token"]
    assert (await thief.refresh(token)).json()["error"] == "invalid_grant"
    assert (await rp.refresh(token)).status_code == 200


async def test_a_refresh_token_expires_after_thirty_days(site: Site) -> None:
    """RFC 9700 §4.14.2."""
    rp = await site.client()
    token = (await rp.tokens(site.browser(), scope="openid offline_access"))["refresh_token"]
    site.clock.forward(timedelta(days=30))
    assert (await rp.refresh(token)).json()["error"] == "invalid_grant"
