"""RFC 9068 and RFC 6750; RFC 8725 for what must not be believed."""

import base64
import json
from datetime import timedelta

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from tests.doubles.idp_site import API, ISSUER, Site, decoded, forged


async def test_an_access_token_carries_what_the_profile_requires(site: Site) -> None:
    """RFC 9068 §2.1, §2.2."""
    rp = await site.client()
    token = (await rp.tokens(site.browser()))["access_token"]
    header, claims = decoded(token)
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "auth_time", "acr", "scope"} <= set(claims)
    assert claims["aud"] == ISSUER
    assert claims["exp"] - claims["iat"] == 600


async def test_api_scopes_give_the_apis_audience_and_what_its_policy_asks(site: Site) -> None:
    """RFC 9068 §3, §2.2.3.1."""
    rp = await site.client()
    claims = decoded((await rp.tokens(site.browser(), scope="openid cases:read"))["access_token"])[1]
    assert claims["aud"] == [ISSUER, API]
    assert (claims["unit"], claims["region"], claims["roles"]) == ("320105007-bmfw", "320105007", ["clerk"])


async def test_personal_claims_do_not_ride_along(site: Site) -> None:
    """RFC 9068 §6."""
    rp = await site.client()
    claims = decoded((await rp.tokens(site.browser(), scope="openid profile"))["access_token"])[1]
    assert not {"name", "preferred_username", "unit", "roles"} & set(claims)


async def test_no_token_gets_a_bare_challenge_and_a_bad_one_the_code(site: Site) -> None:
    """RFC 6750 §3, §3.1; the other scheme that is taken is named beside it (RFC 9449 §7.1)."""
    rp = await site.client()
    async with site.caller() as http:
        bare = await http.get(f"{ISSUER}/userinfo")
    assert (bare.status_code, bare.headers["www-authenticate"]) == (401, 'Bearer, DPoP algs="ES256 PS256"')
    bad = await rp.userinfo("x")
    assert bad.status_code == 401
    assert 'error="invalid_token"' in bad.headers["www-authenticate"]


async def test_a_token_in_the_address_is_not_looked_at(site: Site) -> None:
    """RFC 6750 §2.3, RFC 9700 §4.3.2."""
    rp = await site.client()
    token = (await rp.tokens(site.browser()))["access_token"]
    async with site.caller() as http:
        assert (await http.get(f"{ISSUER}/userinfo?access_token={token}")).status_code == 401


async def test_a_token_without_openid_opens_no_userinfo(site: Site) -> None:
    """OpenID Connect Core §5.3."""
    rp = await site.client()
    token = (await rp.tokens(site.browser(), scope="cases:read"))["access_token"]
    assert (await rp.userinfo(token)).status_code == 401


async def test_a_token_expires(site: Site) -> None:
    """RFC 9068 §4."""
    rp = await site.client()
    token = (await rp.tokens(site.browser()))["access_token"]
    assert (await rp.userinfo(token)).status_code == 200
    site.clock.forward(timedelta(minutes=10))
    assert (await rp.userinfo(token)).status_code == 401


async def test_an_id_token_is_no_access_token(site: Site) -> None:
    """RFC 8725 §3.11; S27."""
    rp = await site.client()
    assert (await rp.userinfo((await rp.tokens(site.browser()))["id_token"])).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"}, {"alg": "None"}, {"alg": "RS256"}, {"kid": "../../etc/passwd"}, {"kid": None},
        {"jwk": {"kty": "oct", "k": "AA"}}, {"jku": "https://evil.example/jwks"}, {"x5u": "https://evil.example/c"},
        {"crit": ["x"], "x": 1}, {"typ": "JWT"},
    ],
)  # fmt: skip
async def test_a_changed_header_is_refused(site: Site, header: dict[str, object]) -> None:
    """RFC 8725 §3.1, §3.10; S26."""
    rp = await site.client()
    token = (await rp.tokens(site.browser()))["access_token"]
    assert (await rp.userinfo(forged(token, header=header))).status_code == 401


async def test_a_token_signed_by_somebody_else_is_refused(site: Site) -> None:
    """RFC 8725 §3.1, §3.2; S26: also HMAC with our public key, and with an empty one."""
    rp = await site.client()
    header, claims = decoded((await rp.tokens(site.browser()))["access_token"])
    payload = json.dumps(claims).encode()
    foreign = jws.serialize_compact(header, payload, ECKey.generate_key("P-256"), algorithms=["ES256"])
    async with site.caller() as http:
        public = (await http.get(f"{ISSUER}/jwks")).content
    hmac = jws.serialize_compact(header | {"alg": "HS256"}, payload, OctKey.import_key(public), algorithms=["HS256"])
    unsigned = ".".join(
        base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in (json.dumps(header).encode(), payload)
    )
    for token in (foreign, hmac, unsigned + ".", unsigned):
        assert (await rp.userinfo(token)).status_code == 401


async def test_changed_claims_are_refused(site: Site) -> None:
    """RFC 8725 §3.3."""
    rp = await site.client()
    token = (await rp.tokens(site.browser()))["access_token"]
    assert (await rp.userinfo(forged(token, claims={"scope": "openid profile unit"}))).status_code == 401


@pytest.mark.parametrize("token", ["a" * 20000, "a.b.c", "....", "e30.e30.", "[" * 5000 + ".x.y"])
async def test_garbage_is_refused(site: Site, token: str) -> None:
    """S28."""
    rp = await site.client()
    assert (await rp.userinfo(token)).status_code == 401
