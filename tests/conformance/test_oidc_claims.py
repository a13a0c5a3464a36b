"""OpenID Connect Core 1.0: claims, scopes, userinfo, the claims parameter, offline access (§5, §11, §12)."""

import json
from datetime import timedelta

import pytest

from idp import accounts
from idp.accounts import AccountRefused
from idp.protocol.contact import Address, Contact
from tests.doubles.idp_site import ISSUER, Site, answer_at, decoded

CONTACT = Contact(
    email="wang@example.org",
    email_verified=True,
    phone_number="+8613800000000",
    address=Address(locality="南京市", country="CN"),
)


async def _reachable(site: Site, contact: Contact = CONTACT) -> None:
    await accounts.set_contact(site.idp.account_store, "clerk", contact, at=site.clock())


async def test_unknown_scope_values_are_ignored(site: Site) -> None:
    """§3.1.2.1."""
    rp = await site.client()
    tokens = await rp.tokens(site.browser(), scope="openid something_else")
    assert tokens["scope"] == "openid"


async def test_userinfo_answers_get_and_post(site: Site) -> None:
    """§5.3.1; sub is that of the id_token (§5.3.2)."""
    rp = await site.client()
    tokens = await rp.tokens(site.browser())
    async with site.caller() as http:
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        got = await http.get(f"{ISSUER}/userinfo", headers=bearer)
        posted = await http.post(f"{ISSUER}/userinfo", headers=bearer)
        body = await http.post(f"{ISSUER}/userinfo", data={"access_token": tokens["access_token"]})
    assert got.json() == posted.json() == body.json()
    assert got.json()["sub"] == decoded(tokens["id_token"])[1]["sub"]
    assert got.headers["content-type"] == "application/json"


async def test_scopes_open_their_claims_and_no_others(site: Site) -> None:
    """§5.4."""
    rp = await site.client()
    browser = site.browser()
    bare = (await rp.userinfo((await rp.tokens(browser, scope="openid"))["access_token"])).json()
    profile = (await rp.userinfo((await rp.tokens(browser, scope="openid profile"))["access_token"])).json()
    unit = (await rp.userinfo((await rp.tokens(browser, scope="openid unit"))["access_token"])).json()
    assert set(bare) == {"sub"}
    assert set(profile) == {"sub", "name", "preferred_username", "locale"}
    assert set(unit) == {"sub", "unit", "unit_name", "region", "roles"}
    assert unit["roles"] == ["clerk"]


async def test_scope_claims_stand_in_the_id_token_of_trusted_clients_only(site: Site) -> None:
    """§5.4: with an access token issued, others get them from userinfo."""
    own, other = await site.client(), await site.client("stranger", trusted=False)
    browser = site.browser()
    assert decoded((await own.tokens(browser))["id_token"])[1]["name"] == "王晓芸"
    consented = await browser.submit(await browser.get(other.url()), button="allow")
    code = answer_at(consented, other.redirect_uri).parameters["code"]
    claims = decoded((await other.exchange(code)).json()["id_token"])[1]
    assert not {"name", "unit", "roles", "preferred_username"} & set(claims)


async def test_the_claims_parameter_asks_for_single_claims(site: Site) -> None:
    """§5.5."""
    rp = await site.client()
    wanted = '{"userinfo":{"name":{"essential":true}},"id_token":{"roles":null,"auth_time":{"essential":true}}}'
    tokens = await rp.tokens(site.browser(), scope="openid", claims=wanted)
    assert set((await rp.userinfo(tokens["access_token"])).json()) == {"sub", "name"}
    claims = decoded(tokens["id_token"])[1]
    assert claims["roles"] == ["clerk"]
    assert "auth_time" in claims
    assert "name" not in claims


async def test_an_essential_acr_that_cannot_be_met_is_an_error(site: Site) -> None:
    """§5.5.1.1."""
    rp = await site.client()
    claims = '{"id_token":{"acr":{"essential":true,"values":["urn:onewindow:acr:gold"]}}}'
    answer = answer_at(await site.browser().get(rp.url(claims=claims)), rp.redirect_uri)
    assert answer.parameters["error"] == "unmet_authentication_requirements"


async def test_a_malformed_claims_parameter_is_an_error(site: Site) -> None:
    """§5.5."""
    rp = await site.client()
    for claims in ("[", "[]", '{"id_token": 3}', "[" * 2000):
        answer = answer_at(await site.browser().get(rp.url(claims=claims)), rp.redirect_uri)
        assert answer.parameters["error"] == "invalid_request"


async def test_offline_access_without_the_grant_type_is_ignored(site: Site) -> None:
    """§11."""
    rp = await site.client(grant_types=("authorization_code",))
    tokens = await rp.tokens(site.browser(), scope="openid offline_access")
    assert "refresh_token" not in tokens
    assert tokens["scope"] == "openid"


async def test_a_refreshed_id_token_keeps_sub_and_auth_time(site: Site) -> None:
    """§12.2."""
    rp = await site.client()
    first = await rp.tokens(site.browser(), scope="openid offline_access")
    site.clock.forward(timedelta(minutes=3))
    second = (await rp.refresh(first["refresh_token"])).json()
    old, new = decoded(first["id_token"])[1], decoded(second["id_token"])[1]
    assert {n: old[n] for n in ("iss", "sub", "aud", "auth_time")} == {
        n: new[n] for n in ("iss", "sub", "aud", "auth_time")
    }
    assert new["iat"] == old["iat"] + 180


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        ("email", {"email": "wang@example.org", "email_verified": True}),
        ("phone", {"phone_number": "+8613800000000", "phone_number_verified": False}),
        ("address", {"address": {"locality": "南京市", "country": "CN"}}),
    ],
)
async def test_email_phone_and_address_are_told_by_their_scopes_only(
    site: Site, scope: str, wanted: dict[str, object]
) -> None:
    """§5.4, §5.1.1: a verified flag is told when it is false too."""
    await _reachable(site)
    rp, browser = await site.client(scope=("openid", "email", "phone", "address")), site.browser()
    answer = (await rp.userinfo((await rp.tokens(browser, scope=f"openid {scope}"))["access_token"])).json()
    assert {name: value for name, value in answer.items() if name != "sub"} == wanted
    assert set((await rp.userinfo((await rp.tokens(browser, scope="openid"))["access_token"])).json()) == {"sub"}


async def test_what_is_not_known_is_left_out(site: Site) -> None:
    """§5.3.2: no null and no empty value stands for it."""
    rp = await site.client(scope=("openid", "email", "phone", "address"))
    tokens = await rp.tokens(site.browser(), scope="openid email phone address")
    assert set((await rp.userinfo(tokens["access_token"])).json()) == {"sub"}


async def test_a_changed_address_is_told_at_once_and_signs_nobody_out(site: Site) -> None:
    """§5.3.2: userinfo answers what is known now."""
    rp = await site.client(scope=("openid", "email"))
    token = (await rp.tokens(site.browser(), scope="openid email"))["access_token"]
    await _reachable(site, Contact(email="other@example.org"))
    answer = (await rp.userinfo(token)).json()
    assert (answer["email"], answer["email_verified"]) == ("other@example.org", False)


@pytest.mark.parametrize(
    "contact",
    [
        Contact(email="no address"), Contact(email="a@b@c"), Contact(email="a@b\r\nBcc: c@d"),
        Contact(phone_number="13800000000"), Contact(phone_number="+86 138"), Contact(email_verified=True),
        Contact(address=Address(street_address="x" * 201)),
    ],
)  # fmt: skip
async def test_what_can_be_no_address_is_refused(site: Site, contact: Contact) -> None:
    """§5.1: RFC 5322 addr-spec, E.164."""
    with pytest.raises(AccountRefused):
        await _reachable(site, contact)


async def test_a_single_claim_is_opened_by_a_scope_of_the_registration_only(site: Site) -> None:
    """§5.5: what a client may never have by scope it does not get one by one."""
    await _reachable(site)
    rp = await site.client(scope=("openid", "profile"))
    claims = json.dumps({"userinfo": {"email": {"essential": True}, "name": None}, "id_token": {"email": None}})
    tokens = await rp.tokens(site.browser(), scope="openid", claims=claims)
    assert "email" not in decoded(tokens["id_token"])[1]
    assert set((await rp.userinfo(tokens["access_token"])).json()) == {"sub", "name"}


async def test_essential_claims_that_are_not_known_are_no_error(site: Site) -> None:
    """§5.5.1."""
    rp = await site.client(scope=("openid", "email"))
    claims = json.dumps({"userinfo": {"email": {"essential": True, "value": "x@example.org"}}})
    tokens = await rp.tokens(site.browser(), scope="openid", claims=claims)
    assert set((await rp.userinfo(tokens["access_token"])).json()) == {"sub"}


async def test_members_that_are_not_understood_are_ignored(site: Site) -> None:
    """§5.5, §5.5.1: unknown claims, unknown sections, unknown members of a request."""
    rp = await site.client()
    claims = json.dumps({"other": 1, "id_token": {"wings": {"essential": True}, "name": {"color": "red"}}})
    tokens = await rp.tokens(site.browser(), scope="openid", claims=claims)
    assert decoded(tokens["id_token"])[1]["name"] == "王晓芸"


@pytest.mark.parametrize("section", ["id_token", "userinfo"])
async def test_a_person_asked_for_by_sub_is_the_only_one_answered_for(site: Site, section: str) -> None:
    """§5.5.1, §3.1.2.2: sub with a value."""
    second = await site.account("second")
    rp, browser = await site.client(), site.browser()
    await browser.sign_in(rp.url())
    asked = json.dumps({section: {"sub": {"value": second.sub}}})
    refused = answer_at(await browser.get(rp.url(prompt="none", claims=asked)), rp.redirect_uri)
    assert refused.parameters["error"] == "login_required"
    assert "code" in answer_at(await browser.sign_in(rp.url(claims=asked), "second"), rp.redirect_uri).parameters


async def test_claims_asked_one_by_one_need_consent_like_their_scope(site: Site) -> None:
    """§5.5, §3.1.2.4: the claims parameter is no way past the consent page."""
    await _reachable(site)
    rp, browser = await site.client("stranger", trusted=False, scope=("openid", "email")), site.browser()
    page = await browser.sign_in(rp.url(scope="openid"))
    await browser.submit(page, button="allow")
    claims = json.dumps({"userinfo": {"email": None}})
    answer = await browser.get(rp.url(scope="openid", claims=claims, prompt="none"))
    assert answer_at(answer, rp.redirect_uri).parameters["error"] == "consent_required"
    page = await browser.get(rp.url(scope="openid", claims=claims))
    assert "电子邮箱" in page.text
    code = answer_at(await browser.submit(page, button="allow"), rp.redirect_uri).parameters["code"]
    token = (await rp.exchange(code)).json()["access_token"]
    assert (await rp.userinfo(token)).json()["email"] == "wang@example.org"


async def test_offline_access_is_named_on_the_consent_page(site: Site) -> None:
    """§11: it needs the person's word, or a client the house itself runs."""
    rp, browser = await site.client("stranger", trusted=False), site.browser()
    page = await browser.sign_in(rp.url(scope="openid offline_access"))
    assert "离开后继续访问" in page.text
    code = answer_at(await browser.submit(page, button="allow"), rp.redirect_uri).parameters["code"]
    assert "refresh_token" in (await rp.exchange(code)).json()


async def test_without_offline_access_there_is_no_refresh_token(site: Site) -> None:
    """§11."""
    rp = await site.client()
    assert "refresh_token" not in await rp.tokens(site.browser(), scope="openid profile")


async def test_userinfo_wants_the_openid_scope_and_a_token(site: Site) -> None:
    """§5.3.1, §5.3.3; RFC 6750 §3.1."""
    rp = await site.client()
    token = (await rp.tokens(site.browser(), scope="cases:read", nonce=None))["access_token"]
    assert (await rp.userinfo(token)).status_code in (401, 403)
    async with site.caller() as http:
        bare = await http.get(f"{ISSUER}/userinfo")
        in_address = await http.get(f"{ISSUER}/userinfo?access_token={token}")
    assert (bare.status_code, bare.headers["www-authenticate"].startswith("Bearer")) == (401, True)
    assert "error" not in bare.headers["www-authenticate"]
    assert in_address.status_code == 401
