"""RFC 9126, OAuth 2.0 Pushed Authorization Requests."""

from datetime import timedelta
from pathlib import Path

import pytest

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from idp import clients
from tests.doubles.idp_site import ISSUER, PASSWORD, Site, answer_at, decoded, open_site
from tests.doubles.signing_party import push, pushed_url, request_object, signing_client, url_of


async def test_a_pushed_request_is_answered_with_a_request_uri_for_a_short_time(site: Site) -> None:
    """§2.2: 201, request_uri, expires_in; FAPI 2.0 §5.3.2.2 wants less than 600 seconds."""
    rp = await site.client()
    answer = await push(rp)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"request_uri", "expires_in"}
    assert answer.json()["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 5 <= answer.json()["expires_in"] < 600


async def test_a_request_uri_cannot_be_foreseen(site: Site) -> None:
    """§7.1: at least 128 bits, and never twice the same."""
    rp = await site.client()
    uris = {(await push(rp)).json()["request_uri"] for _ in range(3)}
    assert len(uris) == 3
    assert all(len(uri.rpartition(":")[2]) >= 43 for uri in uris)


async def test_a_pushed_request_leads_to_tokens(site: Site) -> None:
    """§4."""
    rp, browser = await site.client(), site.browser()
    url = await pushed_url(rp, nonce="pushed-nonce", state="pushed-state")
    answer = answer_at(await browser.sign_in(url), rp.redirect_uri)
    assert answer.parameters["state"] == "pushed-state"
    tokens = (await rp.exchange(answer.parameters["code"])).json()
    assert decoded(tokens["id_token"])[1]["nonce"] == "pushed-nonce"


async def test_what_stands_beside_the_request_uri_does_not_count(site: Site) -> None:
    """§4, RFC 9101 §6.3."""
    rp = await site.client()
    uri = (await push(rp, scope="openid", state="inner")).json()["request_uri"]
    url = url_of(rp, uri, scope="openid profile unit", state="outer", redirect_uri="https://evil.example/cb")
    answer = answer_at(await site.browser().sign_in(url), rp.redirect_uri)
    assert answer.parameters["state"] == "inner"
    assert (await rp.exchange(answer.parameters["code"])).json()["scope"] == "openid"


async def test_the_client_authenticates_as_at_the_token_endpoint(site: Site) -> None:
    """§2.1."""
    rp = await site.client()
    async with site.caller() as http:
        nobody = await http.post(f"{ISSUER}/par", data=rp.request())
        wrong = await http.post(f"{ISSUER}/par", data=rp.request() | {"client_secret": "x" * 43})
    assert [nobody.status_code, wrong.status_code] == [401, 401]
    assert nobody.json()["error"] == "invalid_client"


async def test_a_public_client_may_push(site: Site) -> None:
    """§2: where the token endpoint asks for no authentication, neither does this one."""
    rp = await site.client(token_endpoint_auth_method="none", application_type="native")
    assert "code" in answer_at(await site.browser().sign_in(await pushed_url(rp)), rp.redirect_uri).parameters


async def test_credentials_and_client_id_must_agree(site: Site) -> None:
    """§2.1."""
    rp = await site.client()
    await site.client("other")
    assert (await push(rp, client_id="other")).status_code == 401


async def test_a_request_uri_is_refused_in_a_pushed_request(site: Site) -> None:
    """§2.1."""
    rp = await site.client()
    answer = await push(rp, request_uri="urn:ietf:params:oauth:request_uri:x")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_only_post_is_allowed(site: Site) -> None:
    """§2.3: 405 for any other method."""
    async with site.caller() as http:
        assert (await http.get(f"{ISSUER}/par")).status_code == 405
        assert (await http.put(f"{ISSUER}/par")).status_code == 405


async def test_parameters_in_the_address_are_refused(site: Site) -> None:
    """§2.1: application/x-www-form-urlencoded in the body."""
    rp = await site.client()
    answer = await rp.post("/par?scope=openid", {**rp.request()})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_too_large_a_request_is_refused(site: Site) -> None:
    """§2.3: what is kept has a bound."""
    rp = await site.client()
    answer = await push(rp, something="x" * 20_000)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"claims": "["}, "invalid_request"),
        ({"resource": "https://unknown.example/"}, "invalid_target"),
        ({"response_mode": "fragment"}, "invalid_request"),
    ],
)
async def test_a_request_that_would_fail_is_refused_at_once(
    site: Site, changes: dict[str, str | None], error: str
) -> None:
    """§2.1: validated as an authorization request would be; §2.3: told in the token endpoint's form."""
    rp = await site.client()
    answer = await push(rp, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_a_request_uri_is_used_once_and_only_when_the_authorization_is_completed(site: Site) -> None:
    """§4, §7.3; FAPI 2.0 §5.3.2.2: opening the address is no use yet. S25."""
    rp, browser = await site.client(), site.browser()
    url = await pushed_url(rp)
    first = await browser.get(url)
    assert 'name="password"' in first.text
    again = await browser.get(url)
    assert 'name="password"' in again.text
    assert (
        "code"
        in answer_at(await browser.submit(again, username="clerk", password=PASSWORD), rp.redirect_uri).parameters
    )
    replayed = await browser.get(url)
    assert replayed.status_code == 400
    assert "只能使用一次" in replayed.text


async def test_two_interactions_begun_with_one_request_uri_give_one_code(site: Site) -> None:
    """§7.3: of two pages that were open, one is answered."""
    rp, browser = await site.client(), site.browser()
    url = await pushed_url(rp)
    one, two = await browser.get(url), await browser.get(url)
    answer_at(await browser.submit(one, username="clerk", password=PASSWORD), rp.redirect_uri)
    late = await browser.submit(two, username="clerk", password=PASSWORD)
    assert late.status_code == 400
    assert "location" not in late.headers


async def test_prompt_none_uses_a_request_uri_up_too(site: Site) -> None:
    """§7.3; an answer with an error completes it as well. S25."""
    rp, browser = await site.client(), site.browser()
    url = await pushed_url(rp, prompt="none")
    assert answer_at(await browser.get(url), rp.redirect_uri).parameters["error"] == "login_required"
    assert (await browser.get(url)).status_code == 400
    await browser.sign_in(rp.url())
    url = await pushed_url(rp, prompt="none")
    assert "code" in answer_at(await browser.get(url), rp.redirect_uri).parameters
    assert (await browser.get(url)).status_code == 400


async def test_a_refused_consent_uses_a_request_uri_up(site: Site) -> None:
    """§7.3."""
    rp, browser = await site.client("stranger", trusted=False), site.browser()
    url = await pushed_url(rp)
    page = await browser.sign_in(url)
    assert answer_at(await browser.submit(page, button="deny"), rp.redirect_uri).parameters["error"] == "access_denied"
    assert (await browser.get(url)).status_code == 400


async def test_a_request_uri_belongs_to_the_client_that_pushed(site: Site) -> None:
    """§2.2, §7.2; S25."""
    rp, thief = await site.client(), await site.client("thief")
    uri = (await push(rp)).json()["request_uri"]
    assert (await site.browser().get(url_of(thief, uri))).status_code == 400
    assert (await site.browser().get(url_of(rp, uri, client_id=None))).status_code == 400
    assert 'name="password"' in (await site.browser().get(url_of(rp, uri))).text


async def test_a_request_uri_expires(site: Site) -> None:
    """§4; S25."""
    rp = await site.client()
    answer = (await push(rp)).json()
    site.clock.forward(timedelta(seconds=answer["expires_in"]))
    assert (await site.browser().get(url_of(rp, answer["request_uri"]))).status_code == 400


async def test_whoever_began_in_time_may_take_time_to_sign_in(site: Site) -> None:
    """§4: the time counts until the request is begun."""
    rp, browser = await site.client(), site.browser()
    page = await browser.get(await pushed_url(rp))
    site.clock.forward(timedelta(minutes=10))
    assert (
        "code" in answer_at(await browser.submit(page, username="clerk", password=PASSWORD), rp.redirect_uri).parameters
    )


@pytest.mark.parametrize("uri", ["urn:ietf:params:oauth:request_uri:forged", "urn:ietf:params:oauth:request_uri:"])
async def test_a_forged_request_uri_is_answered_on_a_page(site: Site, uri: str) -> None:
    """§7.1; S25: where an answer could go stood in the pushed request only."""
    rp = await site.client()
    answer = await site.browser().http.get(url_of(rp, uri, redirect_uri=rp.redirect_uri))
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_posted_authorization_request_may_name_a_pushed_one(site: Site) -> None:
    """§4 with OpenID Connect Core §3.1.2.1."""
    rp, browser = await site.client(), site.browser()
    uri = (await push(rp)).json()["request_uri"]
    page = await browser.post(f"{ISSUER}/authorize", {"client_id": "tile", "request_uri": uri})
    assert (
        "code" in answer_at(await browser.submit(page, username="clerk", password=PASSWORD), rp.redirect_uri).parameters
    )


async def test_a_request_object_may_be_pushed(site: Site) -> None:
    """§3: parameters come from inside; only the client authentication stands beside it."""
    rp = await signing_client(site)
    answer = await rp.post("/par", {"request": request_object(rp, {"state": "inside"}), "state": "outside"})
    assert answer.status_code == 201, answer.text
    got = answer_at(await site.browser().sign_in(url_of(rp, answer.json()["request_uri"])), rp.redirect_uri)
    assert got.parameters["state"] == "inside"


async def test_a_pushed_request_object_of_another_client_is_refused(site: Site) -> None:
    """§3: client_id inside must be that of the authenticated client."""
    rp, other = await signing_client(site), await signing_client(site, "other")
    answer = await rp.post("/par", {"request": request_object(other)})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")


async def test_a_client_that_must_push_is_refused_when_it_does_not(site: Site) -> None:
    """§6."""
    rp = await site.client(require_pushed_authorization_requests=True)
    answer = answer_at(await site.browser().get(rp.url()), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_request"
    assert "code" in answer_at(await site.browser().sign_in(await pushed_url(rp)), rp.redirect_uri).parameters


async def test_a_client_stopped_after_pushing_gets_nothing(site: Site) -> None:
    """S25, S41."""
    rp = await site.client()
    url = await pushed_url(rp)
    await clients.disable(site.idp.client_store, "tile", at=site.clock())
    assert (await site.browser().get(url)).status_code == 400


async def test_the_provider_may_require_pushing_of_everybody_and_says_so(tmp_path: Path) -> None:
    """§5: require_pushed_authorization_requests in the metadata."""
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'idp.db'}")
    async with open_site(engine, MemoryStateStore(), require_pushed_authorization_requests=True) as site:
        await site.account()
        rp = await site.client()
        async with site.caller() as http:
            document = (await http.get(f"{ISSUER}/.well-known/openid-configuration")).json()
        assert document["require_pushed_authorization_requests"] is True
        assert document["pushed_authorization_request_endpoint"] == f"{ISSUER}/par"
        answer = answer_at(await site.browser().get(rp.url()), rp.redirect_uri)
        assert answer.parameters["error"] == "invalid_request"
        assert "code" in answer_at(await site.browser().sign_in(await pushed_url(rp)), rp.redirect_uri).parameters
    await engine.dispose()
