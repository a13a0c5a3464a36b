"""OpenID Connect Discovery 1.0 and RFC 8414."""

import json

from idp import keys
from tests.doubles.idp_site import BASE, ISSUER, Site

OIDC = f"{ISSUER}/.well-known/openid-configuration"


async def test_both_well_knowns_answer_the_same_bytes(site: Site) -> None:
    """Discovery §4, RFC 8414 §3.1: the OAuth one stands before the issuer's path."""
    async with site.caller() as http:
        answers = [
            await http.get(url)
            for url in (
                OIDC,
                f"{ISSUER}/.well-known/oauth-authorization-server",
                f"{BASE}/.well-known/oauth-authorization-server/idp",
            )
        ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["content-type"] == "application/json"


async def test_the_issuer_is_exactly_the_one_in_tokens(site: Site) -> None:
    """Discovery §4.3."""
    async with site.caller() as http:
        assert (await http.get(OIDC)).json()["issuer"] == ISSUER


async def test_what_is_required_is_there_and_lists_are_lists(site: Site) -> None:
    """Discovery §3."""
    async with site.caller() as http:
        document = (await http.get(OIDC)).json()
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"):
        assert document[name].startswith(ISSUER + "/")
    assert document["response_types_supported"] == ["code"]
    assert document["subject_types_supported"] == ["public", "pairwise"]
    assert set(document["id_token_signing_alg_values_supported"]) == {"RS256", "ES256"}
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["request_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False


async def test_pushed_requests_and_signed_requests_are_announced(site: Site) -> None:
    """RFC 9126 §5, RFC 9101 §10.5: none is not among the algorithms."""
    async with site.caller() as http:
        document = (await http.get(OIDC)).json()
    assert document["pushed_authorization_request_endpoint"] == f"{ISSUER}/par"
    assert document["require_pushed_authorization_requests"] is False
    assert set(document["request_object_signing_alg_values_supported"]) == {"ES256", "PS256", "RS256"}
    assert document["require_signed_request_object"] is False
    assert document["require_request_uri_registration"] is False


async def test_every_announced_scope_claim_and_prompt_is_taken(site: Site) -> None:
    """Discovery §3: the lists are true; everything announced can be asked for without an error."""
    async with site.caller() as http:
        document = (await http.get(OIDC)).json()
    rp = await site.client(scope=tuple(document["scopes_supported"]))
    browser = site.browser()
    await browser.sign_in(rp.url())
    tokens = await rp.tokens(browser, scope=" ".join(document["scopes_supported"]))
    assert set(tokens["scope"].split()) == set(document["scopes_supported"])
    asked = dict.fromkeys(document["claims_supported"])
    claims = json.dumps({"id_token": asked, "userinfo": asked})
    assert "id_token" in await rp.tokens(browser, claims=claims)
    for prompt in document["prompt_values_supported"]:
        assert (await browser.get(rp.url(prompt=prompt))).status_code in (200, 303)


async def test_every_announced_endpoint_answers(site: Site) -> None:
    """Discovery §3: the metadata is true."""
    async with site.caller() as http:
        document = (await http.get(OIDC)).json()
        for name, url in document.items():
            if name.endswith("_endpoint") or name == "jwks_uri":
                assert (await http.get(url)).status_code in (200, 303, 400, 401, 405), name


async def test_discovery_and_keys_are_cacheable_and_open_to_every_site(site: Site) -> None:
    """Discovery §4; CORS here and nowhere else."""
    async with site.caller() as http:
        for url in (OIDC, f"{ISSUER}/jwks"):
            answer = await http.get(url)
            assert answer.headers["cache-control"].startswith("public, max-age=")
            assert answer.headers["access-control-allow-origin"] == "*"
            again = await http.get(url, headers={"if-none-match": answer.headers["etag"]})
            assert again.status_code == 304
        for path in ("/authorize", "/token", "/userinfo"):
            answer = await http.get(ISSUER + path, headers={"origin": "https://x.example"})
            assert "access-control-allow-origin" not in answer.headers


async def test_a_copy_is_good_however_a_cache_names_it_and_only_while_the_keys_are_the_same(site: Site) -> None:
    """RFC 9110 §13.1.2: among several tags, weakly, or any at all."""
    async with site.caller() as http:
        url = f"{ISSUER}/jwks"
        etag = (await http.get(url)).headers["etag"]
        for named in (etag, f"W/{etag}", f'"other", W/{etag}', "*"):
            answer = await http.get(url, headers={"if-none-match": named})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        for named in ('"other"', etag.strip('"'), ""):
            assert (await http.get(url, headers={"if-none-match": named})).status_code == 200
        await keys.rotate(site.idp.key_store, "ES256", at=site.clock())
        fresh = await http.get(url, headers={"if-none-match": etag})
    assert fresh.status_code == 200
    assert fresh.headers["etag"] != etag


async def test_published_keys_are_public_named_and_distinct(site: Site) -> None:
    """RFC 7517 §4.5; no private member ever leaves."""
    async with site.caller() as http:
        published = (await http.get(f"{ISSUER}/jwks")).json()["keys"]
    assert len({key["kid"] for key in published}) == len(published) == 4
    assert {(key["alg"], key["use"]) for key in published} == {("ES256", "sig"), ("RS256", "sig")}
    assert not any({"d", "p", "q", "dp", "dq", "qi"} & set(key) for key in published)


async def test_forged_host_headers_change_nothing(site: Site) -> None:
    """RFC 9700 §4.13; S42."""
    forged = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    rp = await site.client()
    async with site.caller(**forged) as http:
        assert "evil" not in (await http.get(OIDC)).text
        response = await http.get(rp.url())
        assert response.headers["location"].startswith(ISSUER + "/")
        assert "evil" not in (await http.get(response.headers["location"])).text
