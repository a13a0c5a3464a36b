"""private_key_jwt: RFC 7523 §3, OpenID Connect Core §9; S17."""

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from tests.doubles.idp_site import ISSUER, RelyingParty, Site

KEY = ECKey.generate_key("P-256", {"kid": "k-1"})


async def _client(site: Site) -> RelyingParty:
    public = {name: str(value) for name, value in KEY.as_dict(private=False).items()} | {"alg": "ES256"}
    return await site.client(
        token_endpoint_auth_method="private_key_jwt",
        jwks=(public,),
        grant_types=("client_credentials",),
        redirect_uris=(),
    )


def _assertion(site: Site, *, key: ECKey | RSAKey = KEY, alg: str = "ES256", **claims: Any) -> str:
    now = int(site.clock().timestamp())
    wanted = {"iss": "tile", "sub": "tile", "aud": ISSUER, "iat": now, "exp": now + 60, "jti": "a-jti-of-its-own"}
    payload = {name: value for name, value in (wanted | claims).items() if value is not None}
    return jws.serialize_compact({"alg": alg, "kid": "k-1"}, json.dumps(payload).encode(), key, algorithms=[alg])


async def _ask(site: Site, assertion: str, **fields: str) -> tuple[int, dict[str, Any]]:
    data = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    async with site.caller() as http:
        answer = await http.post(f"{ISSUER}/token", data=data | fields)
    return answer.status_code, answer.json()


async def test_an_assertion_with_the_registered_key_authenticates(site: Site) -> None:
    await _client(site)
    status, answer = await _ask(site, _assertion(site))
    assert (status, answer["token_type"]) == (200, "Bearer")


async def test_an_assertion_is_used_once(site: Site) -> None:
    """RFC 7523 §3, jti."""
    await _client(site)
    assertion = _assertion(site)
    assert (await _ask(site, assertion))[0] == 200
    assert (await _ask(site, assertion))[0] == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [ISSUER]}, {"aud": f"{ISSUER}/token"}, {"aud": "https://other.example"}, {"aud": None}, {"sub": None},
        {"sub": "other"}, {"iss": "other"}, {"jti": None}, {"exp": None}, {"exp": 1}, {"exp": 99999999999},
        {"iat": 99999999999},
    ],
)  # fmt: skip
async def test_an_assertion_whose_claims_do_not_hold_is_refused(site: Site, claims: dict[str, Any]) -> None:
    """RFC 7523 §3; the audience is the issuer as a string."""
    await _client(site)
    status, answer = await _ask(site, _assertion(site, **claims))
    assert (status, answer["error"]) == (401, "invalid_client")


async def test_another_key_or_algorithm_is_refused(site: Site) -> None:
    """RFC 8725 §3.1."""
    await _client(site)
    foreign = _assertion(site, key=ECKey.generate_key("P-256", {"kid": "k-1"}))
    rsa = _assertion(site, key=RSAKey.generate_key(2048, {"kid": "k-1"}), alg="RS256")
    for assertion in (foreign, rsa, "x.y.z", "e30.e30.", "a" * 20000):
        assert (await _ask(site, assertion))[0] == 401


async def test_an_assertion_beside_a_secret_is_refused(site: Site) -> None:
    """RFC 6749 §2.3; S16."""
    await _client(site)
    assert (await _ask(site, _assertion(site), client_id="tile", client_secret="x"))[0] == 401
