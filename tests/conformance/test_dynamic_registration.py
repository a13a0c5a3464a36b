"""Dynamic client registration: RFC 7591, RFC 7592, OpenID Connect Registration 1.0; S07, S18, S40, S43, S54."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey

from idp import client_registration
from idp.client_registration import invite
from idp.protocol.client import Client
from idp.protocol.device_grant import GRANT_TYPE as DEVICE_GRANT
from idp.protocol.throttle import ADDRESS_ATTEMPTS
from tests.conformance.conftest import Ground
from tests.doubles.idp_site import ISSUER, RelyingParty, Site, open_site
from tests.doubles.outside import Outside

REGISTER = f"{ISSUER}/register"
SECTOR = "https://rp.example/sector.json"
METADATA: dict[str, Any] = {"client_name": "示例系统", "redirect_uris": ["https://rp.example/cb"]}
PUBLIC = ECKey.generate_key("P-256", {"kid": "k-1"}).as_dict(private=False)


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
async def site(ground: Ground, outside: Outside) -> AsyncIterator[Site]:
    """A provider that reaches the world outside, with one clerk."""
    async with open_site(*ground, egress=outside.egress()) as started:
        await started.account()
        yield started


async def _invited(site: Site, **given: Any) -> str:
    policy: dict[str, Any] = {
        "name": "试点县",
        "scope": ("openid", "profile", "unit", "offline_access"),
        "grant_types": ("authorization_code", "refresh_token"),
        "redirect_hosts": ("rp.example", "*.rp.example"),
        "profile": "standard",
        "allowed_roles": (),
        "uses": 3,
        "lifetime": timedelta(days=1),
    }
    return await invite(site.idp.registration.invitations, **policy | given, at=site.clock())


async def _call(
    site: Site, method: str, url: str, token: str | None, document: Any = None, **headers: str
) -> httpx2.Response:
    if token is not None:
        headers = {"authorization": f"Bearer {token}"} | headers
    async with site.caller(**headers) as http:
        if document is None:
            return await http.request(method, url)
        return await http.request(method, url, json=document)


async def _registered(site: Site, **metadata: Any) -> dict[str, Any]:
    answer = await _call(site, "POST", REGISTER, await _invited(site), METADATA | metadata)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _kept(site: Site, told: dict[str, Any]) -> Client:
    client = await site.idp.client_store.get(told["client_id"])
    assert client is not None
    return client


def _told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


async def test_a_registration_answers_201_with_all_that_was_kept(site: Site) -> None:
    """RFC 7591 §3.2.1; OpenID Connect Registration §3.2."""
    answer = await _call(site, "POST", REGISTER, await _invited(site), METADATA)
    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert told["registration_client_uri"] == f"{REGISTER}/{told['client_id']}"
    assert told["client_secret_expires_at"] == 0
    assert (len(told["client_secret"]), len(told["registration_access_token"])) == (43, 43)
    assert told["redirect_uris"] == METADATA["redirect_uris"]
    assert told["response_types"] == ["code"]


async def test_what_was_not_said_gets_the_defaults_of_the_specification(site: Site) -> None:
    """OpenID Connect Registration §2: RS256, client_secret_basic, authorization_code, web."""
    told = await _registered(site)
    assert told["id_token_signed_response_alg"] == "RS256"
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["grant_types"] == ["authorization_code"]
    assert told["application_type"] == "web"
    assert told["scope"] == "openid profile unit offline_access"


async def test_the_registered_client_signs_people_in(site: Site) -> None:
    told = await _registered(site)
    rp = RelyingParty(site, await _kept(site, told), told["client_secret"])
    browser = site.browser()
    page = await browser.submit(await browser.get(rp.url()), username="clerk", password="Yichuang-2026")
    assert "示例系统" in page.text  # not trusted: the person is asked
    page = await browser.submit(page, button="allow")
    code = page.headers["location"].partition("code=")[2].partition("&")[0]
    assert (await rp.exchange(code)).status_code == 200


@pytest.mark.parametrize("token", [None, "", "wrong", "a" * 3000])
async def test_without_an_initial_access_token_nothing_is_registered(site: Site, token: str | None) -> None:
    """RFC 7591 §3, RFC 6750 §3.1."""
    answer = await _call(site, "POST", REGISTER, token, METADATA)
    assert _told(answer) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_a_token_is_good_for_as_many_uses_as_it_has(site: Site) -> None:
    token = await _invited(site, uses=2)
    statuses = [(await _call(site, "POST", REGISTER, token, METADATA)).status_code for _ in range(3)]
    assert statuses == [201, 201, 401]


async def test_of_many_at_once_only_as_many_register_as_are_invited(site: Site) -> None:
    token = await _invited(site, uses=2)
    answers = await asyncio.gather(*(_call(site, "POST", REGISTER, token, METADATA) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [401] * 6


async def test_a_refused_registration_spends_no_use(site: Site) -> None:
    token = await _invited(site, uses=1)
    assert (await _call(site, "POST", REGISTER, token, {"redirect_uris": []})).status_code == 400
    assert (await _call(site, "POST", REGISTER, token, METADATA)).status_code == 201


async def test_an_expired_token_registers_nobody(site: Site) -> None:
    token = await _invited(site)
    site.clock.forward(timedelta(days=1))
    assert _told(await _call(site, "POST", REGISTER, token, METADATA)) == (401, "invalid_token")


async def test_trying_tokens_is_bounded_for_an_address(site: Site) -> None:
    """S40."""
    for _ in range(ADDRESS_ATTEMPTS):
        assert (await _call(site, "POST", REGISTER, "wrong", METADATA)).status_code == 401
    assert (await _call(site, "POST", REGISTER, "wrong", METADATA)).status_code == 503


async def test_secrets_are_kept_as_hashes(site: Site, ground: Ground) -> None:
    """S18: whoever reads the database has no token."""
    token = await _invited(site)
    told = (await _call(site, "POST", REGISTER, token, METADATA)).json()
    kept = repr(await _kept(site, told)) + repr(
        await site.idp.registration.invitations.get((await _kept(site, told)).invitation_id)
    )
    for secret in (token, told["client_secret"], told["registration_access_token"]):
        assert secret not in kept


@pytest.mark.parametrize(
    "uris",
    [
        [], None, "https://rp.example/cb", [5], ["http://rp.example/cb"], ["https://rp.example/cb#x"],
        ["javascript:alert(1)"], ["data:text/html,x"], ["https://rp.example/../cb"], ["https://rp.example@evil/cb"],
        ["https://evil.example/cb"], ["https://rp.example.evil.example/cb"], ["https://xrp.example/cb"], ["/cb"],
        ["https://RP.example/cb"], ["com.example.app:/cb"], ["https://rp.example/cb"] * 51,
    ],
)  # fmt: skip
async def test_a_redirect_uri_that_does_not_hold_is_refused(site: Site, uris: Any) -> None:
    """RFC 7591 §3.2.2 invalid_redirect_uri; S07."""
    answer = await _call(site, "POST", REGISTER, await _invited(site), METADATA | {"redirect_uris": uris})
    assert _told(answer) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "metadata",
    [
        {"scope": "openid cases:read"}, {"scope": "nonsense"}, {"scope": 5}, {"grant_types": ["client_credentials"]},
        {"grant_types": [DEVICE_GRANT]}, {"grant_types": ["implicit"]}, {"grant_types": ["password"]},
        {"response_types": ["token"]}, {"response_types": ["code id_token"]}, {"response_types": "code"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}},
        {"id_token_signed_response_alg": "none"}, {"id_token_signed_response_alg": "HS256"},
        {"application_type": "desktop"}, {"subject_type": "random"}, {"client_name": 5}, {"client_name": "x\n"},
        {"client_name": "x" * 2001}, {"default_max_age": -1}, {"default_max_age": "60"}, {"require_auth_time": "yes"},
        {"jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=True)]}}, {"jwks": [PUBLIC]}, {"jwks": {}},
        {"jwks": {"keys": [PUBLIC]}, "jwks_uri": "https://rp.example/keys"}, {"jwks_uri": "http://rp.example/keys"},
        {"jwks_uri": "https://evil.example/keys"}, {"backchannel_logout_uri": "https://evil.example/bye"},
        {"logo_uri": "https://evil.example/logo.svg"}, {"logo_uri": "javascript:alert(1)"},
        {"policy_uri": "file:///etc/passwd"}, {"client_uri": "http://rp.example/"}, {"contacts": "me"},
        {"request_object_signing_alg": "none"}, {"default_acr_values": [1]},
    ],
)  # fmt: skip
async def test_metadata_that_does_not_hold_is_refused_by_name(site: Site, metadata: dict[str, Any]) -> None:
    """RFC 7591 §3.2.2 invalid_client_metadata."""
    answer = await _call(site, "POST", REGISTER, await _invited(site), METADATA | metadata)
    assert _told(answer) == (400, "invalid_client_metadata")
    assert any(name in answer.json()["error_description"] for name in metadata)


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"5", b"[" * 60_000, b'{"a":' * 10_000, b"\xff", b" " * 70_000])
async def test_a_body_that_is_no_object_is_refused(site: Site, body: bytes) -> None:
    """S28: deep, large or foreign JSON is a refusal, never a fault."""
    async with site.caller(authorization=f"Bearer {await _invited(site)}") as http:
        answer = await http.post(REGISTER, content=body, headers={"content-type": "application/json"})
    assert _told(answer) == (400, "invalid_client_metadata")


async def test_another_content_type_is_refused(site: Site) -> None:
    """RFC 7591 §3.1."""
    async with site.caller(authorization=f"Bearer {await _invited(site)}") as http:
        answer = await http.post(REGISTER, data={"client_name": "x"})
    assert _told(answer) == (400, "invalid_client_metadata")


async def test_a_registration_can_not_give_itself_what_the_house_decides(site: Site) -> None:
    """RFC 7591 §2: unknown members are ignored; trust, roles and rules are no client metadata."""
    asked = {
        "client_id": "onewindow-portal", "client_secret": "x" * 43, "trusted": True, "pkce": "pkce_or_nonce",
        "profile": "standard", "roles": ["admin"], "allowed_roles": [], "audiences": ["https://api"], "unit": "all",
        "resources": ["https://api"], "invitation_id": "another", "disabled": True, "client_secret_hash": "0" * 64,
        "registration_access_token_hash": "0" * 64, "software_statement": "x", "unheard_of": {"deep": [1]},
    }  # fmt: skip
    told = await _registered(site, **asked)
    kept = await _kept(site, told)
    assert told["client_id"] != "onewindow-portal"
    assert told["client_secret"] != "x" * 43
    assert (kept.trusted, kept.pkce, kept.roles, kept.audiences, kept.unit) == (
        False, "required", frozenset(), (), "",
    )  # fmt: skip
    assert not set(asked) - {"client_id", "client_secret"} & set(told)


async def test_the_policys_roles_and_profile_are_the_clients(site: Site) -> None:
    token = await _invited(site, allowed_roles=("editor",), profile="fapi2")
    fapi = METADATA | {
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [PUBLIC]},
        "id_token_signed_response_alg": "ES256",
    }
    refused = await _call(site, "POST", REGISTER, token, METADATA)
    assert _told(refused) == (400, "invalid_client_metadata")
    told = (await _call(site, "POST", REGISTER, token, fapi)).json()
    kept = await _kept(site, told)
    assert (kept.profile, kept.allowed_roles) == ("fapi2", frozenset({"editor"}))
    assert "client_secret" not in told
    assert "client_secret_expires_at" not in told


async def test_a_public_client_gets_no_secret(site: Site) -> None:
    told = await _registered(site, token_endpoint_auth_method="none", application_type="native")
    assert "client_secret" not in told


async def test_nothing_a_client_names_for_people_is_fetched(site: Site, outside: Outside) -> None:
    """S43: logo, policy, terms and home page are the browser's business."""
    addresses = {name: f"https://rp.example/{name}" for name in ("logo_uri", "policy_uri", "tos_uri", "client_uri")}
    told = await _registered(site, jwks_uri="https://rp.example/keys", **addresses)
    assert {name: told[name] for name in addresses} == addresses
    assert outside.asked == []


async def test_the_sector_identifier_is_fetched_and_must_list_every_redirect_uri(site: Site, outside: Outside) -> None:
    """OpenID Connect Registration §5."""
    outside.pages[SECTOR] = json.dumps(METADATA["redirect_uris"]).encode()
    pairwise = {"subject_type": "pairwise", "sector_identifier_uri": SECTOR}
    told = await _registered(site, **pairwise)
    assert told["sector_identifier_uri"] == SECTOR
    assert outside.asked == [SECTOR]


async def test_a_sector_identifier_that_does_not_hold_says_one_thing_whatever_the_reason(
    site: Site, outside: Outside
) -> None:
    """S43: no oracle."""
    said = set()
    metadata = METADATA | {"subject_type": "pairwise", "sector_identifier_uri": SECTOR}
    for page in (b'["https://other.example/cb"]', b"{}", b"x", b"[" * 50_000, 404, 302, b" " * 200_000, "inner"):
        if page == "inner":
            outside.names["rp.example"] = "169.254.169.254"
        else:
            outside.pages[SECTOR] = page  # type: ignore[assignment]
        answer = await _call(site, "POST", REGISTER, await _invited(site), metadata)
        assert _told(answer) == (400, "invalid_client_metadata")
        said.add(answer.text)
    assert len(said) == 1


# ---- RFC 7592 ----


async def test_a_client_reads_its_registration(site: Site) -> None:
    """RFC 7592 §2.1, §3: the hashed secret is not shown again."""
    told = await _registered(site)
    answer = await _call(site, "GET", told["registration_client_uri"], told["registration_access_token"])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {name: value for name, value in told.items() if name != "client_secret"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_management_needs_the_clients_own_token(site: Site, method: str) -> None:
    """RFC 7592 §2: 401, whether the client exists or not."""
    told, other = await _registered(site), await _registered(site)
    document = METADATA | {"client_id": told["client_id"]}
    body = document if method == "PUT" else None
    for token in (None, "wrong", other["registration_access_token"], told["client_secret"]):
        answer = await _call(site, method, told["registration_client_uri"], token, body)
        assert _told(answer) == (401, "invalid_token")
    unknown = await _call(site, method, f"{REGISTER}/nobody", told["registration_access_token"], body)
    assert _told(unknown) == (401, "invalid_token")


async def test_a_client_an_operator_made_manages_nothing(site: Site) -> None:
    """An empty hash is nobody's token."""
    await site.client("tile")
    for token in ("", "x"):
        assert (await _call(site, "GET", f"{REGISTER}/tile", token)).status_code == 401


async def test_an_update_replaces_everything_and_brings_a_new_token(site: Site) -> None:
    """RFC 7592 §2.2: what is left out goes back to its default; the secret stays."""
    told = await _registered(site, client_name="前", default_max_age=60)
    changed = METADATA | {"client_id": told["client_id"], "client_secret": told["client_secret"], "client_name": "后"}
    answer = await _call(site, "PUT", told["registration_client_uri"], told["registration_access_token"], changed)
    new = answer.json()
    assert (answer.status_code, new["client_name"]) == (200, "后")
    assert "default_max_age" not in new
    assert new["registration_access_token"] != told["registration_access_token"]
    old = await _call(site, "GET", told["registration_client_uri"], told["registration_access_token"])
    assert old.status_code == 401
    assert (await _call(site, "GET", told["registration_client_uri"], new["registration_access_token"])).is_success
    rp = RelyingParty(site, await _kept(site, told), told["client_secret"])
    assert (await rp.post("/introspect", {"token": "x"})).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "another"}, {"client_id": None}, {"client_secret": "x" * 43}, {"client_secret": 5},
        {"redirect_uris": ["https://evil.example/cb"]}, {"scope": "openid cases:write"}, {"trusted": 1, "jwks": 5},
    ],
)  # fmt: skip
async def test_an_update_is_held_against_the_same_policy(site: Site, wrong: dict[str, Any]) -> None:
    """RFC 7592 §2.2: client_id and secret must match; what may be registered may be changed to, nothing else."""
    told = await _registered(site)
    changed = METADATA | {"client_id": told["client_id"]} | wrong
    answer = await _call(site, "PUT", told["registration_client_uri"], told["registration_access_token"], changed)
    assert answer.status_code == 400
    again = await _call(site, "GET", told["registration_client_uri"], told["registration_access_token"])
    assert again.json()["redirect_uris"] == METADATA["redirect_uris"]


async def test_of_changes_with_one_token_at_once_one_is_taken(site: Site) -> None:
    """RFC 7592 §2.2: each change replaces the token, so a token changes once; a removal is a change."""
    told = await _registered(site)
    uri, token = told["registration_client_uri"], told["registration_access_token"]
    answers = await asyncio.gather(
        *(
            _call(site, "PUT", uri, token, METADATA | {"client_id": told["client_id"], "client_name": f"第{n}次"})
            for n in range(5)
        ),
        _call(site, "DELETE", uri, token),
    )
    assert sorted(answer.is_success for answer in answers) == [False] * 5 + [True]
    assert {answer.status_code for answer in answers if not answer.is_success} == {401}


async def test_a_client_is_told_when_its_id_was_issued(site: Site) -> None:
    """RFC 7591 §3.2.1: seconds since 1970; a change leaves it as it was."""
    told = await _registered(site)
    assert told["client_id_issued_at"] == int(site.clock().timestamp())
    site.clock.forward(timedelta(hours=1))
    changed = METADATA | {"client_id": told["client_id"]}
    answer = await _call(site, "PUT", told["registration_client_uri"], told["registration_access_token"], changed)
    assert answer.json()["client_id_issued_at"] == told["client_id_issued_at"]


async def test_a_client_that_becomes_confidential_gets_a_secret(site: Site) -> None:
    told = await _registered(site, token_endpoint_auth_method="none")
    changed = METADATA | {"client_id": told["client_id"], "token_endpoint_auth_method": "client_secret_post"}
    answer = await _call(site, "PUT", told["registration_client_uri"], told["registration_access_token"], changed)
    assert len(answer.json()["client_secret"]) == 43


async def test_a_removed_client_is_gone_for_every_purpose(site: Site) -> None:
    """RFC 7592 §2.3."""
    told = await _registered(site)
    answer = await _call(site, "DELETE", told["registration_client_uri"], told["registration_access_token"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert (
        await _call(site, "GET", told["registration_client_uri"], told["registration_access_token"])
    ).status_code == 401
    rp = RelyingParty(site, await _kept(site, told), told["client_secret"])
    assert (await rp.post("/introspect", {"token": "x"})).status_code == 401
    assert (await site.browser().get(rp.url())).status_code == 400


async def test_a_client_id_is_never_a_persons_sub(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """S54, RFC 9700 §4.15."""
    account = await site.account("other")
    monkeypatch.setattr(client_registration, "token_urlsafe", lambda _bytes: account.sub)
    token = await _invited(site)
    assert (await _call(site, "POST", REGISTER, token, METADATA)).status_code == 400


async def test_discovery_tells_the_endpoint(site: Site) -> None:
    """RFC 8414 §2."""
    async with site.caller() as http:
        document = (await http.get(f"{ISSUER}/.well-known/openid-configuration")).json()
    assert document["registration_endpoint"] == REGISTER
