"""FAPI 2.0 Security Profile (Final): the client policy `fapi2`, all of it at once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from joserfc.jwk import RSAKey

from idp.clients import ClientRefused
from tests.doubles.dpop_key import DpopKey
from tests.doubles.idp_site import ISSUER, VERIFIER, RelyingParty, Site, answer_at, decoded
from tests.doubles.signing_party import ASSERTION_TYPE, PUBLIC, assertion, request_object, sign, signing_client

PLAIN = {name: value for name, value in PUBLIC.items() if name != "kid"}
RSA = RSAKey.generate_key(2048, {"kid": "k-1"})


class FapiParty:
    """A relying party that keeps the profile; each call may break one rule of it."""

    def __init__(self, rp: RelyingParty) -> None:
        self.rp = rp
        self.key = DpopKey()

    @property
    def at(self) -> Any:
        return self.rp.site.clock()

    async def post(
        self,
        endpoint: str,
        fields: Mapping[str, str | None],
        *,
        claims: dict[str, Any] | None = None,
        dpop: bool = True,
        **header: Any,
    ) -> httpx2.Response:
        """Post with an assertion and a proof; asks again with the nonce it is told, as §5.3.2.1 lets a provider."""
        nonce = None
        for _ in range(2):
            proof = {"dpop": self.key.proof("POST", ISSUER + endpoint, at=self.at, nonce=nonce)} if dpop else {}
            own = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(self.rp, claims, **header)}
            sent = {name: value for name, value in {**own, **fields}.items() if value is not None}
            async with self.rp.site.caller(**proof) as http:
                answer = await http.post(ISSUER + endpoint, data=sent)
            if answer.json().get("error") != "use_dpop_nonce":
                return answer
            nonce = answer.headers["dpop-nonce"]
        raise AssertionError("the nonce was refused")

    async def push(self, **parameters: str | None) -> httpx2.Response:
        return await self.post("/par", self.rp.request(**parameters))

    async def url(self, **parameters: str | None) -> str:
        answer = await self.push(**parameters)
        assert answer.status_code == 201, answer.text
        named = {"client_id": self.rp.client.client_id, "request_uri": answer.json()["request_uri"]}
        return f"{ISSUER}/authorize?{urlencode(named)}"

    async def code(self, **parameters: str | None) -> str:
        page = await self.rp.site.browser().sign_in(await self.url(**parameters))
        return answer_at(page, self.rp.redirect_uri).parameters["code"]

    def exchange_fields(self, code: str) -> dict[str, str]:
        return {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.rp.redirect_uri,
            "code_verifier": VERIFIER,
        }  # fmt: skip

    async def tokens(self, **parameters: str | None) -> dict[str, Any]:
        answer = await self.post("/token", self.exchange_fields(await self.code(**parameters)))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


async def _party(site: Site, **given: Any) -> FapiParty:
    wanted = {"profile": "fapi2", "token_endpoint_auth_method": "private_key_jwt"}
    return FapiParty(await signing_client(site, **wanted | given))


async def test_a_client_that_keeps_the_profile_gets_sender_constrained_tokens(site: Site) -> None:
    """§5.3.2.1, §5.3.2.2: PAR, PKCE, private_key_jwt, DPoP; the id_token is ES256."""
    party = await _party(site)
    tokens = await party.tokens()
    assert tokens["token_type"] == "DPoP"
    assert decoded(tokens["access_token"])[1]["cnf"] == {"jkt": party.key.jkt}
    assert decoded(tokens["id_token"])[0]["alg"] == "ES256"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({"pkce": "pkce_or_nonce"}, "pkce"),
        ({"pkce": "certification"}, "pkce"),
        ({"id_token_signed_response_alg": "RS256"}, "id_token_signed_response_alg"),
        ({"request_object_signing_alg": "RS256"}, "request_object_signing_alg"),
        ({"redirect_uris": ("http://127.0.0.1/cb",)}, "redirect_uris"),
        ({"jwks": ({**PLAIN, "alg": "RS256"},)}, "jwks"),
        ({"jwks": ({"kty": "RSA", "n": "AQAB" * 40, "e": "AQAB"},)}, "jwks"),
        ({"jwks": ({"kty": "OKP", "crv": "Ed25519", "x": "x"},)}, "jwks"),
        ({"jwks": ({"kty": "EC", "crv": "P-192", "x": "x", "y": "y"},)}, "jwks"),
    ],
)
async def test_a_registration_that_cannot_keep_the_profile_is_refused(
    site: Site, given: dict[str, Any], field: str
) -> None:
    """§5.3.2.1, §5.3.2.2, §5.4.1: the message names the metadata field."""
    with pytest.raises(ClientRefused, match=f"^{field}:"):
        await _party(site, **given)


async def test_a_request_that_was_not_pushed_is_refused(site: Site) -> None:
    """§5.3.2.2, also when it is signed."""
    party = await _party(site)
    for url in (party.rp.url(), party.rp.url(request=request_object(party.rp))):
        answer = answer_at(await site.browser().get(url), party.rp.redirect_uri)
        assert answer.parameters["error"] == "invalid_request"
        assert answer.parameters["iss"] == ISSUER


async def test_pushing_without_authentication_is_refused(site: Site) -> None:
    """§5.3.2.2."""
    party = await _party(site)
    async with site.caller() as http:
        answer = await http.post(f"{ISSUER}/par", data=party.rp.request())
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"redirect_uri": None},
        {"redirect_uri": "https://tile.example/other"},
    ],
)
async def test_pushing_without_s256_or_redirect_uri_is_refused(site: Site, changes: dict[str, str | None]) -> None:
    """§5.3.2.2."""
    answer = await (await _party(site)).push(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_code_without_its_verifier_is_refused(site: Site) -> None:
    """§5.3.2.2."""
    party = await _party(site)
    fields = party.exchange_fields(await party.code())
    answer = await party.post("/token", {**fields, "code_verifier": None})
    assert answer.json()["error"] == "invalid_grant"


async def test_tokens_are_never_bearer(site: Site) -> None:
    """§5.3.2.1: a token request without a proof gets none, for a code and for a refresh token."""
    party = await _party(site)
    tokens = await party.tokens(scope="openid offline_access")
    for fields in (
        party.exchange_fields(await party.code()),
        {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
    ):
        answer = await party.post("/token", fields, dpop=False)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_a_sender_constrained_token_is_refused_as_bearer(site: Site) -> None:
    """§5.3.4, RFC 9449 §7.2."""
    party = await _party(site)
    assert (await party.rp.userinfo((await party.tokens())["access_token"])).status_code == 401


async def test_the_code_is_bound_to_the_key_of_the_pushed_proof(site: Site) -> None:
    """§5.3.2.1: authorization code binding to a DPoP key (RFC 9449 §10.1)."""
    party = await _party(site)
    code = await party.code()
    party.key = DpopKey()
    answer = await party.post("/token", party.exchange_fields(code))
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_grant", "invalid_dpop_proof")


async def test_a_dpop_jkt_that_is_not_the_proofs_key_is_refused(site: Site) -> None:
    """RFC 9449 §10.1."""
    answer = await (await _party(site)).push(dpop_jkt=DpopKey().jkt)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("audience", [[ISSUER], f"{ISSUER}/token", f"{ISSUER}/par", f"{ISSUER}/", None])
async def test_the_assertions_audience_is_the_issuer_as_a_string(site: Site, audience: object) -> None:
    """§5.3.2.1."""
    party = await _party(site)
    answer = await party.post("/par", party.rp.request(), claims={"aud": audience})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("name", ["iat", "nbf"])
@pytest.mark.parametrize(("ahead", "status"), [(0, 201), (8, 201), (61, 401), (3600, 401)])
async def test_clocks_may_differ_a_little(site: Site, name: str, ahead: int, status: int) -> None:
    """§5.3.2.1: up to 10 seconds ahead is taken, more than 60 is not."""
    party = await _party(site)
    then = int(site.clock().timestamp()) + ahead
    answer = await party.post("/par", party.rp.request(), claims={name: then, "exp": then + 30})
    assert answer.status_code == status


async def test_rs256_is_refused_and_ps256_taken(site: Site) -> None:
    """§5.4.1, for assertions and request objects."""
    jwk = {str(k): str(v) for k, v in RSA.as_dict(private=False).items() if k != "alg"}
    party = await _party(site, jwks=(jwk,))
    for alg, status in (("RS256", 401), ("PS256", 201)):
        assert (await party.post("/par", party.rp.request(), key=RSA, alg=alg)).status_code == status
    for alg, status in (("RS256", 400), ("PS256", 201)):
        signed = sign(decoded(request_object(party.rp))[1], key=RSA, alg=alg)
        answer = await party.post("/par", {"request": signed}, key=RSA, alg="PS256")
        assert answer.status_code == status, answer.text


async def test_a_refresh_token_stays_as_it_is(site: Site) -> None:
    """§5.3.2.1: no rotation."""
    party = await _party(site)
    token = (await party.tokens(scope="openid offline_access"))["refresh_token"]
    for _ in range(3):
        site.clock.forward(timedelta(minutes=1))
        answer = await party.post("/token", {"grant_type": "refresh_token", "refresh_token": token})
        assert answer.status_code == 200, answer.text
        assert answer.json().get("refresh_token", token) == token


async def test_a_code_lives_for_a_minute_at_most_and_is_used_once(site: Site) -> None:
    """§5.3.2.1, §5.3.2.2."""
    party = await _party(site)
    code = await party.code()
    site.clock.forward(timedelta(seconds=60))
    assert (await party.post("/token", party.exchange_fields(code))).json()["error"] == "invalid_grant"
    code = await party.code()
    assert (await party.post("/token", party.exchange_fields(code))).status_code == 200
    assert (await party.post("/token", party.exchange_fields(code))).json()["error"] == "invalid_grant"


async def test_the_pushed_request_lives_for_less_than_ten_minutes(site: Site) -> None:
    """§5.3.2.2."""
    assert (await (await _party(site)).push()).json()["expires_in"] < 600


async def test_answers_are_carried_by_303_with_iss(site: Site) -> None:
    """§5.3.2.2: never 307; RFC 9207."""
    party, browser = await _party(site), site.browser()
    answer = answer_at(await browser.sign_in(await party.url()), party.rp.redirect_uri)
    assert answer.parameters["iss"] == ISSUER
    refused = await browser.get(await party.url(prompt="none", max_age="0", id_token_hint="x"))
    assert answer_at(refused, party.rp.redirect_uri).parameters["iss"] == ISSUER


async def test_the_password_grant_does_not_exist(site: Site) -> None:
    """§5.3.2.1."""
    party = await _party(site)
    answer = await party.post("/token", {"grant_type": "password", "username": "clerk", "password": "x"})
    assert answer.json()["error"] == "unsupported_grant_type"
