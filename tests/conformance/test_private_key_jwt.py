"""private_key_jwt: RFC 7523 §3, OpenID Connect Core §9; S17, S26, S43. Keys by value and by jwks_uri."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp import clients
from idp.client_keys import FRESH, RETRY, STALE
from idp.clients import ClientRefused
from tests.conformance.conftest import Ground
from tests.doubles.dpop_key import encoded, signed
from tests.doubles.idp_site import ISSUER, RelyingParty, Site, another_process, open_site
from tests.doubles.outside import Outside

KEY = ECKey.generate_key("P-256", {"kid": "k-1"})


async def _client(site: Site) -> RelyingParty:
    public = {name: str(value) for name, value in KEY.as_dict(private=False).items()} | {"alg": "ES256"}
    return await site.client(
        token_endpoint_auth_method="private_key_jwt",
        jwks=(public,),
        grant_types=("client_credentials",),
        redirect_uris=(),
    )


def _assertion(
    site: Site, *, key: ECKey | RSAKey = KEY, alg: str = "ES256", header: dict[str, Any] | None = None, **claims: Any
) -> str:
    now = int(site.clock().timestamp())
    wanted = {"iss": "tile", "sub": "tile", "aud": ISSUER, "iat": now, "exp": now + 60, "jti": "a-jti-of-its-own"}
    payload = {name: value for name, value in (wanted | claims).items() if value is not None}
    head = {"alg": alg, "kid": "k-1", **(header or {})}
    return signed(head, payload, key, alg)


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
        {"iat": 99999999999}, {"nbf": 99999999999}, {"jti": ""}, {"jti": 7}, {"jti": "j" * 257}, {"exp": True},
        {"exp": "9"}, {"sub": ["tile"]},
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


async def test_an_assertion_is_used_once_at_all_processes(site: Site, ground: Ground) -> None:
    """RFC 7523 §3, jti; S17: also on another node."""
    await _client(site)
    assertion = _assertion(site)
    assert (await _ask(site, assertion))[0] == 200
    engine, state = ground
    async with another_process(engine, state, site.clock) as other:
        assert (await _ask(other, assertion))[0] == 401


async def test_of_many_at_once_one_is_taken(site: Site) -> None:
    """S22: single use holds under concurrency."""
    await _client(site)
    assertion = _assertion(site)
    statuses = await asyncio.gather(*(_ask(site, assertion) for _ in range(20)))
    assert sorted(status for status, _ in statuses) == [200] + [401] * 19


async def test_the_marker_outlives_the_assertion(site: Site) -> None:
    """RFC 7523 §3: a jti is refused for as long as its assertion could be accepted."""
    await _client(site)
    assertion = _assertion(site, exp=int(site.clock().timestamp()) + 300)
    assert (await _ask(site, assertion))[0] == 200
    site.clock.forward(timedelta(seconds=299))
    assert (await _ask(site, assertion))[0] == 401


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt", "oauth-authz-req+jwt", 5])
async def test_a_token_made_for_something_else_is_no_assertion(site: Site, typ: object) -> None:
    """RFC 8725 §3.11; S27."""
    await _client(site)
    assert (await _ask(site, _assertion(site, header={"typ": typ})))[0] == 401


@pytest.mark.parametrize("typ", ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"])
async def test_the_types_clients_send_are_taken(site: Site, typ: str) -> None:
    await _client(site)
    assert (await _ask(site, _assertion(site, header={"typ": typ})))[0] == 200


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "crit", "b64"])
async def test_a_header_that_says_where_the_key_is_is_refused(site: Site, member: str) -> None:
    """RFC 8725 §3.10; S26."""
    await _client(site)
    value: Any = KEY.as_dict(private=False) if member == "jwk" else ["https://evil.example/keys"]
    token = _assertion(site)
    head = json.dumps({"alg": "ES256", "kid": "k-1", member: value}).encode()
    parts = token.split(".")
    forged = ".".join([encoded(head), *parts[1:]])
    assert (await _ask(site, forged))[0] == 401


async def test_an_assertion_beside_a_secret_is_refused(site: Site) -> None:
    """RFC 6749 §2.3; S16."""
    await _client(site)
    assert (await _ask(site, _assertion(site), client_id="tile", client_secret="x"))[0] == 401


# ---- keys at an address (OpenID Connect Registration §2, jwks_uri) ----

KEYS_URL = "https://tile.example/keys"
ROTATED = ECKey.generate_key("P-256", {"kid": "k-2"})


@pytest.fixture
def outside() -> Outside:
    return Outside(pages={KEYS_URL: _jwks(KEY)})


@pytest.fixture
async def reaching(ground: Ground, outside: Outside) -> AsyncIterator[Site]:
    """A provider that reaches the world outside, with a client whose keys are there."""
    async with open_site(*ground, egress=outside.egress()) as started:
        await started.client(**_BY_ADDRESS)
        yield started


_BY_ADDRESS: dict[str, Any] = {
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks_uri": KEYS_URL,
    "grant_types": ("client_credentials",),
    "redirect_uris": (),
}


def _jwks(*keys: ECKey) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


async def _signs_in(site: Site, key: ECKey = KEY) -> bool:
    assertion = _assertion(site, key=key, header={"kid": key.kid}, jti=token_urlsafe(12))
    return (await _ask(site, assertion))[0] == 200


async def test_the_keys_of_a_jwks_uri_authenticate_and_are_fetched_once(reaching: Site, outside: Outside) -> None:
    assert await _signs_in(reaching)
    assert await _signs_in(reaching)
    assert outside.asked == [KEYS_URL]


async def test_many_at_once_fetch_once(reaching: Site, outside: Outside) -> None:
    assert all(await asyncio.gather(*(_signs_in(reaching) for _ in range(10))))
    assert len(outside.asked) == 1


async def test_an_unknown_kid_fetches_again_but_at_most_once_a_minute(reaching: Site, outside: Outside) -> None:
    """OpenID Connect Core §10.1.1: rotation by a new kid; S43: nobody makes us a hammer."""
    assert await _signs_in(reaching)
    outside.pages[KEYS_URL] = _jwks(KEY, ROTATED)
    for _ in range(5):
        assert not await _signs_in(reaching, ROTATED)
    assert len(outside.asked) == 1
    reaching.clock.forward(RETRY)
    assert await _signs_in(reaching, ROTATED)
    assert len(outside.asked) == 2


async def test_a_key_that_was_taken_away_is_refused_after_the_copy_is_old(reaching: Site, outside: Outside) -> None:
    assert await _signs_in(reaching)
    outside.pages[KEYS_URL] = _jwks(ROTATED)
    reaching.clock.forward(FRESH + timedelta(seconds=1))
    assert not await _signs_in(reaching)


async def test_an_address_that_fails_for_a_while_does_not_stop_the_client(reaching: Site, outside: Outside) -> None:
    assert await _signs_in(reaching)
    outside.pages[KEYS_URL] = 503
    reaching.clock.forward(FRESH + timedelta(seconds=1))
    assert await _signs_in(reaching)
    reaching.clock.forward(STALE)
    assert not await _signs_in(reaching)


@pytest.mark.parametrize(
    "page",
    [
        404, 302, b"", b"not json", b"[]", b'{"keys": 5}', b'{"keys": [5]}', b"[" * 50_000, b"\xff",
        json.dumps({"keys": [KEY.as_dict(private=True)]}).encode(), _jwks(*[KEY] * 21), b" " * 200_000,
    ],
)  # fmt: skip
async def test_what_is_no_set_of_public_keys_authenticates_nobody(
    reaching: Site, outside: Outside, page: bytes | int
) -> None:
    outside.pages[KEYS_URL] = page
    assert not await _signs_in(reaching)
    for _ in range(3):
        assert not await _signs_in(reaching)
    assert len(outside.asked) == 1


async def test_keys_at_an_inner_address_are_not_fetched_and_the_answer_is_the_same(
    reaching: Site, outside: Outside
) -> None:
    """S43: no oracle in the error."""
    outside.pages[KEYS_URL] = 404
    unreachable = await _ask(reaching, _assertion(reaching))
    outside.names["inner.example"] = "169.254.169.254"
    await reaching.client("inner", **_BY_ADDRESS | {"jwks_uri": "https://inner.example/keys"})
    refused = await _ask(reaching, _assertion(reaching, iss="inner", sub="inner"))
    assert refused == unreachable
    assert outside.asked == [KEYS_URL]


@pytest.mark.parametrize(
    "given",
    [
        {"jwks_uri": ""}, {"jwks_uri": "http://tile.example/keys"}, {"jwks_uri": "file:///etc/passwd"},
        {"jwks": (KEY.as_dict(private=False),)}, {"jwks_uri": "", "jwks": (KEY.as_dict(private=True),)},
        {"jwks_uri": "", "jwks": ({"kty": "oct", "k": "AAAA"},)},
    ],
)  # fmt: skip
async def test_keys_are_registered_in_one_way_and_public(site: Site, given: dict[str, Any]) -> None:
    """RFC 7591 §2: jwks and jwks_uri exclude each other."""
    with pytest.raises(ClientRefused):
        await site.client(**_BY_ADDRESS | given)


async def test_request_objects_are_verified_with_the_fetched_keys_too(reaching: Site, outside: Outside) -> None:
    """RFC 9101 §6.2: one port gives a client's keys, whatever it signed."""
    rp = await reaching.client("signs", jwks_uri=KEYS_URL)
    now = int(reaching.clock().timestamp())
    claims = rp.request() | {"iss": "signs", "aud": ISSUER, "exp": now + 60}
    for key, shown in ((KEY, True), (ROTATED, False)):
        asked = signed({"alg": "ES256", "kid": key.kid}, claims, key, "ES256")
        page = await reaching.browser().get(rp.url(request=asked))
        assert ('name="password"' in page.text) is shown
    assert outside.asked == [KEYS_URL]


async def test_a_stopped_client_fetches_nothing(reaching: Site, outside: Outside) -> None:
    await clients.disable(reaching.idp.client_store, "tile", at=reaching.clock())
    assert not await _signs_in(reaching)
    assert outside.asked == []
