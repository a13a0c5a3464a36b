"""RFC 6749 as OAuth 2.1 and RFC 9700 leave it: the code grant, client_credentials, and where errors go."""

import asyncio
from datetime import timedelta

import pytest

from idp import accounts, clients
from idp.protocol.errors import InvalidRequest
from tests.doubles.idp_site import ISSUER, Browser, Site, answer_at, decoded


async def _stops_on_a_page(browser: Browser, url: str) -> None:
    response = await browser.http.get(url)
    assert response.status_code == 400
    assert "location" not in response.headers
    assert "text/html" in response.headers["content-type"]


@pytest.mark.parametrize(
    "uri",
    [
        "https://tile.example.evil.com/cb",
        "https://tileexample.com/cb",
        "https://tile.example/cb/",
        "https://tile.example/CB",
        "https://TILE.example/cb",
        "https://tile.example/cb?x=1",
        "https://tile.example/cb#f",
        "https://tile.example/cb/../x",
        "https://tile.example/%2e%2e/cb",
        "https://tile.example//cb",
        "https://tile.example/cb%0d%0a",
        "https://tile.example/cb\t",
        "https://tile.example\\@evil.com/cb",
        "https://tile.example@evil.com/cb",
        "https://tile.example:444/cb",
        "http://tile.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://tile。example/cb",
        "",
    ],
)
async def test_only_the_registered_redirect_uri_is_ever_redirected_to(site: Site, uri: str) -> None:
    """RFC 9700 §2.1, §4.1.3; S01 to S05, S07."""
    rp = await site.client()
    await _stops_on_a_page(site.browser(), rp.url(redirect_uri=uri))


async def test_a_missing_redirect_uri_is_answered_on_a_page(site: Site) -> None:
    """RFC 6749 §3.1.2.4."""
    rp = await site.client()
    await _stops_on_a_page(site.browser(), rp.url(redirect_uri=None))


@pytest.mark.parametrize("changes", [{"response_type": "token"}, {"scope": "nonsense"}, {"prompt": "x"}])
async def test_errors_go_nowhere_before_client_and_redirect_uri_are_proven(site: Site, changes: dict[str, str]) -> None:
    """RFC 6749 §4.1.2.1; S08."""
    rp = await site.client()
    await _stops_on_a_page(site.browser(), rp.url(redirect_uri="https://evil.example/cb", **changes))
    await _stops_on_a_page(site.browser(), rp.url(client_id="nobody", **changes))


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "nonce", "foo"])
async def test_a_repeated_parameter_is_refused_without_a_redirect(site: Site, name: str) -> None:
    """RFC 6749 §3.1; S06."""
    rp = await site.client()
    await _stops_on_a_page(site.browser(), rp.url(foo="1") + f"&{name}=again")


async def test_a_repeated_parameter_of_a_token_request_is_refused(site: Site) -> None:
    """RFC 6749 §3.2."""
    rp = await site.client()
    code = await rp.code(site.browser())
    async with site.caller(**rp.basic) as http:
        body = f"grant_type=authorization_code&code={code}&code={code}&redirect_uri={rp.redirect_uri}"
        answer = await http.post(
            f"{ISSUER}/token", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
        )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"state": "x" * 2049}, "invalid_request"),
    ],
)
async def test_a_bad_request_of_a_proven_client_is_told_to_it(
    site: Site, changes: dict[str, str | None], error: str
) -> None:
    """RFC 6749 §4.1.2.1."""
    rp = await site.client()
    answer = answer_at(await site.browser().get(rp.url(**changes)), rp.redirect_uri)
    assert answer.parameters["error"] == error


def test_an_error_description_holds_ascii_only() -> None:
    """RFC 6749 §4.1.2.1: %x20-21 / %x23-5B / %x5D-7E."""
    assert InvalidRequest('a"b\\c\r\nd 错').public == "a?b?c??d ?"


async def test_a_client_may_not_ask_for_a_scope_it_was_not_given(site: Site) -> None:
    """RFC 6749 §3.3."""
    rp = await site.client(scope=("openid",))
    answer = answer_at(await site.browser().get(rp.url(scope="openid cases:write")), rp.redirect_uri)
    assert answer.parameters["error"] == "invalid_scope"


async def test_a_token_answer_is_not_stored(site: Site) -> None:
    """RFC 6749 §5.1."""
    rp = await site.client()
    answer = await rp.exchange(await rp.code(site.browser()))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope", "id_token"}


async def test_a_code_is_taken_once_and_its_second_use_revokes_what_the_first_gave(site: Site) -> None:
    """RFC 6749 §4.1.2; S20."""
    rp = await site.client()
    code = await rp.code(site.browser(), scope="openid offline_access")
    first = (await rp.exchange(code)).json()
    assert (await rp.userinfo(first["access_token"])).status_code == 200
    assert (await rp.exchange(code)).json()["error"] == "invalid_grant"
    assert (await rp.userinfo(first["access_token"])).status_code == 401
    assert (await rp.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"


async def test_of_fifty_exchanges_of_one_code_exactly_one_succeeds(site: Site) -> None:
    """RFC 6749 §4.1.2; S22."""
    rp = await site.client()
    code = await rp.code(site.browser())
    answers = await asyncio.gather(*(rp.exchange(code) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49


async def test_a_code_belongs_to_its_client(site: Site) -> None:
    """RFC 6749 §4.1.3; S21."""
    rp, thief = await site.client(), await site.client("thief")
    code = await rp.code(site.browser())
    assert (await thief.exchange(code, redirect_uri=rp.redirect_uri)).json()["error"] == "invalid_grant"


async def test_a_code_belongs_to_its_redirect_uri(site: Site) -> None:
    """RFC 6749 §4.1.3; S21."""
    rp = await site.client(redirect_uris=("https://tile.example/cb", "https://tile.example/other"))
    code = await rp.code(site.browser())
    assert (await rp.exchange(code, redirect_uri="https://tile.example/other")).json()["error"] == "invalid_grant"


async def test_a_code_lives_for_a_minute(site: Site) -> None:
    """RFC 6749 §4.1.2, FAPI 2.0 §5.3.2.1; S21."""
    rp = await site.client()
    code = await rp.code(site.browser())
    site.clock.forward(timedelta(seconds=60))
    assert (await rp.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_code_dies_with_its_session(site: Site) -> None:
    """S21: after logout."""
    rp, browser = await site.client(), site.browser()
    hint = (await rp.tokens(browser))["id_token"]
    code = await rp.code(browser)
    await browser.get(f"{ISSUER}/end_session?id_token_hint={hint}")
    assert (await rp.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_stopped_account_is_answered_nothing_anywhere(site: Site) -> None:
    """S21, S41: code, session, access token, refresh token, introspection."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser, scope="openid offline_access")
    online = await rp.tokens(browser, scope="openid")
    code = await rp.code(browser)
    await accounts.disable(site.idp.account_store, "clerk", at=site.clock())
    assert (await rp.exchange(code)).json()["error"] == "invalid_grant"
    assert (await rp.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    for token in (tokens["access_token"], online["access_token"]):
        assert (await rp.userinfo(token)).status_code == 401
        assert await rp.introspect(token) == {"active": False}
    assert await rp.introspect(tokens["refresh_token"]) == {"active": False}
    assert 'name="password"' in (await browser.get(rp.url())).text
    assert "不正确" in (await browser.sign_in(rp.url())).text


async def test_a_changed_password_ends_what_was_begun_before(site: Site) -> None:
    """S36."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    site.clock.forward(timedelta(seconds=1))
    await accounts.set_password(
        site.idp.account_store, site.idp.passwords, "clerk", "another-password-1", at=site.clock()
    )
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401
    assert 'name="password"' in (await browser.get(rp.url())).text


async def test_a_stopped_client_is_answered_nothing(site: Site) -> None:
    """RFC 6749 §5.2, and its tokens are dead."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser)
    await clients.disable(site.idp.client_store, "tile", at=site.clock())
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401
    assert (await rp.refresh("x")).json()["error"] == "invalid_client"
    await _stops_on_a_page(browser, rp.url())


@pytest.mark.parametrize(
    "fields", [{"grant_type": None}, {"grant_type": "password"}, {"grant_type": "authorization_code", "code": None}]
)
async def test_a_malformed_token_request_gets_its_code(site: Site, fields: dict[str, str | None]) -> None:
    """§5.2."""
    rp = await site.client()
    answer = await rp.exchange("x", **fields)
    wanted = "unsupported_grant_type" if fields.get("grant_type") == "password" else "invalid_request"
    assert (answer.status_code, answer.json()["error"]) == (400, wanted)


async def test_a_token_request_is_a_form_and_a_post(site: Site) -> None:
    """§3.2."""
    rp = await site.client()
    async with site.caller(**rp.basic) as http:
        assert (await http.get(f"{ISSUER}/token")).status_code == 405
        as_json = await http.post(f"{ISSUER}/token", json={"grant_type": "client_credentials"})
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")


# ---- client_credentials, §4.4 ----


async def test_a_client_gets_a_token_of_its_own_without_a_refresh_token(site: Site) -> None:
    """§4.4.3; RFC 9068 §2.2: sub is the client_id."""
    rp = await site.client(
        grant_types=("client_credentials",),
        redirect_uris=(),
        unit="u-1",
        region="320105007",
        roles=frozenset({"clerk"}),
    )
    answer = (await rp.post("/token", {"grant_type": "client_credentials", "scope": "cases:read"})).json()
    claims = decoded(answer["access_token"])[1]
    assert set(answer) == {"access_token", "token_type", "expires_in", "scope"}
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("tile", "tile", "cases:read")
    assert (claims["unit"], claims["region"], claims["roles"]) == ("u-1", "320105007", ["clerk"])
    assert claims["aud"] == "http://127.0.0.1:8000/api/v1"


async def test_a_client_gets_no_scope_about_a_person_for_itself(site: Site) -> None:
    """§4.4.2."""
    rp = await site.client(grant_types=("client_credentials",), redirect_uris=())
    answer = await rp.post("/token", {"grant_type": "client_credentials", "scope": "openid"})
    assert answer.json()["error"] == "invalid_scope"


async def test_a_grant_type_that_was_not_registered_is_refused(site: Site) -> None:
    """§5.2: unauthorized_client."""
    rp = await site.client()
    answer = await rp.post("/token", {"grant_type": "client_credentials"})
    assert answer.json()["error"] == "unauthorized_client"


async def test_a_public_client_has_no_client_credentials(site: Site) -> None:
    """§4.4: refused at registration."""
    with pytest.raises(clients.ClientRefused, match="grant_types"):
        await site.client(token_endpoint_auth_method="none", grant_types=("client_credentials",))


async def test_every_redirect_is_a_303(site: Site) -> None:
    """RFC 9700 §4.12; S11: a 307 would post the password on."""
    rp, browser = await site.client(), site.browser()
    page = await browser.get(rp.url())
    seen = []
    browser.http.event_hooks["response"] = [lambda response: _note(seen, response.status_code)]
    await browser.submit(page, username="clerk", password="Yichuang-2026")
    assert seen == [303, 303]


async def _note(seen: list[int], status: int) -> None:
    seen.append(status)
