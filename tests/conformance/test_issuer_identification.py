"""RFC 9207: the issuer in every authorization response; S31."""

import pytest

from tests.doubles.idp_site import ISSUER, Site, answer_at


async def test_iss_stands_in_a_success(site: Site) -> None:
    """§2."""
    rp = await site.client()
    assert answer_at(await site.browser().sign_in(rp.url()), rp.redirect_uri).parameters["iss"] == ISSUER


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "none"}, {"response_type": "token"}, {"scope": "x"}, {"code_challenge": None}, {"prompt": "y"},
        {"max_age": "z"}, {"request": "j"}, {"request_uri": "u"}, {"claims": "{"}, {"response_mode": "fragment"},
    ],
)  # fmt: skip
async def test_iss_stands_in_every_error(site: Site, changes: dict[str, str | None]) -> None:
    """§2: error responses too."""
    rp = await site.client()
    answer = answer_at(await site.browser().get(rp.url(**changes)), rp.redirect_uri)
    assert answer.parameters["iss"] == ISSUER
    assert "error" in answer.parameters
    assert answer.parameters["state"] == "s-1"


async def test_iss_stands_in_a_refusal_by_the_person(site: Site) -> None:
    """§2."""
    rp, browser = await site.client(trusted=False), site.browser()
    page = await browser.submit(await browser.sign_in(rp.url()), button="deny")
    answer = answer_at(page, rp.redirect_uri)
    assert (answer.parameters["error"], answer.parameters["iss"]) == ("access_denied", ISSUER)
