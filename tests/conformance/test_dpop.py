"""Demonstrating Proof of Possession: RFC 9449 at the endpoints; S29. The rules of one proof: tests/unit/idp/test_dpop_proof.py."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from idp import clients
from tests.doubles.dpop_key import DpopKey
from tests.doubles.idp_site import CHALLENGE, ISSUER, VERIFIER, Browser, RelyingParty, Site, another_process, decoded

TOKEN, USERINFO = f"{ISSUER}/token", f"{ISSUER}/userinfo"


@dataclass
class Sender:
    """A relying party that holds a key and keeps the nonce it was given."""

    rp: RelyingParty
    key: DpopKey = field(default_factory=DpopKey)
    nonce: str | None = None

    @property
    def site(self) -> Site:
        return self.rp.site

    def proof(self, method: str, address: str, **given: Any) -> str:
        return self.key.proof(method, address, at=self.site.clock(), nonce=self.nonce, **given)

    async def post(self, fields: dict[str, str | None], proof: str | None = None) -> httpx2.Response:
        """Ask the token endpoint; ask again with the nonce when one is wanted, as clients do."""
        answer = await self.rp.post("/token", fields, dpop=proof or self.proof("POST", TOKEN))
        if answer.status_code == 400 and answer.json()["error"] == "use_dpop_nonce" and proof is None:
            self.nonce = answer.headers["dpop-nonce"]
            answer = await self.rp.post("/token", fields, dpop=self.proof("POST", TOKEN))
        return answer

    async def exchange(self, code: str, proof: str | None = None) -> httpx2.Response:
        return await self.post(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.rp.redirect_uri,
                "code_verifier": VERIFIER,
            },
            proof,
        )

    async def refresh(self, token: str, proof: str | None = None) -> httpx2.Response:
        return await self.post({"grant_type": "refresh_token", "refresh_token": token}, proof)

    async def tokens(self, browser: Browser, **parameters: str) -> dict[str, Any]:
        answer = await self.exchange(await self.rp.code(browser, **parameters))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def userinfo(self, token: str, proof: str | None = None, *, scheme: str = "DPoP") -> httpx2.Response:
        made = proof or self.proof("GET", USERINFO, access_token=token)
        async with self.site.caller(authorization=f"{scheme} {token}", dpop=made) as http:
            return await http.get(USERINFO)


@pytest.fixture
async def sender(site: Site) -> Sender:
    return Sender(await site.client())


def _challenge(answer: httpx2.Response) -> str:
    assert answer.status_code == 401
    said: str = answer.headers["www-authenticate"]
    assert said.startswith("DPoP ")
    assert 'algs="ES256 PS256"' in said
    return said


async def test_a_proof_at_the_token_endpoint_binds_the_access_token_to_its_key(site: Site, sender: Sender) -> None:
    """§5, §6.1: token_type DPoP, cnf.jkt the thumbprint."""
    answer = await sender.tokens(site.browser())
    assert answer["token_type"] == "DPoP"
    assert decoded(answer["access_token"])[1]["cnf"] == {"jkt": sender.key.jkt}
    assert "cnf" not in decoded(answer["id_token"])[1]


async def test_without_a_proof_the_token_is_a_bearer_token(site: Site, sender: Sender) -> None:
    answer = await sender.rp.tokens(site.browser())
    assert answer["token_type"] == "Bearer"
    assert "cnf" not in decoded(answer["access_token"])[1]


async def test_a_proof_without_a_nonce_is_told_which_to_use(site: Site, sender: Sender) -> None:
    """§8: 400 use_dpop_nonce with the header, and no code is spent on it."""
    code = await sender.rp.code(site.browser())
    answer = await sender.exchange(code, sender.proof("POST", TOKEN))
    assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce")
    assert answer.headers["cache-control"] == "no-store"
    sender.nonce = answer.headers["dpop-nonce"]
    assert (await sender.exchange(code)).status_code == 200


async def test_an_old_or_made_up_nonce_is_told_the_new_one(site: Site, sender: Sender) -> None:
    """§8."""
    await sender.tokens(site.browser())
    old = sender.nonce
    site.clock.forward(timedelta(minutes=5))
    for nonce in (old, "made-up"):
        sender.nonce = nonce
        answer = await sender.post({"grant_type": "refresh_token", "refresh_token": "x"}, sender.proof("POST", TOKEN))
        assert answer.json()["error"] == "use_dpop_nonce"
        assert answer.headers["dpop-nonce"] != old


async def test_every_answer_to_a_proof_brings_the_nonce_for_the_next(site: Site, sender: Sender) -> None:
    """§8.2."""
    token = (await sender.tokens(site.browser()))["access_token"]
    site.clock.forward(timedelta(minutes=1))
    answer = await sender.userinfo(token)
    assert answer.status_code == 200
    assert answer.headers["dpop-nonce"] != sender.nonce


async def test_nonces_hold_at_every_process_and_survive_the_loss_of_the_state_store(
    site: Site, sender: Sender, ground: Any
) -> None:
    """§8: made, not kept."""
    engine, state = ground
    async with another_process(engine, state, site.clock) as other:
        nonces = (site.idp.dpop.nonces, other.idp.dpop.nonces)
        assert nonces[1].holds(nonces[0].current(site.clock()), at=site.clock())


async def test_a_proof_is_used_once(site: Site, sender: Sender) -> None:
    """§11.1."""
    token = (await sender.tokens(site.browser()))["access_token"]
    proof = sender.proof("GET", USERINFO, access_token=token)
    assert (await sender.userinfo(token, proof)).status_code == 200
    assert "invalid_dpop_proof" in _challenge(await sender.userinfo(token, proof))


async def test_a_proof_used_at_one_process_is_used_at_every_other(site: Site, sender: Sender, ground: Any) -> None:
    """§11.1; S29."""
    engine, state = ground
    token = (await sender.tokens(site.browser()))["access_token"]
    proof = sender.proof("GET", USERINFO, access_token=token)
    assert (await sender.userinfo(token, proof)).status_code == 200
    async with another_process(engine, state, site.clock) as other:
        elsewhere = replace(sender, rp=RelyingParty(other, sender.rp.client, sender.rp.secret))
        assert "invalid_dpop_proof" in _challenge(await elsewhere.userinfo(token, proof))


@pytest.mark.parametrize(
    "given",
    [
        {"htm": "GET"}, {"htu": USERINFO}, {"iat": 1}, {"jti": None}, {"header": {"typ": "JWT"}},
        {"header": {"alg": "none"}}, {"header": {"jwk": None}},
    ],
)  # fmt: skip
async def test_a_proof_that_does_not_hold_is_invalid_dpop_proof(
    site: Site, sender: Sender, given: dict[str, Any]
) -> None:
    """§5: the request is refused, and the code stays good for an honest one."""
    code = await sender.rp.code(site.browser())
    answer = await sender.exchange(code, sender.proof("POST", TOKEN, **given))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert (await sender.exchange(code)).status_code == 200


async def test_two_proofs_are_refused(site: Site, sender: Sender) -> None:
    """§4.3 check 1."""
    code = await sender.rp.code(site.browser())
    headers = [("dpop", sender.proof("POST", TOKEN)), ("dpop", sender.proof("POST", TOKEN)), *sender.rp.basic.items()]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": sender.rp.redirect_uri}
    async with site.caller() as http:
        answer = await http.post(TOKEN, data=fields, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_a_bound_token_opens_userinfo_with_a_proof_of_its_key(site: Site, sender: Sender) -> None:
    """§7.1; the scheme's name is not case-sensitive."""
    token = (await sender.tokens(site.browser()))["access_token"]
    for scheme in ("DPoP", "dpop"):
        answer = await sender.userinfo(token, scheme=scheme)
        assert answer.status_code == 200
        assert answer.json()["sub"]


async def test_a_bound_token_is_refused_as_a_bearer_token(site: Site, sender: Sender) -> None:
    """§7.2: no downgrade, in the header or in the body."""
    token = (await sender.tokens(site.browser()))["access_token"]
    assert (await sender.rp.userinfo(token)).json()["error"] == "invalid_token"
    with_proof = await sender.userinfo(token, scheme="Bearer")
    assert (with_proof.status_code, with_proof.json()["error"]) == (401, "invalid_token")
    async with site.caller() as http:
        assert (await http.post(USERINFO, data={"access_token": token})).status_code == 401


async def test_a_bearer_token_is_refused_under_the_dpop_scheme(site: Site, sender: Sender) -> None:
    """§7.1: a token that isn't bound proves nothing by a proof."""
    token = (await sender.rp.tokens(site.browser()))["access_token"]
    assert "invalid_token" in _challenge(await sender.userinfo(token))


async def test_the_key_can_not_be_swapped_at_userinfo(site: Site, sender: Sender) -> None:
    """§7.1; S29."""
    token = (await sender.tokens(site.browser()))["access_token"]
    thief = Sender(sender.rp, nonce=sender.nonce)
    assert "invalid_token" in _challenge(await thief.userinfo(token))


async def test_the_proof_at_userinfo_names_the_very_token(site: Site, sender: Sender) -> None:
    """§4.3 check 12."""
    token = (await sender.tokens(site.browser()))["access_token"]
    for proof in (sender.proof("GET", USERINFO), sender.proof("GET", USERINFO, access_token="another")):
        assert "invalid_dpop_proof" in _challenge(await sender.userinfo(token, proof))


async def test_a_bound_token_without_a_proof_is_refused(site: Site, sender: Sender) -> None:
    """§7.1."""
    token = (await sender.tokens(site.browser()))["access_token"]
    async with site.caller(authorization=f"DPoP {token}") as http:
        assert "invalid_dpop_proof" in _challenge(await http.get(USERINFO))


async def test_userinfo_asks_for_a_nonce_with_401(site: Site, sender: Sender) -> None:
    """§9."""
    token = (await sender.tokens(site.browser()))["access_token"]
    sender.nonce = None
    answer = await sender.userinfo(token)
    assert 'error="use_dpop_nonce"' in _challenge(answer)
    sender.nonce = answer.headers["dpop-nonce"]
    assert (await sender.userinfo(token)).status_code == 200


async def test_without_a_token_both_schemes_are_offered(site: Site) -> None:
    """§7.1."""
    async with site.caller() as http:
        said = (await http.get(USERINFO)).headers["www-authenticate"]
    assert said == 'Bearer, DPoP algs="ES256 PS256"'


async def test_a_code_bound_by_dpop_jkt_is_given_to_its_key_alone(site: Site, sender: Sender) -> None:
    """§10."""
    browser = site.browser()
    bound = await sender.rp.code(browser, dpop_jkt=sender.key.jkt)
    assert (await sender.exchange(bound)).json()["token_type"] == "DPoP"
    for thief in (Sender(sender.rp), None):
        code = await sender.rp.code(browser, dpop_jkt=sender.key.jkt)
        answer = await (thief.exchange(code) if thief else sender.rp.exchange(code))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("jkt", ["short", "a" * 44, "ä" * 43])
async def test_a_dpop_jkt_that_is_no_thumbprint_is_refused(site: Site, sender: Sender, jkt: str) -> None:
    """§10."""
    page = await site.browser().get(sender.rp.url(dpop_jkt=jkt))
    assert "error=invalid_request" in page.headers["location"]


async def test_a_public_clients_refresh_token_is_bound_to_the_key(site: Site) -> None:
    """§5: another key, or none, is refused; its own gets a new token bound to it."""
    sender = Sender(await site.client("app", token_endpoint_auth_method="none"))
    answer = await sender.tokens(site.browser(), scope="openid offline_access")
    token = answer["refresh_token"]
    for refused in (
        await Sender(sender.rp).refresh(token),
        await sender.rp.refresh(token),
    ):
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    again = await sender.refresh(token)
    assert again.json()["token_type"] == "DPoP"
    assert again.json()["refresh_token"] != token
    assert decoded(again.json()["access_token"])[1]["cnf"] == {"jkt": sender.key.jkt}


async def test_a_confidential_client_may_change_its_key_at_refresh(site: Site, sender: Sender) -> None:
    """§5: its refresh token is bound by its credentials; the new access token is bound to the new key."""
    token = (await sender.tokens(site.browser(), scope="openid offline_access"))["refresh_token"]
    other = Sender(sender.rp)
    answer = (await other.refresh(token)).json()
    assert decoded(answer["access_token"])[1]["cnf"] == {"jkt": other.key.jkt}


async def test_a_client_registered_for_bound_tokens_gets_no_others(site: Site) -> None:
    """§5.2."""
    sender = Sender(await site.client("strict", dpop_bound_access_tokens=True))
    code = await sender.rp.code(site.browser())
    answer = await sender.rp.exchange(code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert (await sender.exchange(code)).json()["token_type"] == "DPoP"


async def test_a_clients_own_token_is_bound_too(site: Site) -> None:
    """§5: any grant."""
    rp = await site.client("api", grant_types=("client_credentials",), scope=("cases:read",), redirect_uris=())
    answer = (await Sender(rp).post({"grant_type": "client_credentials"})).json()
    assert answer["token_type"] == "DPoP"


async def test_introspection_tells_the_key_and_the_type(site: Site, sender: Sender) -> None:
    """§6.2."""
    token = (await sender.tokens(site.browser()))["access_token"]
    told = await sender.rp.introspect(token)
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "DPoP", {"jkt": sender.key.jkt})
    plain = await sender.rp.introspect((await sender.rp.tokens(site.browser()))["access_token"])
    assert plain["token_type"] == "Bearer"
    assert "cnf" not in plain


async def test_revocation_takes_a_bound_token(site: Site, sender: Sender) -> None:
    """RFC 7009 §2: the client authenticates, the key isn't asked."""
    token = (await sender.tokens(site.browser()))["access_token"]
    assert (await sender.rp.post("/revoke", {"token": token})).status_code == 200
    assert "invalid_token" in _challenge(await sender.userinfo(token))


async def test_discovery_tells_the_algorithms(site: Site) -> None:
    """§5.1."""
    async with site.caller() as http:
        document = (await http.get(f"{ISSUER}/.well-known/openid-configuration")).json()
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256"]


async def test_a_stopped_clients_bound_token_is_dead(site: Site, sender: Sender) -> None:
    token = (await sender.tokens(site.browser()))["access_token"]
    await clients.disable(site.idp.client_store, sender.rp.client.client_id, at=site.clock())
    _challenge(await sender.userinfo(token))


async def test_a_browser_flow_knows_nothing_of_dpop(site: Site, sender: Sender) -> None:
    """A DPoP header at authorize means nothing (§5 speaks of the token endpoint)."""
    browser = site.browser(dpop="not a proof")
    assert await sender.rp.code(browser, code_challenge=CHALLENGE)
