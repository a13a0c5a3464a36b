"""RFC 9101, JWT-Secured Authorization Request, by value; OpenID Connect Core §6.1."""

import json
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from tests.doubles.idp_site import API, ISSUER, Site, answer_at, decoded, forged
from tests.doubles.signing_party import OTHER_KEY, PUBLIC, assertion, request_object, sign, signing_client

RSA = RSAKey.generate_key(2048, {"kid": "r-1"})


def _outer(**more: str | None) -> dict[str, str | None]:
    """Parameters beside the object: client_id alone unless told otherwise."""
    none: dict[str, str | None] = dict.fromkeys(
        ("response_type", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method")
    )
    return none | more


async def test_a_signed_request_leads_to_tokens(site: Site) -> None:
    """§5."""
    rp = await signing_client(site)
    url = rp.url(**_outer(request=request_object(rp, {"nonce": "inside"})))
    answer = answer_at(await site.browser().sign_in(url), rp.redirect_uri)
    assert answer.parameters["state"] == "s-1"
    tokens = (await rp.exchange(answer.parameters["code"])).json()
    assert decoded(tokens["id_token"])[1]["nonce"] == "inside"


async def test_only_what_stands_inside_counts(site: Site) -> None:
    """§6.3: not even a parameter that the object leaves out."""
    rp = await signing_client(site)
    token = request_object(rp, {"scope": "openid", "state": None})
    url = rp.url(scope="openid profile unit", state="outside", prompt="none", request=token)
    answer = answer_at(await site.browser().sign_in(url), rp.redirect_uri)
    assert "state" not in answer.parameters
    assert (await rp.exchange(answer.parameters["code"])).json()["scope"] == "openid"


async def test_members_that_are_no_strings_become_parameters(site: Site) -> None:
    """§4: numbers, the claims object, and several resources."""
    rp = await signing_client(site, resources=("https://r.example/a", "https://r.example/b"))
    token = request_object(
        rp,
        {
            "max_age": 3600,
            "claims": {"id_token": {"roles": None}},
            "resource": ["https://r.example/a", "https://r.example/b"],
        },
    )
    answer = answer_at(await site.browser().sign_in(rp.url(**_outer(request=token))), rp.redirect_uri)
    tokens = (await rp.exchange(answer.parameters["code"], resource="https://r.example/b")).json()
    assert decoded(tokens["id_token"])[1]["roles"] == ["clerk"]
    assert decoded(tokens["access_token"])[1]["aud"] == "https://r.example/b"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "other"}, {"iss": None}, {"aud": "https://other.example"}, {"aud": None}, {"aud": [f"{ISSUER}/token"]},
        {"client_id": "other"}, {"client_id": None}, {"exp": 1}, {"exp": None}, {"exp": 99999999999}, {"exp": "soon"},
        {"nbf": 99999999999}, {"iat": 99999999999}, {"sub": "tile"}, {"request": "x"},
        {"request_uri": "https://x.example/o"}, {"scope": ["openid"]}, {"state": True}, {"state": {"a": 1}},
        {"state": "nul\x00"}, {"resource": ["https://r.example/a", 3]}, {"client_secret": "x"},
        {f"extra{n}": "x" for n in range(70)},
    ],
)  # fmt: skip
async def test_an_object_whose_claims_do_not_hold_is_refused(site: Site, claims: dict[str, Any]) -> None:
    """§4, §6, §10.8."""
    rp = await signing_client(site)
    answer = answer_at(await site.browser().get(rp.url(request=request_object(rp, claims))), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_request_object"


async def test_an_audience_may_name_others_beside_the_issuer(site: Site) -> None:
    """§4: aud is as in RFC 7519."""
    rp = await signing_client(site)
    token = request_object(rp, {"aud": [ISSUER, API]})
    assert "code" in answer_at(await site.browser().sign_in(rp.url(request=token)), rp.redirect_uri).parameters


@pytest.mark.parametrize("name", ["client_id", "response_type"])
async def test_a_parameter_outside_that_contradicts_is_refused(site: Site, name: str) -> None:
    """§5, §6.3 for client_id; OpenID Connect Core §6.1 for both."""
    rp = await signing_client(site)
    await signing_client(site, "other")
    token = request_object(rp, {"response_type": "code"})
    changed = {"client_id": "other", "response_type": "token"}[name]
    response = await site.browser().http.get(rp.url(request=token, **{name: changed}))
    if name == "client_id":  # the redirect_uri beside it is not the other client's
        assert response.status_code == 400
        assert "location" not in response.headers
    else:
        assert answer_at(response, rp.redirect_uri).parameters["error"] == "invalid_request"


async def test_another_key_is_refused(site: Site) -> None:
    """§6.2; S26."""
    rp = await signing_client(site)
    token = sign(decoded(request_object(rp))[1], key=OTHER_KEY)
    answer = answer_at(await site.browser().get(rp.url(request=token)), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_request_object"


async def test_a_changed_object_is_refused(site: Site) -> None:
    """§6.2."""
    rp = await signing_client(site)
    token = forged(request_object(rp), claims={"scope": "openid cases:write"})
    answer = answer_at(await site.browser().get(rp.url(request=token)), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_request_object"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "None"}, {"alg": "ES512"}, {"jwk": PUBLIC}, {"jku": "https://x.example/k"},
        {"x5u": "https://x.example/c"}, {"crit": ["exp"]}, {"kid": "../../k"}, {"typ": "at+jwt"}, {"typ": 3},
        {"typ": "logout+jwt"},
    ],
)  # fmt: skip
async def test_a_header_that_leads_elsewhere_is_refused(site: Site, header: dict[str, Any]) -> None:
    """RFC 8725 §3.1, §3.10, §3.11; S26, S27."""
    rp = await signing_client(site)
    token = forged(request_object(rp), header=header)
    answer = answer_at(await site.browser().get(rp.url(request=token)), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_request_object"


async def test_a_mac_made_with_the_public_key_is_refused(site: Site) -> None:
    """RFC 8725 §3.2; S26."""
    rp = await signing_client(site)
    token = sign(decoded(request_object(rp))[1], key=OctKey.import_key(json.dumps(PUBLIC)), alg="HS256")
    answer = answer_at(await site.browser().get(rp.url(request=token)), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_request_object"


@pytest.mark.parametrize("typ", ["oauth-authz-req+jwt", "application/oauth-authz-req+jwt", "JWT", None])
async def test_the_registered_typ_and_none_are_taken(site: Site, typ: str | None) -> None:
    """§10.8."""
    rp = await signing_client(site)
    url = rp.url(request=request_object(rp, typ=typ))
    assert "code" in answer_at(await site.browser().sign_in(url), rp.redirect_uri).parameters


async def test_the_registered_algorithm_is_the_only_one_taken(site: Site) -> None:
    """§10.5: request_object_signing_alg."""
    rsa = {str(k): str(v) for k, v in RSA.as_dict(private=False).items()}
    rp = await signing_client(site, jwks=(PUBLIC, rsa), request_object_signing_alg="RS256")
    refused = answer_at(await site.browser().get(rp.url(request=request_object(rp))), rp.redirect_uri)
    assert refused.parameters["error"] == "invalid_request_object"
    token = sign(decoded(request_object(rp))[1], key=RSA, alg="RS256", kid="r-1")
    assert "code" in answer_at(await site.browser().sign_in(rp.url(request=token)), rp.redirect_uri).parameters


async def test_an_unsigned_object_is_not_supported(site: Site) -> None:
    """OpenID Connect Core §3.1.2.6: request_not_supported; none is not in the metadata."""
    rp = await signing_client(site)
    token = forged(request_object(rp), header={"alg": "none"})
    for unsigned in (token, token.rpartition(".")[0] + "."):
        answer = answer_at(await site.browser().get(rp.url(request=unsigned)), rp.redirect_uri)
        assert answer.parameters["error"] == "request_not_supported"


async def test_a_client_without_a_key_can_not_sign(site: Site) -> None:
    """OpenID Connect Core §3.1.2.6."""
    rp = await site.client()
    for token in (request_object(rp), "x"):
        answer = answer_at(await site.browser().get(rp.url(request=token)), rp.redirect_uri)
        assert answer.parameters["error"] == "request_not_supported"


async def test_a_client_assertion_is_no_request_object(site: Site) -> None:
    """§10.8, RFC 8725 §3.11; S27. The other way round the sub is missing."""
    rp = await signing_client(site)
    token = assertion(rp, {**rp.request()})
    answer = answer_at(await site.browser().get(rp.url(request=token)), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_request_object"


@pytest.mark.parametrize(
    "token", ["x", "a.b", "a.b.c", "e30.e30.", "a.b.c.d.e", "[" * 500, "e30.bnVsbA.x", "x" * 6000, "é.é.é"]
)
async def test_what_is_no_object_is_refused(site: Site, token: str) -> None:
    """§6; S28."""
    rp = await signing_client(site)
    answer = answer_at(await site.browser().get(rp.url(request=token)), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_request_object"


async def test_an_object_at_an_address_is_never_fetched(site: Site) -> None:
    """OpenID Connect Core §6.2, §3.1.2.6; S43."""
    rp = await signing_client(site)
    for uri in ("https://tile.example/o", "http://169.254.169.254/", "file:///etc/passwd", "urn:x"):
        answer = answer_at(await site.browser().get(rp.url(request_uri=uri)), rp.redirect_uri)
        assert answer.parameters["error"] == "request_uri_not_supported"


async def test_an_object_by_value_and_by_reference_exclude_each_other(site: Site) -> None:
    """§5."""
    rp = await signing_client(site)
    url = rp.url(request=request_object(rp), request_uri="urn:ietf:params:oauth:request_uri:x")
    answer = answer_at(await site.browser().get(url), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_request"


async def test_a_bad_object_is_answered_on_a_page_when_no_proven_address_stands_beside_it(site: Site) -> None:
    """RFC 6749 §4.1.2.1."""
    rp = await signing_client(site)
    for outer in (_outer(request="x"), _outer(request="x", redirect_uri="https://evil.example/cb")):
        response = await site.browser().http.get(rp.url(**outer))
        assert response.status_code == 400
        assert "location" not in response.headers


async def test_an_unregistered_redirect_uri_inside_is_answered_on_a_page(site: Site) -> None:
    """RFC 6749 §4.1.2.1: a signature does not prove an address."""
    rp = await signing_client(site)
    token = request_object(rp, {"redirect_uri": "https://evil.example/cb"})
    response = await site.browser().http.get(rp.url(request=token))
    assert response.status_code == 400
    assert "location" not in response.headers


async def test_the_sign_in_may_outlast_the_object(site: Site) -> None:
    """§6: the object is verified when it arrives."""
    rp, browser = await signing_client(site), site.browser()
    now = int(site.clock().timestamp())
    page = await browser.get(rp.url(request=request_object(rp, {"exp": now + 5})))
    site.clock.now = site.clock.now.replace(minute=10)
    answer = await browser.submit(page, username="clerk", password="Yichuang-2026")
    assert "code" in answer_at(answer, rp.redirect_uri).parameters


async def test_a_signed_request_may_be_posted(site: Site) -> None:
    """§5 with OpenID Connect Core §3.1.2.1."""
    rp, browser = await signing_client(site), site.browser()
    page = await browser.post(f"{ISSUER}/authorize", {"client_id": "tile", "request": request_object(rp)})
    assert 'name="password"' in page.text
