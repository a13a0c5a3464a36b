"""The device authorization grant: RFC 8628; S40, S41."""

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from idp import accounts, clients
from idp.clients import ClientRefused
from idp.protocol.device_grant import GRANT_TYPE, INTERVAL, LETTERS, LIFETIME, new_user_code, typed_user_code
from idp.protocol.throttle import USER_CODE_ATTEMPTS
from tests.doubles.dpop_key import DpopKey
from tests.doubles.idp_site import ISSUER, PASSWORD, Browser, RelyingParty, Site, decoded

_CLIENT: dict[str, Any] = {
    "client_name": "自助终端",
    "redirect_uris": (),
    "grant_types": (GRANT_TYPE, "refresh_token"),
    "token_endpoint_auth_method": "none",
}


@dataclass
class Device:
    """A program without a browser."""

    rp: RelyingParty
    told: dict[str, Any]

    @classmethod
    async def begin(cls, rp: RelyingParty, **fields: str | None) -> "Device":
        answer = await rp.post("/device_authorization", {"scope": "openid profile", **fields})
        assert answer.status_code == 200, answer.text
        return cls(rp, answer.json())

    @property
    def code(self) -> str:
        return str(self.told["user_code"])

    async def poll(self, *, after: timedelta | None = INTERVAL, **headers: str) -> httpx2.Response:
        self.rp.site.clock.forward(after or timedelta())
        fields = {"grant_type": GRANT_TYPE, "device_code": self.told["device_code"]}
        return await self.rp.post("/token", fields, **headers)

    async def error(self, *, after: timedelta | None = INTERVAL) -> str:
        answer = await self.poll(after=after)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])


@pytest.fixture
async def rp(site: Site) -> RelyingParty:
    return await site.client("kiosk", **_CLIENT)


async def _signed_in(site: Site, username: str = "clerk") -> Browser:
    browser = site.browser()
    page = await browser.get(f"{ISSUER}/device")
    page = await browser.submit(page, username=username, password=PASSWORD)
    assert (page.status_code, 'name="user_code"' in page.text) == (200, True), page.text
    return browser


async def _type(browser: Browser, code: str) -> httpx2.Response:
    return await browser.submit(await browser.get(f"{ISSUER}/device"), user_code=code)


async def _allow(browser: Browser, code: str) -> httpx2.Response:
    page = await _type(browser, code)
    assert page.status_code == 200
    return await browser.submit(page, button="allow")


async def test_a_device_is_told_two_codes_and_where_to_go(site: Site, rp: RelyingParty) -> None:
    """§3.2: every member, and nothing is stored on the way."""
    answer = await rp.post("/device_authorization", {"scope": "openid"})
    told = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert told["verification_uri"] == f"{ISSUER}/device"
    assert told["verification_uri_complete"] == f"{ISSUER}/device?user_code={told['user_code']}"
    assert (told["expires_in"], told["interval"]) == (600, 5)
    assert len(told["device_code"]) == 43


def test_a_user_code_has_more_than_twenty_bits_and_no_vowels() -> None:
    """§5.1, §6.1."""
    assert len(LETTERS) ** 8 > 2**34
    code = new_user_code()
    assert (len(code), code[4]) == (9, "-")
    assert not set("AEIOUY") & set(LETTERS)
    assert len({new_user_code() for _ in range(100)}) == 100


@pytest.mark.parametrize("typed", ["WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "WDJB–MJHT", "w.d.j.b.m.j.h.t"])
def test_case_spaces_and_dashes_do_not_matter(typed: str) -> None:
    """§6.1."""
    assert typed_user_code(typed) == "WDJB-MJHT"


@pytest.mark.parametrize("typed", ["", "WDJB", "WDJB-MJHTX", "ADJB-MJHT", "1234-5678", "<script>", "ＷＤＪＢ-ＭＪＨＴ"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert typed_user_code(typed) is None


async def test_a_device_waits_until_the_person_allows_and_gets_its_tokens_once(site: Site, rp: RelyingParty) -> None:
    """§3.5: authorization_pending, then the token answer, then nothing."""
    device = await Device.begin(rp, scope="openid profile offline_access")
    assert await device.error(after=None) == "authorization_pending"
    assert "设备已连接" in (await _allow(await _signed_in(site), device.code)).text
    answer = await device.poll()
    tokens = answer.json()
    assert (answer.status_code, tokens["token_type"]) == (200, "Bearer")
    assert decoded(tokens["id_token"])[1]["aud"] == "kiosk"
    assert (await rp.userinfo(tokens["access_token"])).json()["name"] == "王晓芸"
    assert (await rp.refresh(tokens["refresh_token"])).status_code == 200
    assert await device.error() == "invalid_grant"


async def test_of_many_polls_at_once_one_gets_the_tokens(site: Site, rp: RelyingParty) -> None:
    """S22: single use."""
    device = await Device.begin(rp)
    await _allow(await _signed_in(site), device.code)
    answers = await asyncio.gather(*(device.poll(after=None) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19


async def test_asking_too_often_slows_the_device_down_for_good(site: Site, rp: RelyingParty) -> None:
    """§3.5: five seconds more for this and all later polls."""
    device = await Device.begin(rp)
    assert await device.error(after=None) == "authorization_pending"
    assert await device.error(after=timedelta(seconds=4)) == "slow_down"
    assert await device.error(after=timedelta(seconds=9)) == "slow_down"
    assert await device.error(after=timedelta(seconds=14)) == "slow_down"
    assert await device.error(after=timedelta(seconds=20)) == "authorization_pending"
    assert await device.error(after=timedelta(seconds=20)) == "authorization_pending"


async def test_after_its_time_the_code_is_expired_for_the_device_and_for_the_person(
    site: Site, rp: RelyingParty
) -> None:
    """§3.5 expired_token."""
    device = await Device.begin(rp)
    site.clock.forward(LIFETIME)
    assert await device.error(after=None) == "expired_token"
    assert (await _type(await _signed_in(site), device.code)).status_code == 422


async def test_what_was_allowed_in_time_can_not_be_redeemed_late(site: Site, rp: RelyingParty) -> None:
    device = await Device.begin(rp)
    await _allow(await _signed_in(site), device.code)
    assert await device.error(after=LIFETIME) == "expired_token"


async def test_a_refused_device_is_denied(site: Site, rp: RelyingParty) -> None:
    """§3.5 access_denied."""
    device = await Device.begin(rp)
    browser = await _signed_in(site)
    page = await browser.submit(await _type(browser, device.code), button="deny")
    assert "已拒绝" in page.text
    assert await device.error() == "access_denied"


async def test_a_user_code_is_decided_once(site: Site, rp: RelyingParty) -> None:
    device = await Device.begin(rp)
    browser = await _signed_in(site)
    page = await _type(browser, device.code)
    await browser.submit(page, button="deny")
    assert (await browser.submit(page, button="allow")).status_code == 422
    assert await device.error() == "access_denied"


async def test_the_page_shows_who_asks_for_what_and_from_where(site: Site, rp: RelyingParty) -> None:
    """§5.4: remote phishing; the person can tell a device that isn't in front of them."""
    device = await Device.begin(rp)
    page = await _type(await _signed_in(site), device.code)
    for shown in ("自助终端", device.code, "127.0.0.1", "2026-11-23 09:00", "您的姓名、用户名和语言"):
        assert shown in page.text
    assert "<script" not in page.text


async def test_the_complete_address_fills_the_code_in_and_decides_nothing(site: Site, rp: RelyingParty) -> None:
    """§3.3.1, §5.4."""
    device = await Device.begin(rp)
    browser = site.browser()
    page = await browser.get(device.told["verification_uri_complete"])
    page = await browser.submit(page, username="clerk", password=PASSWORD)
    assert f'value="{device.code}"' in page.text
    assert await device.error() == "authorization_pending"


async def test_nobody_tries_codes_without_signing_in(site: Site, rp: RelyingParty) -> None:
    """§5.1."""
    device = await Device.begin(rp)
    for path in ("/device", "/device/decision"):
        page = await site.browser().post(
            f"{ISSUER}{path}", {"user_code": device.code, "decision": "allow", "form_token": "x"}
        )
        assert 'name="password"' in page.text
    assert await device.error() == "authorization_pending"


async def test_guessing_codes_is_bounded_for_a_person(site: Site, rp: RelyingParty) -> None:
    """§5.1; S40: also for the right code, until the window is over."""
    device = await Device.begin(rp)
    browser = await _signed_in(site)
    for _ in range(USER_CODE_ATTEMPTS):
        assert (await _type(browser, new_user_code())).status_code == 422
    refused = await _type(browser, device.code)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")


async def test_a_right_code_is_no_guess(site: Site, rp: RelyingParty) -> None:
    """Who connects many devices in a row isn't held up."""
    browser = await _signed_in(site)
    for _ in range(USER_CODE_ATTEMPTS + 2):
        device = await Device.begin(rp)
        assert (await _allow(browser, device.code)).status_code == 200


async def test_letting_a_device_in_is_audited(site: Site, rp: RelyingParty) -> None:
    device = await Device.begin(rp)
    await _allow(await _signed_in(site), device.code)
    rows = await site.idp.audit_store.rows(after=0, at_most=100)
    (row,) = [row for row in rows if row.kind == "consent_given"]
    assert (row.client_id, json.loads(row.detail)["via"]) == ("kiosk", "device")


async def test_a_form_that_is_not_ours_is_refused(site: Site, rp: RelyingParty) -> None:
    """S10, S38: neither a foreign form nor another session's."""
    device = await Device.begin(rp)
    browser = await _signed_in(site)
    fields = {"user_code": device.code, "decision": "allow", "form_token": "x"}
    own = {"sec-fetch-site": "same-origin"}
    assert (await browser.post(f"{ISSUER}/device/decision", fields, **own)).status_code == 400
    foreign = {"sec-fetch-site": "cross-site"}
    assert (await browser.post(f"{ISSUER}/device/decision", fields, **foreign)).status_code == 403
    assert await device.error() == "authorization_pending"


async def test_the_device_code_is_bound_to_its_client(site: Site, rp: RelyingParty) -> None:
    """§3.4, S21."""
    device = await Device.begin(rp)
    await _allow(await _signed_in(site), device.code)
    thief = Device(await site.client("other", **_CLIENT), device.told)
    assert await thief.error() == "invalid_grant"
    assert (await device.poll()).status_code == 200


@pytest.mark.parametrize("device_code", ["", "x", "a" * 5000, "\x7f"])
async def test_an_unknown_device_code_is_invalid(rp: RelyingParty, device_code: str) -> None:
    answer = await rp.post("/token", {"grant_type": GRANT_TYPE, "device_code": device_code})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant" if device_code else "invalid_request")


async def test_the_grant_is_given_to_clients_one_by_one(site: Site) -> None:
    """RFC 6749 §5.2 unauthorized_client, at both endpoints."""
    plain = await site.client("plain")
    for endpoint, fields in (
        ("/device_authorization", {"scope": "openid"}),
        ("/token", {"grant_type": GRANT_TYPE, "device_code": "x"}),
    ):
        answer = await plain.post(endpoint, fields)
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


async def test_a_confidential_client_authenticates_at_the_device_endpoint(site: Site) -> None:
    """§3.1."""
    rp = await site.client("box", **_CLIENT | {"token_endpoint_auth_method": "client_secret_basic"})
    async with site.caller() as http:
        answer = await http.post(f"{ISSUER}/device_authorization", data={"client_id": "box"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert (await Device.begin(rp)).code


async def test_a_scope_the_client_was_not_given_is_refused(site: Site) -> None:
    rp = await site.client("small", **_CLIENT | {"scope": ("openid",)})
    answer = await rp.post("/device_authorization", {"scope": "openid profile"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_the_clients_roles_hold_here_too(site: Site) -> None:
    """The policy of a system asks the same of everybody, whichever way they come."""
    rp = await site.client("editors", **_CLIENT | {"allowed_roles": frozenset({"editor"})})
    device = await Device.begin(rp)
    assert (await _type(await _signed_in(site), device.code)).status_code == 403
    assert await device.error() == "authorization_pending"


async def test_a_system_that_wants_a_stronger_sign_in_gets_it_here_too(site: Site) -> None:
    rp = await site.client("strong", **_CLIENT | {"required_acr": "urn:onewindow:acr:two-factor"})
    device = await Device.begin(rp)
    assert (await _type(await _signed_in(site), device.code)).status_code == 403


async def test_when_the_person_signs_out_the_device_gets_nothing(site: Site, rp: RelyingParty) -> None:
    """S21, S36: the grant lives in the session until it is redeemed, and the token after it."""
    device, later = await Device.begin(rp), await Device.begin(rp)
    browser = await _signed_in(site)
    await _allow(browser, device.code)
    await _allow(browser, later.code)
    token = (await device.poll()).json()["access_token"]
    await accounts.disable(site.idp.account_store, "clerk", at=site.clock())
    assert (await rp.userinfo(token)).status_code == 401
    assert await later.error() == "invalid_grant"


async def test_a_stopped_clients_device_is_not_shown(site: Site, rp: RelyingParty) -> None:
    device = await Device.begin(rp)
    await clients.disable(site.idp.client_store, "kiosk", at=site.clock())
    assert (await _type(await _signed_in(site), device.code)).status_code == 422


async def test_the_tokens_of_a_device_can_be_bound_to_its_key(site: Site, rp: RelyingParty) -> None:
    """RFC 9449 §5: any grant."""
    device, key = await Device.begin(rp), DpopKey()
    await _allow(await _signed_in(site), device.code)
    nonce = site.idp.dpop.nonces.current(site.clock())
    proof = key.proof("POST", f"{ISSUER}/token", at=site.clock() + INTERVAL, nonce=nonce)
    answer = await device.poll(dpop=proof)
    assert answer.json()["token_type"] == "DPoP"


async def test_beginning_is_bounded_for_an_address(site: Site, rp: RelyingParty) -> None:
    """S40."""
    answers = [await rp.post("/device_authorization", {}) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [503]


async def test_a_fapi_client_can_not_have_the_grant(site: Site) -> None:
    with pytest.raises(ClientRefused):
        await site.client("fapi", **_CLIENT | {"profile": "fapi2"})


async def test_discovery_tells_the_endpoint_and_the_grant(site: Site) -> None:
    """§4."""
    async with site.caller() as http:
        document = (await http.get(f"{ISSUER}/.well-known/openid-configuration")).json()
    assert document["device_authorization_endpoint"] == f"{ISSUER}/device_authorization"
    assert GRANT_TYPE in document["grant_types_supported"]
