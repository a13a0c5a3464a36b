"""Small rules of the provider: parameters, scope, throttle, sessions, tokens, registration."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.clients import ClientRefused, check
from idp.protocol.account import Account
from idp.protocol.client import Client, hash_secret, is_secret
from idp.protocol.errors import InvalidRequest, InvalidScope
from idp.protocol.parameters import parse
from idp.protocol.refresh_token import Grant, RefreshToken, Use, judge, successor_of
from idp.protocol.scope import allowed_scope, audience
from idp.protocol.session import Session, holds, parse_cookie, start
from idp.protocol.session import hash_secret as hash_session_secret
from idp.protocol.signing import half_hash
from idp.protocol.throttle import network_of, sign_in_bounds

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ACCOUNT = Account(
    sub="s", username="clerk", name="n", unit="u", unit_name="un", region="32", roles=frozenset(), locale="zh-Hans",
    disabled=False, valid_from=AT,
)  # fmt: skip
GRANT = Grant(
    gid="g", sub="s", client_id="app", scope=("openid",), sid="sid", auth_time=AT, acr="a", amr=(),
    userinfo_claims=(), id_token_claims=(), created_at=AT,
)  # fmt: skip
APP = Client(client_id="app", token_endpoint_auth_method="none")


def test_empty_parameters_are_as_if_absent() -> None:
    """RFC 6749 §3.1."""
    assert parse(b"a=1&b=&c") == {"a": "1"}


@pytest.mark.parametrize(
    "raw", [b"a=1&a=2", b"a=%ff", b"\xff=1", b"a=%00", b"&".join(b"a%d=1" % n for n in range(100))]
)
def test_unreadable_parameters_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse(raw)


def test_at_hash_is_the_example_of_the_specification() -> None:
    """OpenID Connect Core appendix A.3: the access token of the example and its at_hash."""
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


def test_the_audience_follows_from_the_scope() -> None:
    assert audience(("openid",), issuer="i", api="a") == "i"
    assert audience(("cases:read",), issuer="i", api="a") == "a"
    assert audience(("openid", "cases:read"), issuer="i", api="a") == ["i", "a"]


@pytest.mark.parametrize("asked", [None, "", "unknown", "openid  profile", 'a"b', "cases:write"])
def test_a_scope_that_gives_nothing_is_refused(asked: str | None) -> None:
    with pytest.raises(InvalidScope):
        allowed_scope(asked, Client(client_id="c", scope=("openid", "profile")))


def test_a_session_cookie_is_sid_and_secret_and_nothing_else_reads_as_one() -> None:
    session, cookie = start(
        ACCOUNT, previous=None, at=AT, token_urlsafe=lambda n: "x" * (n * 4 // 3 + (1 if n % 3 else 0))
    )
    assert parse_cookie(cookie) == (session.sid, cookie.split(".")[1])
    for other in (None, "", session.sid, cookie + "x", cookie.replace(".", ""), "../" + cookie):
        assert parse_cookie(other) is None


def _session(**given: object) -> Session:
    session, _ = start(ACCOUNT, previous=None, at=AT, token_urlsafe=lambda n: "x" * n)
    return replace(session, secret_hash=hash_session_secret("right"), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("account", "secret", "after", "alive"),
    [
        (ACCOUNT, "right", timedelta(minutes=30), True),
        (ACCOUNT, None, timedelta(minutes=30), True),
        (ACCOUNT, "wrong", timedelta(0), False),
        (ACCOUNT, "right", timedelta(minutes=31), False),
        (None, "right", timedelta(0), False),
        (replace(ACCOUNT, disabled=True), "right", timedelta(0), False),
        (replace(ACCOUNT, valid_from=AT + timedelta(microseconds=1)), "right", timedelta(0), False),
        (replace(ACCOUNT, sub="other"), "right", timedelta(0), False),
    ],
)
def test_a_session_holds_only_while_everything_does(
    account: Account | None, secret: str | None, after: timedelta, alive: bool
) -> None:
    assert holds(_session(), secret, account, at=AT + after) is alive


def test_a_session_never_outlives_twelve_hours() -> None:
    late = AT + timedelta(hours=12)
    assert not holds(_session(used_at=late), "right", ACCOUNT, at=late)


@pytest.mark.parametrize(
    ("changes", "after", "use"),
    [
        ({}, 0, Use.ROTATE),
        ({"replaced_at": AT}, 10, Use.REPEAT),
        ({"replaced_at": AT}, 11, Use.REUSE),
        ({"replaced_at": AT, "successor_replaced": True}, 1, Use.REUSE),
        ({"grant": replace(GRANT, revoked_at=AT)}, 0, Use.DEAD),
        ({"grant": replace(GRANT, client_id="other")}, 0, Use.DEAD),
        ({}, 3600, Use.DEAD),
    ],
)
def test_a_public_clients_refresh_token_is_judged(changes: dict[str, object], after: int, use: Use) -> None:
    """RFC 9700 §4.14.2."""
    token = RefreshToken(
        token_hash="h", grant=GRANT, issued_at=AT, expires_at=AT + timedelta(hours=1), replaced_at=None,
        successor_replaced=False,
    )  # fmt: skip
    assert judge(replace(token, **changes), APP, at=AT + timedelta(seconds=after)) is use  # type: ignore[arg-type]


def test_a_successor_follows_from_its_parent_and_our_key() -> None:
    assert successor_of("token", b"k" * 32) == successor_of("token", b"k" * 32)
    assert successor_of("token", b"k" * 32) != successor_of("token", b"l" * 32)


def test_a_client_secret_fits_its_client_only() -> None:
    client = Client(client_id="c", client_secret_hash=hash_secret("right"))
    assert is_secret(client, "right")
    assert not is_secret(client, "wrong")
    assert not is_secret(Client(client_id="c"), "")


@pytest.mark.parametrize(
    ("address", "network"),
    [("10.0.0.1", "10.0.0.1"), ("2001:db8::1:2", "2001:db8::/64"), ("::ffff:10.0.0.1", "10.0.0.1"), ("", "unknown")],
)
def test_an_ipv6_address_counts_by_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_counters_name_nobody() -> None:
    bounds = sign_in_bounds("wang", "10.0.0.1", known_browser=None)
    assert not any("wang" in bound.key or "10.0.0.1" in bound.key for bound in bounds)


@pytest.mark.parametrize(
    "client",
    [
        Client(client_id="a b", redirect_uris=("https://a.example/",)),
        Client(client_id="abc", grant_types=("implicit",)),
        Client(client_id="abc", redirect_uris=()),
        Client(client_id="abc", redirect_uris=("https://a.example/",), scope=("everything",)),
        Client(client_id="abc", redirect_uris=("http://a.example/",)),
        Client(client_id="abc", redirect_uris=("https://a.example/",), post_logout_redirect_uris=("javascript:1",)),
        Client(client_id="abc", redirect_uris=("https://a.example/",), token_endpoint_auth_method="private_key_jwt"),
        Client(client_id="abc", redirect_uris=("https://a.example/",), jwks=({"kty": "oct", "k": "x"},)),
    ],
)
def test_a_registration_that_does_not_hold_is_refused(client: Client) -> None:
    """RFC 7591 §3.2.2."""
    with pytest.raises(ClientRefused):
        check(client)
