"""RFC 7636, S256 only; RFC 9700 §2.1.1 and §4.8."""

import pytest

from idp import clients
from tests.doubles.idp_site import CHALLENGE, VERIFIER, Site, answer_at


async def _refused(site: Site, **changes: str | None) -> str:
    rp = await site.client()
    return answer_at(await site.browser().get(rp.url(**changes)), rp.redirect_uri).parameters["error"]


async def test_a_challenge_is_required(site: Site) -> None:
    """RFC 7636 §4.4.1; S12."""
    assert await _refused(site, code_challenge=None, code_challenge_method=None) == "invalid_request"


@pytest.mark.parametrize("method", ["plain", None, "S512", "s256"])
async def test_any_method_but_s256_is_refused(site: Site, method: str | None) -> None:
    """RFC 7636 §4.2, RFC 9700 §2.1.1; S13: a missing method means plain."""
    assert await _refused(site, code_challenge_method=method) == "invalid_request"


@pytest.mark.parametrize("challenge", ["short", CHALLENGE + "A", CHALLENGE[:-1] + "=", CHALLENGE[:-1] + "~"])
async def test_a_malformed_challenge_is_refused(site: Site, challenge: str) -> None:
    """RFC 7636 §4.2."""
    assert await _refused(site, code_challenge=challenge) == "invalid_request"


@pytest.mark.parametrize("verifier", [None, "wrong" * 10, "short", "a" * 129, VERIFIER[:-1] + "é"])
async def test_a_verifier_that_does_not_fit_is_refused_and_burns_the_code(site: Site, verifier: str | None) -> None:
    """RFC 7636 §4.6; S14."""
    rp = await site.client()
    code = await rp.code(site.browser())
    assert (await rp.exchange(code, code_verifier=verifier)).json()["error"] == "invalid_grant"
    assert (await rp.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_verifier_without_a_challenge_is_refused(site: Site) -> None:
    """RFC 9700 §4.8.2: somebody took the challenge out on the way; S14."""
    rp = await site.client(pkce="pkce_or_nonce")
    code = await rp.code(site.browser(), code_challenge=None, code_challenge_method=None)
    assert (await rp.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_nonce_may_stand_in_where_the_clients_policy_says_so(site: Site) -> None:
    """RFC 9700 §2.1.1."""
    rp = await site.client(pkce="pkce_or_nonce")
    browser = site.browser()
    code = await rp.code(browser, code_challenge=None, code_challenge_method=None)
    assert (await rp.exchange(code, code_verifier=None)).status_code == 200
    bare = await browser.get(rp.url(code_challenge=None, code_challenge_method=None, nonce=None))
    assert answer_at(bare, rp.redirect_uri).parameters["error"] == "invalid_request"


async def test_a_public_client_can_not_be_freed_of_pkce(site: Site) -> None:
    """RFC 9700 §2.1.1."""
    with pytest.raises(clients.ClientRefused, match="pkce"):
        await site.client(token_endpoint_auth_method="none", pkce="pkce_or_nonce")
