"""A logout token holds, or names what does not (OpenID Connect Back-Channel Logout 1.0 §2.6)."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from config.logout_token import EVENT, LogoutToken, LogoutTokenRefused, kid_of, verify

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
NOW = int(AT.timestamp())
KEY = ECKey.generate_key("P-256", {"kid": "k1"})
RSA = RSAKey.generate_key(2048, {"kid": "k2"})
RIGHT: dict[str, Any] = {
    "iss": "https://op.example", "aud": "tile", "sub": "s-1", "sid": "sid-1", "iat": NOW, "exp": NOW + 120,
    "jti": "j-1", "events": {EVENT: {}},
}  # fmt: skip


def _token(*, header: dict[str, Any] | None = None, key: Any = KEY, **claims: Any) -> str:
    full = {name: value for name, value in {**RIGHT, **claims}.items() if value is not None}
    alg = {"alg": "ES256", "typ": "logout+jwt", "kid": "k1", **(header or {})}
    return jwt.encode(alg, full, key, algorithms=[alg["alg"]])


def _verify(token: str, key: Any = KEY) -> LogoutToken:
    return verify(token, key, issuer="https://op.example", client_id="tile", at=AT)


def test_a_right_token_holds() -> None:
    token = _token()
    assert kid_of(token) == "k1"
    read = _verify(token)
    assert (read.sub, read.sid, read.jti) == ("s-1", "sid-1", "j-1")
    assert read.remember.total_seconds() >= 120


@pytest.mark.parametrize("missing", ["sub", "sid"])
def test_one_of_sub_and_sid_is_enough(missing: str) -> None:
    assert _verify(_token(**{missing: None}))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"}, {"iss": None}, {"aud": "other"}, {"aud": ["other"]}, {"aud": None},
        {"sub": None, "sid": None}, {"jti": None}, {"events": None}, {"events": {}}, {"events": {EVENT: "x"}},
        {"events": [EVENT]}, {"nonce": "n"}, {"nonce": ""}, {"exp": NOW - 31}, {"exp": None}, {"iat": NOW + 31},
        {"iat": None}, {"sid": 7}, {"jti": "x" * 257},
    ],
)  # fmt: skip
def test_what_does_not_hold_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(LogoutTokenRefused):
        _verify(_token(**claims))


def test_an_audience_may_be_a_list_with_us_in_it() -> None:
    assert _verify(_token(aud=["other", "tile"]))


@pytest.mark.parametrize(
    "header",
    [{"typ": "JWT"}, {"typ": "at+jwt"}, {"typ": ""}, {"jku": "https://evil.example"}, {"jwk": {}}, {"kid": 7}],
)
def test_another_kind_of_token_is_refused_by_its_header(header: dict[str, Any]) -> None:
    encoded = base64.urlsafe_b64encode(
        json.dumps({"alg": "ES256", "typ": "logout+jwt", "kid": "k1", **header}).encode()
    )
    with pytest.raises(LogoutTokenRefused):
        kid_of(f"{encoded.decode().rstrip('=')}.e30.x")


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "é.b.c", "x" * 9000, "W10.e30.x", "bnVsbA.e30.x"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(LogoutTokenRefused):
        kid_of(token)


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "PS256"])
def test_an_algorithm_that_was_not_agreed_on_is_refused(alg: str) -> None:
    """S26."""
    with pytest.raises(LogoutTokenRefused):
        kid_of(_unsigned(alg))


def test_another_key_or_another_algorithm_of_it_is_refused() -> None:
    with pytest.raises(LogoutTokenRefused):
        _verify(_token(), ECKey.generate_key("P-256"))
    with pytest.raises(LogoutTokenRefused):
        _verify(_token(), RSA)
    assert _verify(_token(header={"alg": "RS256", "kid": "k2"}, key=RSA), RSA)


def _unsigned(alg: str) -> str:
    parts = ({"alg": alg, "typ": "logout+jwt", "kid": "k1"}, RIGHT)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."
