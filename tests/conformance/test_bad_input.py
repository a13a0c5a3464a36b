"""No request whatsoever yields 500: every malformed, repeated, oversized or forged input gets an answer of ours."""

import base64
import json
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.doubles.idp_site import ISSUER, PASSWORD, Site, answer_at
from tests.doubles.signing_party import assertion, push, request_object, sign, signing_client

_AUTHORIZE = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
    "response_mode", "prompt", "max_age", "display", "ui_locales", "claims_locales", "id_token_hint", "login_hint",
    "acr_values", "claims", "request", "request_uri", "registration", "resource", "dpop_jkt",
)  # fmt: skip
_TOKEN = (
    "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "resource", "client_id",
    "client_secret", "client_assertion", "client_assertion_type", "device_code", "token", "token_type_hint",
)  # fmt: skip
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NASTY = (
    "", " ", "\x00", "\x7f", "\r\nset-cookie: a=b", "é", "错误", "\ud83d\ude00", "\u202e", "null", "[]", "{}", "[" * 3000,
    '{"id_token":null}', '{"id_token":{"acr":{"essential":true,"values":[1,null,{}]}}}', '{"userinfo":{"sub":3}}',
    '{"id_token":{"sub":{"value":[]},"acr":7}}', '"', "0", "-1", "9" * 30, "1e9", "true", "x" * 3000, "a.b.c", "a.b.c.d.e",
    "e30.e30.e30", "eyJhbGciOiJub25lIn0.e30.", "..", "%", "%zz", "https://", "https://[", "http://[::1", "urn:x",
    "urn:ietf:params:oauth:request_uri:", "urn:ietf:params:oauth:request_uri:\x01", "javascript:alert(1)", "//evil.example",
    "https://x.example:99999/", "none login", "none", "S256", "plain", "code", "code id_token", "authorization_code",
    "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code", "tile", "openid", "form_post",
    _ASSERTION, "openid openid openid", "cases:read", "openid offline_access", "\t", "'; drop table idp_clients; --",
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOltdfQ.AAAA", "eyJhbGciOlsxXX0.e30.AAAA", "W10.W10.AAAA", "MQ.MQ.MQ",
)  # fmt: skip
_FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
_AUTHORIZATION = (
    "", "Basic", "Basic !!!", "Basic 4pi6", "Basic Og==", "Basic dGlsZTo=", "Bearer", "Bearer x", "Bearer a.b.c", "DPoP x",
    "Negotiate abc", "basic dGlsZTp4", "Bearer " + "x" * 3000,
)  # fmt: skip


def _quoted(value: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def _encoded(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={_quoted(value)}" for name, value in pairs)


def _mutated(random: Random, good: dict[str, str], names: tuple[str, ...]) -> list[tuple[str, str]]:
    """The good parameters with a few replaced, dropped, repeated or added."""
    pairs = dict(good)
    for _ in range(random.randint(1, 4)):
        name = random.choice(names)
        if random.random() < 0.2:
            pairs.pop(name, None)
        else:
            pairs[name] = random.choice(_NASTY)
    listed = list(pairs.items())
    if listed and random.random() < 0.1:
        listed.append(random.choice(listed))
    return listed


@pytest.mark.parametrize("seed", range(4))
async def test_no_authorization_request_yields_500(site: Site, seed: int) -> None:
    """RFC 6749 §4.1.2.1: with and without a session, by GET and by POST, pushed too."""
    random, rp, browser = Random(seed), await signing_client(site), site.browser()
    await browser.sign_in(rp.url())
    strangers = site.browser()
    form = {"content-type": "application/x-www-form-urlencoded"}
    for _ in range(60):
        sent = _encoded(_mutated(random, rp.request(), _AUTHORIZE))
        for http in (browser.http, strangers.http):
            assert (await http.get(f"{ISSUER}/authorize?{sent}")).status_code < 500, sent
        posted = await strangers.http.post(f"{ISSUER}/authorize", content=sent, headers=form)
        if posted.status_code == 303 and posted.headers["location"].startswith(ISSUER):
            posted = await strangers.http.get(posted.headers["location"])
        assert posted.status_code < 500, sent
        pushed = await browser.http.post(f"{ISSUER}/par", content=sent, headers={**form, **rp.basic})
        assert pushed.status_code < 500, sent


@pytest.mark.parametrize("seed", range(4))
async def test_no_back_channel_request_yields_500(site: Site, seed: int) -> None:
    """RFC 6749 §5.2: token, introspection, revocation and userinfo, however the caller authenticates."""
    random, rp, browser = Random(seed), await signing_client(site), site.browser()
    await browser.sign_in(rp.url())
    good = {"grant_type": "authorization_code", "redirect_uri": rp.redirect_uri, "code": "x"}
    async with site.caller() as http:
        for _ in range(60):
            sent = _encoded(_mutated(random, good, _TOKEN))
            authorization = random.choice((rp.basic["authorization"], *_AUTHORIZATION))
            headers = {"content-type": random.choice(("application/x-www-form-urlencoded", "application/json", ""))}
            headers |= {"authorization": authorization} if authorization else {}
            headers |= {"dpop": random.choice(("x", "a.b.c", "e30.e30.e30"))} if random.random() < 0.2 else {}
            for endpoint in ("/token", "/introspect", "/revoke", "/userinfo"):
                answer = await http.post(ISSUER + endpoint, content=sent, headers=headers)
                assert answer.status_code < 500, (endpoint, sent, headers)
                assert answer.headers["cache-control"] == "no-store"


_CLAIMS: tuple[Any, ...] = (None, 0, -1, 1e300, True, "", "x", [], {}, [[]], {"a": {}}, "\x00", "错", 10**40)


@pytest.mark.parametrize("seed", range(3))
async def test_no_signed_input_yields_500(site: Site, seed: int) -> None:
    """RFC 8725 §3: request objects and assertions with claims of any type, rightly signed."""
    random = Random(seed)
    rp = await signing_client(site)
    own = await signing_client(site, "own", token_endpoint_auth_method="private_key_jwt")
    names = (*_AUTHORIZE, "iss", "aud", "exp", "nbf", "iat", "jti", "sub")
    async with site.caller() as http:
        for _ in range(60):
            changed = {random.choice(names): random.choice(_CLAIMS) for _ in range(random.randint(1, 3))}
            signed = request_object(rp, changed)
            answer = await http.get(f"{ISSUER}/authorize?{urlencode({'client_id': 'tile', 'request': signed})}")
            assert answer.status_code < 500, changed
            fields = {"client_assertion_type": _ASSERTION, "client_assertion": assertion(own, changed)}
            for endpoint in ("/par", "/token"):
                assert (await http.post(ISSUER + endpoint, data=fields)).status_code < 500, changed


@pytest.mark.parametrize("alg", [None, "", 1, [], {}, "none", "HS256", "ES256K", "RS256"])
async def test_no_header_of_a_signed_input_yields_500(site: Site, alg: object) -> None:
    """RFC 8725 §3.1: alg and kid of any type."""
    rp = await signing_client(site)
    _, claims, signature = request_object(rp).split(".")
    for kid in (None, 1, [], {"a": 1}, "\x00", "../k"):
        header = json.dumps({"alg": alg, "kid": kid, "typ": kid}).encode()
        token = f"{sign({}).split('.')[0] if alg is None else _b64(header)}.{claims}.{signature}"
        answer = answer_at(await site.browser().get(rp.url(request=token)), rp.redirect_uri)
        assert answer.parameters["error"] in ("invalid_request_object", "request_not_supported")


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_what_is_far_too_large_is_refused_early(site: Site) -> None:
    """S28: a megabyte of header, of address, of body, a hundred thousand fields, deep JSON."""
    rp = await signing_client(site)
    form = {"content-type": "application/x-www-form-urlencoded"}
    async with site.caller(**rp.basic) as http:
        bodies = ("a=1&" * 100_000, "code=" + "x" * 1_000_000, "client_assertion=" + "x." * 200_000, "&" * 60_000)
        for body in bodies:
            for endpoint in ("/token", "/par", "/authorize"):
                assert 400 <= (await http.post(ISSUER + endpoint, content=body, headers=form)).status_code < 500
        deep = {"claims": "[" * 4000 + "]" * 4000}
        assert (await push(rp, **deep)).status_code == 400
        long = await http.get(f"{ISSUER}/authorize?client_id=tile&state={'x' * 60_000}")
        assert 400 <= long.status_code < 500
        heavy = await http.get(f"{ISSUER}/userinfo", headers={"authorization": "Bearer " + "x" * 20_000})
        assert 400 <= heavy.status_code < 500


async def test_no_cookie_or_form_of_an_interaction_yields_500(site: Site) -> None:
    """S32, S38: forged cookies, fields and ids; steps out of order."""
    rp = await site.client()
    random = Random(7)
    page = await site.browser().http.get(rp.url())
    step = page.headers["location"]
    for value in ("x", "a.b", "é", "." * 66, "A" * 22 + "." + "B" * 43, "\x01"):
        browser = site.browser(cookie=f"onewindow_idp={quote(value)}; onewindow_idp_browser={quote(value)}")
        for address in (rp.url(), step, f"{ISSUER}/interaction/x", f"{ISSUER}/authorize/{quote(value)}"):
            assert (await browser.http.get(address)).status_code < 500
        for way in ("sign-in", "account", "consent"):
            fields = {
                "form_token": random.choice(_NASTY[:8]),
                "username": value,
                "password": PASSWORD,
                "decision": value,
            }
            answer = await browser.http.post(f"{step}/{way}", content=_encoded(list(fields.items())), headers=_FORM)
            assert answer.status_code < 500
