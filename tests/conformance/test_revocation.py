"""RFC 7009 and RFC 7662, bound to the caller."""

import pytest

from tests.doubles.idp_site import API, ISSUER, Site, forged


async def test_revoking_a_refresh_token_kills_the_whole_grant(site: Site) -> None:
    """RFC 7009 §2.1."""
    rp = await site.client()
    tokens = await rp.tokens(site.browser(), scope="openid offline_access")
    answer = await rp.post("/revoke", {"token": tokens["refresh_token"], "token_type_hint": "refresh_token"})
    assert answer.status_code == 200
    assert (await rp.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401


async def test_an_access_token_can_be_revoked(site: Site) -> None:
    """RFC 7009 §2."""
    rp = await site.client()
    tokens = await rp.tokens(site.browser())
    await rp.post("/revoke", {"token": tokens["access_token"], "token_type_hint": "nonsense"})
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401


async def test_an_unknown_token_is_no_error(site: Site) -> None:
    """RFC 7009 §2.2."""
    rp = await site.client()
    assert (await rp.post("/revoke", {"token": "never-issued"})).status_code == 200


async def test_a_client_revokes_its_own_only(site: Site) -> None:
    """RFC 7009 §2.1."""
    rp, other = await site.client(), await site.client("other")
    tokens = await rp.tokens(site.browser(), scope="openid offline_access")
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await other.post("/revoke", {"token": token})).status_code == 400
    assert (await rp.userinfo(tokens["access_token"])).status_code == 200


@pytest.mark.parametrize("endpoint", ["/revoke", "/introspect"])
async def test_both_want_an_authenticated_client_and_a_token(site: Site, endpoint: str) -> None:
    """RFC 7009 §2.1, RFC 7662 §2.1."""
    rp = await site.client()
    async with site.caller() as http:
        assert (await http.post(f"{ISSUER}{endpoint}", data={"token": "x"})).status_code == 401
    assert (await rp.post(endpoint, {})).json()["error"] == "invalid_request"


async def test_an_active_token_is_described_to_its_client(site: Site) -> None:
    """RFC 7662 §2.2."""
    rp = await site.client()
    tokens = await rp.tokens(site.browser(), scope="openid offline_access")
    described = await rp.introspect(tokens["access_token"])
    assert described["active"] is True
    assert (described["client_id"], described["scope"], described["iss"]) == ("tile", "openid offline_access", ISSUER)
    assert (await rp.introspect(tokens["refresh_token"]))["active"] is True


async def test_a_token_of_others_reads_inactive_and_tells_nothing(site: Site) -> None:
    """RFC 7662 §2.2, §4; S53."""
    rp, other = await site.client(), await site.client("other")
    tokens = await rp.tokens(site.browser(), scope="openid offline_access")
    for token in (tokens["access_token"], tokens["refresh_token"], "x", forged(tokens["access_token"])):
        assert await other.introspect(token) == {"active": False}


async def test_a_resource_server_introspects_what_is_meant_for_it(site: Site) -> None:
    """RFC 7662 §4, RFC 8707 §3."""
    rp = await site.client()
    api = await site.client("api-server", audiences=(API,))
    browser = site.browser()
    for_api = (await rp.tokens(browser, scope="openid cases:read"))["access_token"]
    for_userinfo = (await rp.tokens(browser, scope="openid"))["access_token"]
    assert (await api.introspect(for_api))["active"] is True
    assert await api.introspect(for_userinfo) == {"active": False}


async def test_a_public_client_may_not_introspect(site: Site) -> None:
    """RFC 7662 §2.1."""
    rp = await site.client("app", token_endpoint_auth_method="none")
    assert (await rp.post("/introspect", {"token": "x"})).json()["error"] == "invalid_client"
