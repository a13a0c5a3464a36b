"""S26, S27: whatever is signed wrongly, or rightly for something else, opens nothing at any place a JWT is taken."""

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey

from idp.protocol.compact_signing import CompactSigner
from tests.doubles.idp_site import ISSUER, Browser, RelyingParty, Site, answer_at, decoded

Place = Callable[[Site, RelyingParty, Browser, str], Awaitable[bool]]


def _part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


async def _at_userinfo(site: Site, rp: RelyingParty, _browser: Browser, token: str) -> bool:
    return (await rp.userinfo(token)).status_code == 200


async def _at_introspection(site: Site, rp: RelyingParty, _browser: Browser, token: str) -> bool:
    return (await rp.introspect(token))["active"] is True


async def _as_hint(site: Site, rp: RelyingParty, browser: Browser, token: str) -> bool:
    page = await browser.http.get(rp.url(prompt="none", id_token_hint=token))
    return "code" in answer_at(page, rp.redirect_uri).parameters


async def _as_logout_hint(site: Site, rp: RelyingParty, browser: Browser, token: str) -> bool:
    answer = await browser.http.get(f"{ISSUER}/end_session", params={"id_token_hint": token})
    return answer.status_code != 400


async def _as_assertion(site: Site, rp: RelyingParty, _browser: Browser, token: str) -> bool:
    fields = {
        "grant_type": "client_credentials", "client_assertion": token,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }  # fmt: skip
    async with site.caller() as http:
        return (await http.post(f"{ISSUER}/token", data=fields)).status_code == 200


async def _as_session_cookie(site: Site, rp: RelyingParty, _browser: Browser, token: str) -> bool:
    page = await site.browser(cookie=f"onewindow_idp={token}").http.get(rp.url(prompt="none"))
    return "code" in answer_at(page, rp.redirect_uri).parameters


PLACES: dict[str, Place] = {
    "userinfo": _at_userinfo,
    "introspection": _at_introspection,
    "id_token_hint": _as_hint,
    "id_token_hint at end_session": _as_logout_hint,
    "client_assertion": _as_assertion,
    "session cookie": _as_session_cookie,
}
OWN = {"access_token": {"userinfo", "introspection"}, "id_token": {"id_token_hint", "id_token_hint at end_session"}}


@pytest.mark.parametrize("kind", ["access_token", "id_token", "refresh_token"])
async def test_a_token_opens_what_it_is_for_and_nothing_else(site: Site, kind: str) -> None:
    """S27: RFC 8725 §3.11; the `typ` of each kind is looked at wherever one is taken."""
    rp, browser = await site.client(), site.browser()
    # Without offline_access the tokens would end with the session; with it there is a refresh token to try too.
    token = (await rp.tokens(browser, scope="openid offline_access"))[kind]
    opened = {name for name, place in PLACES.items() if await place(site, rp, browser, token)}
    assert opened == OWN.get(kind, {"introspection"})


def _forgeries(site: Site, token: str, public: dict[str, Any]) -> dict[str, str]:
    """Every way the header and signature of one token are falsified; the claims stay right."""
    header, payload = decoded(token)
    claims, signature = token.split(".")[1:]
    foreign = ECKey.generate_key("P-256")

    def headed(changes: dict[str, Any], tail: str = signature) -> str:
        return f"{_part({**header, **changes})}.{claims}.{tail}"

    def mac(key: bytes, changes: dict[str, Any]) -> str:
        signed = f"{_part({**header, 'alg': 'HS256', **changes})}.{claims}"
        made = base64.urlsafe_b64encode(hmac.digest(key, signed.encode(), "sha256")).rstrip(b"=").decode()
        return f"{signed}.{made}"

    return {
        "alg none": headed({"alg": "none"}, ""),
        "alg None": headed({"alg": "None"}, ""),
        "alg nOnE with the old signature": headed({"alg": "nOnE"}),
        "no alg": f"{_part({name: value for name, value in header.items() if name != 'alg'})}.{claims}.{signature}",
        "no signature": headed({}, ""),
        "HS256 with the public key": mac(json.dumps(public).encode(), {}),
        "HS256 with an empty key": mac(b"", {}),
        "HS256 with an empty key and no kid": mac(b"", {"kid": ""}),
        "another algorithm of the same family": headed({"alg": "ES384"}),
        "RS256 for the EC key": headed({"alg": "RS256"}),
        "kid of a file": headed({"kid": "../../../dev/null"}),
        "kid of a query": headed({"kid": "' OR 1=1 --"}),
        "kid that is a list": headed({"kid": [header["kid"]]}),
        "own jwk in the header": CompactSigner(foreign, alg="ES256", kid=header["kid"]).sign(payload, typ=header["typ"]),
        "jwk": headed({"jwk": foreign.as_dict(private=False)}),
        "jku": headed({"jku": "https://evil.example/jwks"}),
        "x5u": headed({"x5u": "https://evil.example/cert"}),
        "x5c": headed({"x5c": ["MIIB"]}),
        "unknown crit": headed({"crit": ["exp"]}),
        "b64 false": headed({"b64": False, "crit": ["b64"]}),
        "zip": headed({"zip": "DEF"}),
        "signature of zeros": headed({}, _zeros()),
        "DER in place of R and S": headed({}, base64.urlsafe_b64encode(b"\x30\x06\x02\x01\x01\x02\x01\x01").decode()),
    }  # fmt: skip


def _zeros() -> str:
    """R and S of nothing: verifies under any key where they are not checked (CVE-2022-21449)."""
    return base64.urlsafe_b64encode(bytes(64)).rstrip(b"=").decode()


@pytest.mark.parametrize("kind", ["access_token", "id_token"])
async def test_no_forged_token_opens_anything_anywhere(site: Site, kind: str) -> None:
    """S26: RFC 8725 §3.1 to §3.10, at every place a token of ours comes back."""
    rp, browser = await site.client(), site.browser()
    token = (await rp.tokens(browser))[kind]
    public = json.loads((await site.idp.keys.ring()).jwks.body)["keys"][0]
    for name, forgery in _forgeries(site, token, public).items():
        assert forgery != token, name
        for where, place in PLACES.items():
            assert not await place(site, rp, browser, forgery), f"{name} at {where}"


NO_TOKENS = [
    ".", "..", "...", "e30.e30.e30.e30.e30", "e30..", "bnVsbA.bnVsbA.", "W10.W10.AA", "MQ.MQ.AA", "Ii.Ii.Ii", "%.%.%",
    "eyJ" + "x" * 20_000 + ".e30.AA", _part({"a": "x" * 30_000}) + ".e30.AA",
    base64.urlsafe_b64encode(b"[" * 9_000).decode() + ".e30.AA",
    "e30." + base64.urlsafe_b64encode(b'{"a":' * 2_000).decode() + ".AA",
]  # fmt: skip
_ADDRESS_AT_MOST = 8_000


async def test_what_is_no_token_is_refused_before_it_is_decoded(site: Site) -> None:
    """S28: not three segments, a segment far too long, JSON far too deep, an encrypted token in compact form."""
    rp, browser = await site.client(), site.browser()
    await rp.code(browser)
    for token in NO_TOKENS:
        for where, place in PLACES.items():
            if len(token) < _ADDRESS_AT_MOST or where in ("introspection", "client_assertion"):
                assert not await place(site, rp, browser, token), f"{token[:40]} at {where}"


async def test_a_token_too_long_for_an_address_or_a_header_is_refused_as_such(site: Site) -> None:
    """S28: 414 and 431, before anything reads it (RFC 9110 §15.5.15, RFC 6585 §5)."""
    rp = await site.client()
    async with site.caller() as http:
        assert (await http.get(rp.url(id_token_hint="x" * 9_000))).status_code == 414
        headers = {"authorization": "Bearer " + "x" * 40_000}
        assert (await http.get(f"{ISSUER}/userinfo", headers=headers)).status_code == 431
