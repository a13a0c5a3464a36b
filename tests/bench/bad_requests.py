"""Requests nobody means well with, each aimed at what it could cost: size, depth, number, forged signatures."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Final
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.bench.contender import CHALLENGE, REDIRECT_URI, Contender

_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_JSON: Final = {"content-type": "application/json", "authorization": "Bearer " + "x" * 43}
_LARGE: Final = 60 * 1024  # just below what a form may have, so that everything behind the limit is reached
_POSTS: Final = (
    "/token",
    "/introspect",
    "/revoke",
    "/par",
    "/authorize",
    "/device_authorization",
    "/userinfo",
    "/register",
)
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """One request. `harmless` may be answered as if it were good: what is bad about it is ignored by the rules."""

    name: str
    path: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    harmless: bool = False


def bad_requests(provider: Contender) -> list[Bad]:
    """Return them all, for our addresses and the measured client."""
    return [
        *_oversized(provider),
        *_parameters(provider),
        *_tokens(provider),
        *_proofs(provider),
        *_documents(),
        *_pages(provider),
    ]


def _oversized(provider: Contender) -> Iterator[Bad]:
    """Refused before any rule of a protocol is asked."""
    yield Bad(
        name="GET /authorize, a header of 1 MB", method="GET", path="/idp/authorize", headers={"x": "y" * 1_000_000}
    )
    yield Bad(name="GET /authorize, an address of 1 MB", method="GET", path="/idp/authorize?state=" + "s" * 1_000_000)
    yield Bad(
        name="GET /userinfo, a token of 30 kB",
        method="GET",
        path="/idp/userinfo",
        headers={"authorization": "Bearer " + "a.b" * 10_000},
    )
    yield Bad(
        name="GET /authorize, a cookie of 30 kB",
        method="GET",
        path="/idp/authorize?" + urlencode(_asked(provider)),
        headers={"cookie": "; ".join(f"a{n}=x" for n in range(3000))},
        harmless=True,
    )
    for path in _POSTS:
        for kind, body in (
            ("100,000 fields", b"a=1&" * 100_000),
            ("a field of 1 MB", b"token=" + b"x" * 1_000_000),
            ("a field repeated", b"token=1&token=2"),
            ("60 kB of escapes", b"token=" + b"%41" * (_LARGE // 3)),
            ("bytes that are no text", b"token=%ff%fe%00"),
        ):
            yield Bad(
                name=f"POST {path}, {kind}", path=f"/idp{path}", headers={**_FORM, **provider.basic}, body=body,
                harmless=path in ("/introspect", "/revoke") and kind.endswith("escapes"),
            )  # fmt: skip


def _parameters(provider: Contender) -> Iterator[Bad]:
    """Parameters of an authorization or token request, as large or deep as a form lets them be."""
    words = " ".join(f"s{n}" for n in range(_LARGE // 7))
    large: dict[str, str] = {
        "scope": words, "acr_values": words, "prompt": words, "ui_locales": words, "claims": "[" * _LARGE,
        "state": "s" * _LARGE, "nonce": "n" * _LARGE, "code_challenge": "c" * _LARGE, "id_token_hint": "a.b." + "c" * _LARGE,
        "login_hint": "l" * _LARGE, "redirect_uri": "https://" + "r" * _LARGE, "request": _jws({"alg": "ES256"}, "c" * (_LARGE // 2)),
        "request_uri": "urn:ietf:params:oauth:request_uri:" + "u" * _LARGE, "resource": "https://r.example/" + "r" * _LARGE,
        "max_age": "9" * _LARGE, "dpop_jkt": "k" * _LARGE, "client_id": "i" * _LARGE,
    }  # fmt: skip
    large["claims, objects"] = '{"a":' * (_LARGE // 5)
    large["resource, 50 of them"] = "&".join(["https://r.example/" + "r" * 1000] * 50)
    for name, value in large.items():
        body = urlencode(_asked(provider) | {name.partition(",")[0]: value})
        if name.endswith("50 of them"):
            body = urlencode(_asked(provider)) + "".join(f"&resource={one}" for one in value.split("&"))
        harmless = name in ("ui_locales", "acr_values", "login_hint")
        yield Bad(
            name=f"POST /par, {name} of 60 kB",
            path="/idp/par",
            headers={**_FORM, **provider.basic},
            body=body.encode(),
            harmless=harmless,
        )
    for grant, name in (("authorization_code", "code"), ("authorization_code", "code_verifier"), ("refresh_token", "refresh_token"), ("client_credentials", "scope"), ("urn:ietf:params:oauth:grant-type:device_code", "device_code"), ("g" * _LARGE, "x")):  # fmt: skip
        body = urlencode({"grant_type": grant, "code": "c", "redirect_uri": REDIRECT_URI, "code_verifier": "v" * 43, "refresh_token": "r"} | {name: words})  # fmt: skip
        yield Bad(
            name=f"POST /token, {name} of 60 kB",
            path="/idp/token",
            headers={**_FORM, **provider.basic},
            body=body.encode(),
        )


def _tokens(provider: Contender) -> Iterator[Bad]:
    """Forged and giant JWTs wherever one is read."""
    strangers = ECKey.generate_key("P-256")
    forged = jwt.encode({"alg": "ES256", "kid": "k", "typ": "at+jwt"}, {"sub": "s", "pad": "p" * 8000}, strangers)
    deep = _jws({"alg": "ES256", "kid": "k"}, "").split(".")[0] + "." + _b64(b'{"a":' * 3000) + ".AAAA"
    for kind, token in (
        ("forged", forged),
        ("of 60 kB", "a." + "b" * _LARGE + ".c"),
        ("of dots", "." * _LARGE),
        ("deep", deep),
    ):
        form = {**_FORM, **provider.basic}
        yield Bad(
            name=f"POST /introspect, a token {kind}",
            path="/idp/introspect",
            headers=form,
            body=f"token={token}".encode(),
            harmless=True,
        )
        yield Bad(
            name=f"POST /revoke, a token {kind}",
            path="/idp/revoke",
            headers=form,
            body=f"token={token}".encode(),
            harmless=True,
        )
        yield Bad(
            name=f"POST /userinfo, a token {kind}",
            path="/idp/userinfo",
            headers=_FORM,
            body=f"access_token={token}".encode(),
        )
        assertion = urlencode(
            {"grant_type": "client_credentials", "client_assertion_type": _ASSERTION, "client_assertion": token}
        )
        yield Bad(name=f"POST /token, an assertion {kind}", path="/idp/token", headers=_FORM, body=assertion.encode())
    claims = {"iss": provider.client_id, "sub": provider.client_id, "aud": "x", "exp": int(time()) + 60, "jti": "j"}
    assertion = jwt.encode({"alg": "ES256", "kid": "k"}, claims, strangers)
    body = urlencode(
        {"grant_type": "client_credentials", "client_assertion_type": _ASSERTION, "client_assertion": assertion}
    )
    yield Bad(name="POST /token, an assertion by a strange key", path="/idp/token", headers=_FORM, body=body.encode())
    wrong = "Basic " + base64.b64encode(b"bench-rp:" + b"x" * 15_000).decode()
    yield Bad(
        name="POST /token, credentials of 20 kB",
        path="/idp/token",
        headers={**_FORM, "authorization": wrong},
        body=b"grant_type=client_credentials",
    )


def _proofs(provider: Contender) -> Iterator[Bad]:
    """DPoP proofs bring their own key, so what verifying costs is the sender's choice."""
    for bits in (2048, 4096, 16384):
        modulus = (1 << (bits - 1)) | 1
        jwk = {"kty": "RSA", "n": _b64(modulus.to_bytes(bits // 8, "big")), "e": "AQAB"}
        proof = _jws({"alg": "PS256", "typ": "dpop+jwt", "jwk": jwk}, "s" * (bits // 6))
        headers = {**_FORM, **provider.basic, "dpop": proof}
        yield Bad(
            name=f"POST /token, a DPoP key of {bits} bits",
            path="/idp/token",
            headers=headers,
            body=b"grant_type=client_credentials",
        )
    key = RSAKey.generate_key(2048)
    jwk = {name: str(value) for name, value in key.as_dict(private=False).items()} | {"e": _b64(b"\x01" * 256)}
    proof = _jws({"alg": "PS256", "typ": "dpop+jwt", "jwk": jwk}, "s" * 342)
    headers = {**_FORM, **provider.basic, "dpop": proof}
    yield Bad(
        name="POST /token, a DPoP key with a large exponent",
        path="/idp/token",
        headers=headers,
        body=b"grant_type=client_credentials",
    )


def _documents() -> Iterator[Bad]:
    """Client metadata that nests, or lists without end."""
    for kind, body in (
        ("deep", b"[" * _LARGE),
        ("deep in objects", b'{"jwks":' * (_LARGE // 8)),
        ("with 6,000 redirect_uris", json.dumps({"redirect_uris": ["https://a"] * 4500}).encode()),
        ("with a number of 60,000 digits", b'{"default_max_age":' + b"9" * (_LARGE - 20) + b"}"),
        ("with 2,000 keys", json.dumps({"jwks": {"keys": [{"kty": "EC"}] * 3500}}).encode()),
    ):
        yield Bad(name=f"POST /register, {kind}", path="/idp/register", headers=_JSON, body=body)


def _pages(provider: Contender) -> Iterator[Bad]:
    """Forms of our own pages, sent by somebody else or with more than a person types."""
    same = {**_FORM, "origin": provider.addresses[0], "cookie": "onewindow_idp_browser=" + "b" * 43}
    long = urlencode({"username": "u" * (_LARGE // 2), "password": "p" * (_LARGE // 2), "form_token": "f" * 64})
    for name in ("sign-in", "account", "consent", "second-factor"):
        yield Bad(
            name=f"POST /interaction/…/{name}, 60 kB",
            path=f"/idp/interaction/{'i' * 32}/{name}",
            headers=same,
            body=long.encode(),
        )
    yield Bad(
        name="POST /authorize, from another site, 60 kB",
        path="/idp/authorize",
        headers=_FORM,
        body=urlencode(_asked(provider) | {"state": "s" * _LARGE}).encode(),
        harmless=True,
    )
    yield Bad(
        name="POST /device, a code of 60 kB",
        path="/idp/device",
        headers=same,
        body=urlencode({"user_code": "c" * _LARGE}).encode(),
        harmless=True,
    )
    yield Bad(
        name="POST /end_session, a hint of 60 kB",
        path="/idp/end_session",
        headers=_FORM,
        body=urlencode({"id_token_hint": "a.b." + "c" * _LARGE}).encode(),
        harmless=True,
    )


def _asked(provider: Contender) -> dict[str, str]:
    return {
        "response_type": "code", "client_id": provider.client_id, "redirect_uri": REDIRECT_URI, "scope": "openid",
        "state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip


def _jws(header: Mapping[str, object], signature: str) -> str:
    claims = {
        "iss": "x",
        "aud": "x",
        "jti": "j",
        "htm": "POST",
        "htu": "x",
        "iat": int(time()),
        "exp": int(time()) + 60,
    }
    return f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}.{_b64(signature.encode())}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
