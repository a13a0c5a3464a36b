"""RFC 9700, Best Current Practice for OAuth 2.0 Security: what attacks on authorize, token and redirect meet."""

import math
import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from idp import accounts
from idp.clients import ClientRefused
from idp.protocol import pkce
from tests.doubles.idp_site import CHALLENGE, ISSUER, PASSWORD, VERIFIER, Site, answer_at, decoded
from tests.doubles.signing_party import pushed_url

_DESCRIPTION = re.compile(r"\A[\x20-\x21\x23-\x5b\x5d-\x7e]*\Z")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:41000/cb", "http://127.0.0.1:52999/cb", "http://127.0.0.1/cb"])
async def test_a_native_clients_loopback_address_may_use_any_port(site: Site, uri: str) -> None:
    """§2.1, RFC 8252 §7.3; S03."""
    rp = await site.client(
        redirect_uris=("http://127.0.0.1/cb",), token_endpoint_auth_method="none", application_type="native"
    )
    answer = answer_at(await site.browser().sign_in(rp.url(redirect_uri=uri)), uri)
    assert (await rp.exchange(answer.parameters["code"], redirect_uri=uri)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "uri"),
    [
        ("web", "http://127.0.0.1:41000/cb"),
        ("native", "http://127.0.0.1:41000/other"),
        ("native", "http://127.0.0.1:80@evil.example/cb"),
        ("native", "http://127.0.0.1.evil.example/cb"),
        ("native", "http://127.0.0.2:41000/cb"),
        ("native", "http://localhost:41000/cb"),
        ("native", "https://127.0.0.1:41000/cb"),
        ("native", "http://127.0.0.1:410000/cb"),
        ("native", "http://127.0.0.1:/cb?x=1"),
    ],
)
async def test_nothing_but_the_port_of_a_native_client_is_free(site: Site, kind: str, uri: str) -> None:
    """§2.1, RFC 8252 §7.3; S03."""
    rp = await site.client(redirect_uris=("http://127.0.0.1/cb",), application_type=kind)
    response = await site.browser().http.get(rp.url(redirect_uri=uri))
    assert response.status_code == 400
    assert "location" not in response.headers


async def test_a_verifier_without_a_challenge_is_refused(site: Site) -> None:
    """§4.8.2: PKCE downgrade; S14."""
    rp = await site.client(pkce="pkce_or_nonce")
    code = await rp.code(site.browser(), code_challenge=None, code_challenge_method=None)
    assert (await rp.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_challenge_removed_on_the_way_is_noticed(site: Site) -> None:
    """§4.8: the client's own policy asks for one; S12."""
    rp = await site.client()
    answer = await site.browser().get(rp.url(code_challenge=None, code_challenge_method=None))
    assert answer_at(answer, rp.redirect_uri).parameters["error"] == "invalid_request"


async def test_a_nonce_may_stand_in_for_pkce_where_the_policy_says_so(site: Site) -> None:
    """§2.1.1: confidential clients only."""
    rp = await site.client(pkce="pkce_or_nonce")
    bare: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
    code = await rp.code(site.browser(), **bare)
    assert (await rp.exchange(code, code_verifier=None)).status_code == 200
    answer = await site.browser().get(rp.url(nonce=None, **bare))
    assert answer_at(answer, rp.redirect_uri).parameters["error"] == "invalid_request"
    with pytest.raises(ClientRefused, match=r"^pkce:"):
        await site.client("public", token_endpoint_auth_method="none", pkce="pkce_or_nonce")


async def test_only_the_certification_policy_lets_both_be_missing_and_the_audit_names_it(site: Site) -> None:
    """The Basic OP plan has a module without nonce and PKCE; an operator gives the policy, and it stands in the audit."""
    rp = await site.client(pkce="certification")
    bare: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None, "nonce": None}
    assert (await rp.exchange(await rp.code(site.browser(), **bare), code_verifier=None)).status_code == 200
    rows = [row async for row in _audit(site)]
    assert [row.detail for row in rows if row.kind == "client_registered"] == ['{"reason":"pkce_certification"}']
    with pytest.raises(ClientRefused, match=r"^pkce:"):
        await site.client("public", token_endpoint_auth_method="none", pkce="certification")


async def _audit(site: Site) -> Any:
    for row in await site.idp.audit_store.rows(after=0, at_most=100):
        yield row


async def test_codes_have_enough_entropy(site: Site) -> None:
    """RFC 6749 §10.10: 128 bits and more; measured as the OpenID suite does, 96 bits of Shannon entropy."""
    rp, browser = await site.client(), site.browser()
    codes = [await rp.code(browser) for _ in range(3)]
    assert len(set(codes)) == 3
    for code in codes:
        counted = Counter(code)
        bits = -sum(n / len(code) * math.log2(n / len(code)) for n in counted.values()) * len(code)
        assert len(code) >= 43
        assert bits >= 128


async def test_a_refresh_token_used_again_outside_the_window_revokes_the_grant(site: Site) -> None:
    """§4.14.2; S23."""
    rp = await site.client(token_endpoint_auth_method="none", application_type="native")
    first = await rp.tokens(site.browser(), scope="openid offline_access")
    second = (await rp.refresh(first["refresh_token"])).json()
    site.clock.forward(timedelta(seconds=11))
    assert (await rp.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await rp.refresh(second["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await rp.userinfo(second["access_token"])).status_code == 401


async def test_inside_the_window_the_same_successor_comes_back(site: Site) -> None:
    """§4.14.2: an answer that got lost; S23."""
    rp = await site.client(token_endpoint_auth_method="none", application_type="native")
    first = await rp.tokens(site.browser(), scope="openid offline_access")
    one, two = [(await rp.refresh(first["refresh_token"])).json() for _ in range(2)]
    assert one["refresh_token"] == two["refresh_token"]
    third = await rp.refresh(one["refresh_token"])
    assert third.status_code == 200
    assert (await rp.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"


async def test_code_and_refresh_token_of_a_stopped_person_are_dead(site: Site) -> None:
    """S21, S41."""
    rp, browser = await site.client(), site.browser()
    tokens = await rp.tokens(browser, scope="openid offline_access")
    code = await rp.code(browser)
    await accounts.disable(site.idp.account_store, "clerk", at=site.clock())
    assert (await rp.exchange(code)).json()["error"] == "invalid_grant"
    assert (await rp.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_no_answer_to_a_posted_credential_is_307(site: Site) -> None:
    """§4.12; S11: every redirect in a sign-in is 303."""
    rp, browser = await site.client(), site.browser()
    statuses = []

    async def note(response: Any) -> None:
        statuses.append(response.status_code)

    browser.http.event_hooks["response"].append(note)
    answer_at(await browser.sign_in(rp.url()), rp.redirect_uri)
    assert {status for status in statuses if 300 <= status < 400} == {303}


async def test_state_comes_back_exactly_and_iss_names_the_provider(site: Site) -> None:
    """§4.4, §4.7; RFC 9207 §2: on success and on error."""
    rp, browser = await site.client(), site.browser()
    odd = "a b+c%20&=#é错/?"
    good = answer_at(await browser.sign_in(rp.url(state=odd)), rp.redirect_uri)
    bad = answer_at(await browser.get(rp.url(state=odd, scope="nonsense")), rp.redirect_uri)
    for answer in (good, bad):
        assert (answer.parameters["state"], answer.parameters["iss"]) == (odd, ISSUER)


async def test_no_page_can_be_framed_or_leak_where_one_came_from(site: Site) -> None:
    """§4.16, §4.2.4; S10."""
    rp = await site.client()
    page = await site.browser().get(rp.url())
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] in ("no-referrer", "same-origin")
    refused = await site.browser().get(rp.url(redirect_uri="https://evil.example/cb"))
    assert "evil.example" not in refused.text


async def test_an_error_description_is_ascii_whatever_was_sent(site: Site) -> None:
    """RFC 6749 §4.1.2.1, §5.2: %x20-21 / %x23-5B / %x5D-7E."""
    rp, browser = await site.client(), site.browser()
    odd = '错\r\n"\\<script>'
    for changes in ({"scope": odd}, {"prompt": odd}, {"response_type": odd}, {"claims": odd}, {"resource": odd},
                    {"max_age": odd}, {"code_challenge": odd}, {"request": odd}, {"request_uri": odd}):  # fmt: skip
        answer = answer_at(await browser.get(rp.url(**changes)), rp.redirect_uri)
        assert _DESCRIPTION.match(answer.parameters.get("error_description", "")), changes
    for fields in ({"grant_type": odd}, {"code_verifier": odd}, {"resource": odd}, {"scope": odd}):
        answer = await rp.exchange("x" + odd, **fields)
        assert answer.status_code == 400
        assert _DESCRIPTION.match(answer.json().get("error_description", "")), fields


@pytest.mark.parametrize("endpoint", ["/token", "/par", "/revoke", "/introspect"])
async def test_a_repeated_parameter_is_refused_at_every_back_channel_endpoint(site: Site, endpoint: str) -> None:
    """RFC 6749 §3.2; S06."""
    rp = await site.client()
    form = {"content-type": "application/x-www-form-urlencoded"}
    async with site.caller(**rp.basic, **form) as http:
        answer = await http.post(ISSUER + endpoint, content="token=a&token=b&scope=a&scope=b&code=a&code=b")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_client_can_not_take_a_persons_sub_as_its_id(site: Site) -> None:
    """§4.15; S54."""
    account = await site.account("second")
    with pytest.raises(ClientRefused, match=r"^client_id:"):
        await site.client(account.sub, redirect_uris=("https://x.example/cb",), post_logout_redirect_uris=())


async def test_a_code_can_not_be_used_with_the_verifier_of_another_request(site: Site) -> None:
    """§4.5: code injection; the challenge is bound to the code."""
    rp = await site.client()
    other = "a" * 43
    code = await rp.code(site.browser(), code_challenge=pkce.s256(other))
    assert (await rp.exchange(code, code_verifier=VERIFIER)).json()["error"] == "invalid_grant"
    assert pkce.s256(VERIFIER) == CHALLENGE


async def test_an_interaction_opened_in_another_browser_is_of_no_use(site: Site) -> None:
    """§4.7; S34: nobody finishes a sign-in another browser began, pushed or not."""
    rp = await site.client()
    for url in (rp.url(), await pushed_url(rp)):
        first = await site.browser().http.get(url)
        stolen = await site.browser().get(first.headers["location"])
        assert stolen.status_code == 400
        assert "form_token" not in stolen.text


async def test_an_access_token_names_its_audience_and_its_client(site: Site) -> None:
    """§2.3, §4.10.2; RFC 9068 §2.2."""
    rp = await site.client()
    claims = decoded((await rp.tokens(site.browser()))["access_token"])[1]
    assert (claims["aud"], claims["client_id"]) == (ISSUER, "tile")


async def test_a_wrong_password_never_leaves_the_provider(site: Site) -> None:
    """RFC 6749 §4.1.2.1: the person tries again on our page."""
    rp, browser = await site.client(), site.browser()
    page = await browser.sign_in(rp.url(), password=PASSWORD + "x")
    assert page.status_code == 422
    assert "location" not in page.headers
