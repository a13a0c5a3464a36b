"""Access tokens at the API: what holds and what does not (RFC 9068 §4, RFC 6750 §3, RFC 8725)."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from starlette.requests import Request

from config.storage.memory_state import MemoryStateStore
from matters.policy import Role
from portal.api.bearer import BearerTokens
from portal.api.problem_types import INSUFFICIENT_SCOPE, INVALID_REQUEST, INVALID_TOKEN, UNAVAILABLE
from portal.api.refusals import Refused
from portal.api.senders import Senders
from portal.api.signing_keys import SigningKeys
from tests.doubles.dpop_key import DpopKey

ISSUER = "http://127.0.0.1:8500/idp"
API = "http://127.0.0.1:8500/api/v1"
AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
STRANGER = ECKey.generate_key("P-256", {"kid": "ec"})


class Provider:
    """Publishes keys, counts how often it is asked, and can be away."""

    def __init__(self) -> None:
        self.keys: list[Any] = [EC, RSA]
        self.asked = 0
        self.away = False
        self.at = AT
        self.state = MemoryStateStore()

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if self.away:
            raise httpx2.ConnectError("away", request=request)
        if request.url.path.endswith("/openid-configuration"):
            return httpx2.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"})
        self.asked += 1
        return httpx2.Response(200, json=KeySet(self.keys).as_dict(private=False))

    def tokens(self) -> BearerTokens:
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(self.answer))
        keys = SigningKeys(issuer=ISSUER, client=client, clock=lambda: self.at)
        senders = Senders(base_url="http://127.0.0.1:8500", state=self.state, clock=lambda: self.at)
        return BearerTokens(issuer=ISSUER, audience=API, keys=keys, senders=senders, clock=lambda: self.at)


@pytest.fixture
def provider() -> Provider:
    return Provider()


def claims(**changed: Any) -> dict[str, Any]:
    holds = {
        "iss": ISSUER,
        "aud": [API],
        "sub": "s1",
        "client_id": "c1",
        "exp": int((AT + timedelta(minutes=5)).timestamp()),
        "iat": int(AT.timestamp()),
        "jti": "j1",
        "scope": "guides:read cases:read",
        "unit": "320105007-bmfw",
        "region": "320105007",
        "roles": ["clerk", "emperor"],
    }
    return {name: value for name, value in {**holds, **changed}.items() if value is not None}


def token(key: Any = EC, header: Mapping[str, Any] | None = None, **changed: Any) -> str:
    given = {"alg": "ES256", "typ": "at+jwt", "kid": "ec", **(header or {})}
    return jwt.encode(given, claims(**changed), key, algorithms=[str(given["alg"])])


def calling(*authorization: str, query: bytes = b"") -> Request:
    headers = [(b"authorization", each.encode("latin-1")) for each in authorization]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": headers})


async def refusal(provider: Provider, request: Request, scope: str = "cases:read") -> Refused:
    with pytest.raises(Refused) as caught:
        await provider.tokens().actor(request, scope)
    return caught.value


async def test_a_token_that_holds_gives_the_actor_of_its_claims(provider: Provider) -> None:
    actor = await provider.tokens().actor(calling(f"Bearer {token()}"), "cases:read")
    assert (actor.sub, actor.unit, actor.region) == ("s1", "320105007-bmfw", "320105007")
    assert actor.roles == {Role.CLERK}


@pytest.mark.parametrize("header", [{"typ": "application/at+jwt"}, {"typ": "AT+JWT"}])
async def test_the_type_may_be_written_in_full(provider: Provider, header: dict[str, str]) -> None:
    await provider.tokens().actor(calling(f"bearer {token(header=header)}"), "cases:read")


async def test_rs256_is_taken_as_well(provider: Provider) -> None:
    signed = token(RSA, {"alg": "RS256", "kid": "rsa"})
    await provider.tokens().actor(calling(f"Bearer {signed}"), "guides:read")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "http://127.0.0.1:8500"},
        {"iss": None},
        {"aud": "http://127.0.0.1:8500"},
        {"aud": ["http://other"]},
        {"aud": None},
        {"aud": {API: 1}},
        {"exp": int((AT - timedelta(minutes=1)).timestamp())},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"nbf": int((AT + timedelta(hours=1)).timestamp())},
        {"sub": None},
        {"sub": ""},
        {"client_id": None},
        {"scope": ["cases:read"]},
    ],
)
async def test_a_claim_that_does_not_hold_is_invalid_token(provider: Provider, changed: dict[str, Any]) -> None:
    refused = await refusal(provider, calling(f"Bearer {token(**changed)}"))
    assert refused.kind is INVALID_TOKEN
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "logout+jwt"},
        {"jwk": STRANGER.as_dict(private=False)},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/x"},
        {"kid": "unknown"},
        {"kid": "../../../etc/passwd"},
    ],
)
async def test_a_header_that_says_how_to_be_checked_is_refused(provider: Provider, header: dict[str, Any]) -> None:
    signed = jwt.encode({"alg": "ES256", "kid": "ec", "typ": "at+jwt", **header}, claims(), EC)
    assert (await refusal(provider, calling(f"Bearer {signed}"))).kind is INVALID_TOKEN


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")


def unsigned(alg: str, kid: str = "ec") -> str:
    header = {"alg": alg, "typ": "at+jwt", "kid": kid}
    return f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims()).encode())}"


def with_public_key_as_secret() -> str:
    content = unsigned("HS256", "rsa")
    return f"{content}.{encoded(hmac.digest(RSA.as_pem(private=False), content.encode(), 'sha256'))}"


@pytest.mark.parametrize(
    "forged",
    [
        "x",
        "a.b.c",
        "..",
        "e30.e30.e30",
        "W10.e30.x",
        unsigned("none") + ".",
        unsigned("None") + ".",
        unsigned("ES256") + ".",
        token(STRANGER),
        token(RSA, {"alg": "RS256", "kid": "ec"}),
        token() + "x",
        token().rsplit(".", 1)[0] + ".",
        "A" * 9000,
        "\xe9\xe9.a.b",
    ],
)
async def test_a_forged_token_is_refused(provider: Provider, forged: str) -> None:
    assert (await refusal(provider, calling(f"Bearer {forged}"))).kind is INVALID_TOKEN


async def test_a_public_key_used_as_a_secret_signs_nothing(provider: Provider) -> None:
    forged = with_public_key_as_secret()
    assert (await refusal(provider, calling(f"Bearer {forged}"))).kind is INVALID_TOKEN


async def test_without_a_token_no_error_code_is_told(provider: Provider) -> None:
    refused = await refusal(provider, calling())
    assert refused.kind is INVALID_TOKEN
    assert refused.headers["www-authenticate"] == 'Bearer realm="onewindow", scope="cases:read"'


@pytest.mark.parametrize("authorization", [("Basic eDp5",), ("Bearer ",), ("Bearer a", "Bearer b")])
async def test_another_scheme_or_two_at_once_are_refused(provider: Provider, authorization: tuple[str, ...]) -> None:
    assert (await refusal(provider, calling(*authorization))).kind is INVALID_TOKEN


async def test_a_token_in_the_address_is_refused(provider: Provider) -> None:
    refused = await refusal(provider, calling(query=b"access_token=x"))
    assert refused.kind is INVALID_REQUEST


async def test_a_missing_scope_is_named(provider: Provider) -> None:
    refused = await refusal(provider, calling(f"Bearer {token()}"), "cases:write")
    assert refused.kind is INSUFFICIENT_SCOPE
    challenge = refused.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="cases:write"' in challenge


async def test_made_up_kids_make_one_look_in_ten_seconds(provider: Provider) -> None:
    tokens = provider.tokens()
    for n in range(50):
        signed = token(header={"kid": f"k{n}"})
        with pytest.raises(Refused):
            await tokens.actor(calling(f"Bearer {signed}"), "cases:read")
    assert provider.asked == 1


async def test_a_new_key_is_found_once_ten_seconds_have_passed(provider: Provider) -> None:
    tokens = provider.tokens()
    await tokens.actor(calling(f"Bearer {token()}"), "cases:read")
    fresh = ECKey.generate_key("P-256", {"kid": "fresh", "use": "sig"})
    provider.keys.append(fresh)
    signed = token(fresh, {"kid": "fresh"})
    with pytest.raises(Refused):
        await tokens.actor(calling(f"Bearer {signed}"), "cases:read")
    provider.at = AT + timedelta(seconds=10)
    await tokens.actor(calling(f"Bearer {signed}"), "cases:read")
    assert provider.asked == 2


async def test_known_keys_stay_good_while_the_provider_is_away(provider: Provider) -> None:
    tokens = provider.tokens()
    await tokens.actor(calling(f"Bearer {token()}"), "cases:read")
    provider.away, provider.at = True, AT + timedelta(minutes=4)
    provider.at = AT + timedelta(minutes=4)
    await tokens.actor(calling(f"Bearer {token()}"), "cases:read")


async def test_without_any_key_nobody_is_let_in(provider: Provider) -> None:
    provider.away = True
    assert (await refusal(provider, calling(f"Bearer {token()}"))).kind is UNAVAILABLE


# ---- tokens bound to a key (RFC 9449 §7) ----

DPOP = DpopKey()
CASES = f"{API}/cases"


def bound(**changed: Any) -> str:
    return token(cnf={"jkt": DPOP.jkt}, **changed)


def proving(sent: str, *proofs: str, kind: str = "DPoP") -> Request:
    headers = [(b"authorization", f"{kind} {sent}".encode()), *((b"dpop", proof.encode()) for proof in proofs)]
    return Request({"type": "http", "method": "GET", "path": "/api/v1/cases", "query_string": b"", "headers": headers})


def proof(sent: str, key: DpopKey = DPOP, **changed: Any) -> str:
    return key.proof("GET", CASES, at=AT, access_token=sent, **changed)


async def test_a_bound_token_with_a_proof_of_its_key_is_taken(provider: Provider) -> None:
    sent = bound()
    actor = await provider.tokens().actor(proving(sent, proof(sent)), "cases:read")
    assert actor.sub == "s1"


async def test_a_bound_token_sent_as_a_bearer_token_is_refused(provider: Provider) -> None:
    """RFC 9449 §7.2: no downgrade, with a proof or without."""
    sent = bound()
    for request in (calling(f"Bearer {sent}"), proving(sent, proof(sent), kind="Bearer")):
        assert (
            'Bearer realm="onewindow", error="invalid_token"'
            in (await refusal(provider, request)).headers["www-authenticate"]
        )


async def test_an_unbound_token_under_the_dpop_scheme_is_refused(provider: Provider) -> None:
    for sent in (token(), token(cnf={}), token(cnf={"jkt": 5}), token(cnf={"x5t#S256": "x"})):
        told = (await refusal(provider, proving(sent, proof(sent)))).headers["www-authenticate"]
        assert told.startswith('DPoP realm="onewindow", algs="ES256 PS256", error="invalid_token"')


async def test_a_proof_that_does_not_hold_for_the_call_is_refused(provider: Provider) -> None:
    """RFC 9449 §7.1, §4.3: none, two, by another key, for another token, method, address or time."""
    sent = bound()
    refused: list[tuple[str, ...]] = [
        (), (proof(sent), proof(sent)), (proof(sent, DpopKey()),), (proof("another"),), (proof(sent, htm="POST"),),
        (proof(sent, htu=f"{API}/matters"),), (proof(sent, iat=1),), ("x",),
    ]  # fmt: skip
    for proofs in refused:
        told = (await refusal(provider, proving(sent, *proofs))).headers["www-authenticate"]
        assert 'error="invalid_dpop_proof"' in told


async def test_a_proof_is_used_once_at_the_api(provider: Provider) -> None:
    """RFC 9449 §11.1."""
    sent = bound()
    made = proof(sent)
    await provider.tokens().actor(proving(sent, made), "cases:read")
    assert 'error="invalid_dpop_proof"' in (await refusal(provider, proving(sent, made))).headers["www-authenticate"]
