"""The API with tokens bound to a key, from the real provider: RFC 9449 §7, on both ways to run."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from config.clock import utc_now
from tests.conftest import Backend
from tests.doubles.api_house import ALL_SCOPES, CLIENT_SECRET, House, house
from tests.doubles.dpop_key import DpopKey

CASES = "/api/v1/cases"


@pytest.fixture
async def one(backend: Backend, tmp_path: Path) -> AsyncIterator[House]:
    async with house(backend.engine, backend.state, tmp_path) as opened:
        yield opened


async def _bound_token(one: House, key: DpopKey) -> str:
    await one.register("bound-api")
    token_url = f"{one.settings.issuer}/token"
    fields = {"grant_type": "client_credentials", "scope": " ".join(ALL_SCOPES)}
    nonce = None
    for _ in range(2):  # the first answer brings the nonce
        answer = await one.client.post(
            "/idp/token", data=fields, auth=("bound-api", CLIENT_SECRET),
            headers={"dpop": key.proof("POST", token_url, at=utc_now(), nonce=nonce)},
        )  # fmt: skip
        nonce = answer.headers["dpop-nonce"]
    assert answer.json()["token_type"] == "DPoP"
    return str(answer.json()["access_token"])


async def _cases(one: House, token: str, proof: str, scheme: str = "DPoP") -> httpx2.Response:
    return await one.client.get(CASES, headers={"authorization": f"{scheme} {token}", "dpop": proof})


async def test_a_bound_token_opens_the_api_with_a_proof_for_each_call(one: House) -> None:
    key = DpopKey()
    token, address = await _bound_token(one, key), one.settings.base_url + CASES
    proofs = [key.proof("GET", address, at=utc_now(), access_token=token) for _ in range(2)]
    assert [(await _cases(one, token, proof)).status_code for proof in proofs] == [200, 200]
    again = await _cases(one, token, proofs[0])
    assert (again.status_code, "invalid_dpop_proof" in again.headers["www-authenticate"]) == (401, True)


async def test_a_stolen_bound_token_is_of_no_use(one: House) -> None:
    token, address = await _bound_token(one, DpopKey()), one.settings.base_url + CASES
    thief = DpopKey().proof("GET", address, at=utc_now(), access_token=token)
    for scheme in ("DPoP", "Bearer"):
        assert (await _cases(one, token, thief, scheme)).status_code == 401
    assert (await one.client.get(CASES, headers={"authorization": f"Bearer {token}"})).status_code == 401
