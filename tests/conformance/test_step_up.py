"""OAuth 2.0 Step Up Authentication Challenge Protocol (RFC 9470), acr of OpenID Connect Core, RFC 8176."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from idp.clients import ClientRefused, check
from idp.protocol import acr
from idp.protocol.client import Client
from tests.doubles.idp_site import ISSUER, Site, answer_at, decoded, open_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'idp.db'}")
    async with open_site(engine, MemoryStateStore()) as started:
        await started.account()
        yield started
    await engine.dispose()


async def test_a_token_of_too_weak_a_sign_in_is_challenged_with_the_acr_to_ask_for(site: Site) -> None:
    """RFC 9470 §3: 401, insufficient_user_authentication, acr_values."""
    rp = await site.client()
    token = (await rp.tokens(site.browser()))["access_token"]
    assert (await rp.userinfo(token)).status_code == 200
    stricter = replace(await _kept(site, "tile"), required_acr=acr.TWO_FACTOR)
    await site.idp.client_store.save(stricter, at=site.clock())
    challenged = await rp.userinfo(token)
    assert challenged.status_code == 401
    said = challenged.headers["www-authenticate"]
    assert said.startswith('Bearer error="insufficient_user_authentication"')
    assert f'acr_values="{acr.TWO_FACTOR}"' in said


async def _kept(site: Site, client_id: str) -> Client:
    kept = await site.idp.client_store.get(client_id)
    assert kept is not None
    return kept


async def test_access_tokens_tell_acr_and_auth_time(site: Site) -> None:
    """RFC 9470 §6.1."""
    claims = decoded((await (await site.client()).tokens(site.browser()))["access_token"])[1]
    assert claims["acr"] == acr.PASSWORD
    assert claims["auth_time"] == int(site.clock().timestamp())


async def test_discovery_lists_every_acr_there_is(site: Site) -> None:
    """OpenID Connect Discovery §3."""
    async with site.caller() as http:
        found = (await http.get(f"{ISSUER}/.well-known/openid-configuration")).json()
    assert found["acr_values_supported"] == list(acr.SUPPORTED)
    assert found["account_management_uri"] == f"{ISSUER}/account"


async def test_acr_values_never_end_in_an_error(site: Site) -> None:
    """OpenID Connect Core §3.1.2.1: voluntary; §15.1: must at least not be an error."""
    rp = await site.client()
    for value in ("urn:nobody:knows", acr.PASSKEY, f"{acr.PASSKEY} {acr.PASSWORD}", "0", " ", "x" * 2000):
        code = await rp.code(site.browser(), acr_values=value)
        told = decoded((await rp.exchange(code)).json()["id_token"])[1]
        assert (told["acr"], told["amr"]) == (acr.PASSWORD, ["pwd"])


async def test_an_essential_acr_nobody_knows_is_refused_at_once(site: Site) -> None:
    """OpenID Connect Core §5.5.1.1; Core Error Code unmet_authentication_requirements 1.0 §2."""
    rp = await site.client()
    asked = '{"id_token":{"acr":{"essential":true,"values":["urn:nobody:knows"]}}}'
    answer = answer_at(await site.browser().get(rp.url(claims=asked)), rp.redirect_uri)
    assert answer.parameters["error"] == "unmet_authentication_requirements"


async def test_a_client_can_only_require_an_acr_there_is() -> None:
    client = Client(client_id="tile", redirect_uris=("https://a.example/cb",), required_acr="urn:nobody:knows")
    with pytest.raises(ClientRefused, match="required_acr"):
        check(client)
    check(replace(client, required_acr=acr.PASSKEY))
