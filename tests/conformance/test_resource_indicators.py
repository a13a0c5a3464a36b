"""RFC 8707, Resource Indicators for OAuth 2.0."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.doubles.idp_site import API, ISSUER, VERIFIER, RelyingParty, Site, answer_at, decoded
from tests.doubles.signing_party import push

A, B = "https://a.example/api", "https://b.example/"


async def _party(site: Site, **given: Any) -> RelyingParty:
    return await site.client(**{"resources": (A, B)} | given)


def _audience(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return decoded(answer.json()["access_token"])[1]["aud"]


async def test_a_token_is_for_the_resource_that_was_asked_for(site: Site) -> None:
    """§2, §2.2; RFC 9068 §3."""
    rp = await _party(site)
    answer = await rp.exchange(await rp.code(site.browser(), resource=A))
    assert _audience(answer) == A


async def test_of_several_resources_a_token_is_for_one(site: Site) -> None:
    """§2.2: the first, unless the token request names another."""
    rp, browser = await _party(site), site.browser()
    await browser.sign_in(rp.url())
    both = rp.url(resource=A) + "&" + urlencode({"resource": B})
    for named, wanted in ((None, A), (B, B), (A, A)):
        code = answer_at(await browser.get(both), rp.redirect_uri).parameters["code"]
        assert _audience(await rp.exchange(code, resource=named)) == wanted


async def test_a_token_request_for_several_resources_is_refused(site: Site) -> None:
    """§2.2: an access token that several may take would serve each against the others."""
    rp = await _party(site)
    fields = urlencode({"grant_type": "authorization_code", "code": await rp.code(site.browser()), "resource": A})
    async with site.caller(**rp.basic, **{"content-type": "application/x-www-form-urlencoded"}) as http:
        body = f"{fields}&{urlencode({'resource': B, 'redirect_uri': rp.redirect_uri})}"
        answer = await http.post(f"{ISSUER}/token", content=body + f"&code_verifier={VERIFIER}")
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_target"


async def test_a_token_request_does_not_widen_what_was_granted(site: Site) -> None:
    """§2.2."""
    rp = await _party(site)
    answer = await rp.exchange(await rp.code(site.browser(), resource=A), resource=B)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


async def test_a_token_request_may_name_the_resource_first(site: Site) -> None:
    """§2.2: where authorization named none, all that is registered may be asked for."""
    rp = await _party(site)
    assert _audience(await rp.exchange(await rp.code(site.browser()), resource=B)) == B


async def test_a_refresh_narrows_and_never_widens(site: Site) -> None:
    """§2.2; S24."""
    rp, browser = await _party(site, redirect_uris=("https://tile.example/cb",)), site.browser()
    await browser.sign_in(rp.url())
    url = rp.url(scope="openid offline_access", resource=A) + "&" + urlencode({"resource": ISSUER})
    code = answer_at(await browser.get(url), rp.redirect_uri).parameters["code"]
    token = (await rp.exchange(code)).json()["refresh_token"]
    assert _audience(await rp.refresh(token)) == A
    assert _audience(await rp.refresh(token, resource=ISSUER)) == ISSUER
    refused = await rp.refresh(token, resource=B)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")
    assert _audience(await rp.refresh(token)) == A


async def test_a_refused_resource_leaves_a_rotating_refresh_token_as_it_was(site: Site) -> None:
    """§2.2: the mistake costs the client nothing."""
    rp = await _party(site, token_endpoint_auth_method="none", application_type="native")
    first = await rp.tokens(site.browser(), scope="openid offline_access", resource=A)
    assert (await rp.refresh(first["refresh_token"], resource=B)).json()["error"] == "invalid_target"
    assert (await rp.refresh(first["refresh_token"])).status_code == 200


@pytest.mark.parametrize(
    "resource",
    [
        "https://unknown.example/", "https://a.example/api/", "https://a.example/api#f", "a.example", "/api", "",
        "https://a.example/ api", "https://ａ.example/api", "x:", "https://[", "https://a.example/" + "x" * 600,
    ],
)  # fmt: skip
async def test_an_unknown_or_malformed_resource_is_refused(site: Site, resource: str) -> None:
    """§2: invalid_target at the authorization and the token endpoint; an empty one is none (RFC 6749 §3.1)."""
    rp, browser = await _party(site), site.browser()
    await browser.sign_in(rp.url())
    answer = answer_at(await browser.get(rp.url(resource=resource)), rp.redirect_uri)
    if not resource:
        assert "code" in answer.parameters
        return
    assert answer.parameters["error"] == "invalid_target"
    exchanged = await rp.exchange(await rp.code(browser), resource=resource)
    assert (exchanged.status_code, exchanged.json()["error"]) == (400, "invalid_target")


async def test_too_many_resources_are_refused(site: Site) -> None:
    """§2."""
    rp = await _party(site, resources=tuple(f"https://r{n}.example/" for n in range(12)))
    url = rp.url() + "".join(f"&resource=https://r{n}.example/" for n in range(12))
    assert answer_at(await site.browser().get(url), rp.redirect_uri).parameters["error"] == "invalid_target"


async def test_the_providers_own_api_is_a_resource_for_who_has_a_scope_of_it(site: Site) -> None:
    """§3: the audience a resource server expects."""
    rp, other = await _party(site), await _party(site, client_id="other", scope=("openid",))
    browser = site.browser()
    assert _audience(await rp.exchange(await rp.code(browser, scope="openid cases:read", resource=API))) == API
    answer = answer_at(await browser.get(other.url(scope="openid", resource=API)), other.redirect_uri)
    assert answer.parameters["error"] == "invalid_target"


async def test_a_token_for_elsewhere_opens_nothing_here(site: Site) -> None:
    """§3; S53: userinfo asks for the provider itself as audience."""
    rp, browser = await _party(site), site.browser()
    elsewhere = await rp.tokens(browser, resource=A)
    assert (await rp.userinfo(elsewhere["access_token"])).status_code == 401
    here = await rp.tokens(browser, resource=ISSUER)
    assert (await rp.userinfo(here["access_token"])).status_code == 200


async def test_a_resource_server_introspects_tokens_for_it_and_no_others(site: Site) -> None:
    """RFC 7662 §4; S53."""
    rp = await _party(site)
    server_a = await site.client("server-a", audiences=(A,), grant_types=("client_credentials",))
    token = (await rp.tokens(site.browser(), resource=A))["access_token"]
    assert (await server_a.introspect(token))["aud"] == A
    for_b = (await rp.tokens(site.browser(), resource=B))["access_token"]
    assert await server_a.introspect(for_b) == {"active": False}


async def test_a_clients_own_token_is_for_one_resource_too(site: Site) -> None:
    """§2.2, RFC 6749 §4.4."""
    rp = await _party(site, grant_types=("client_credentials",), redirect_uris=())
    fields: dict[str, str | None] = {"grant_type": "client_credentials", "scope": "cases:read"}
    assert _audience(await rp.post("/token", {**fields, "resource": A})) == A
    assert _audience(await rp.post("/token", fields)) == API
    refused = await rp.post("/token", {**fields, "resource": "https://unknown.example/"})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")


async def test_a_pushed_request_names_resources_as_well(site: Site) -> None:
    """§2 with RFC 9126 §2.1."""
    rp = await _party(site)
    assert (await push(rp, resource=A)).status_code == 201
    assert (await push(rp, resource="https://unknown.example/")).json()["error"] == "invalid_target"
