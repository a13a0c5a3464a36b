"""OAuth 2.0 Form Post Response Mode 1.0."""

import pytest

from tests.doubles.idp_site import ISSUER, Site, form_of


async def test_an_answer_is_carried_by_a_form(site: Site) -> None:
    """§2."""
    rp = await site.client()
    page = await site.browser().sign_in(rp.url(response_mode="form_post", state="a b&c"))
    action, fields = form_of(page)
    assert page.status_code == 200
    assert action == rp.redirect_uri
    assert set(fields) == {"code", "state", "iss"}
    assert (fields["state"], fields["iss"]) == ("a b&c", ISSUER)


async def test_an_error_is_carried_by_a_form_too(site: Site) -> None:
    """§2, RFC 9207 §2."""
    rp = await site.client()
    page = await site.browser().get(rp.url(response_mode="form_post", prompt="none"))
    assert form_of(page)[1] | {"error_description": ""} == {
        "error": "login_required", "state": "s-1", "iss": ISSUER, "error_description": "",
    }  # fmt: skip


@pytest.mark.parametrize("state", ['"><script>alert(1)</script>', "' onload='x", "</form><b>", "&quot;"])
async def test_what_a_client_sent_stays_text(site: Site, state: str) -> None:
    """§4; S09."""
    rp = await site.client()
    page = await site.browser().get(rp.url(response_mode="form_post", prompt="none", state=state))
    assert form_of(page)[1]["state"] == state
    assert state not in page.text


async def test_the_page_runs_our_script_only_and_leads_to_the_client_only(site: Site) -> None:
    """§4: the policy lets the form work and nothing else."""
    rp = await site.client()
    browser = site.browser()
    page = await browser.get(rp.url(response_mode="form_post", prompt="none"))
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "form-action 'self' https://tile.example;" in policy
    assert "unsafe-inline" not in policy
    assert "onload" not in page.text
    script = page.text.split('<script src="')[1].split('"')[0]
    assert (await browser.http.get(script)).headers["content-type"].startswith("text/javascript")


async def test_the_page_is_neither_stored_nor_told_to_others(site: Site) -> None:
    """§4."""
    rp = await site.client()
    page = await site.browser().get(rp.url(response_mode="form_post", prompt="none"))
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
