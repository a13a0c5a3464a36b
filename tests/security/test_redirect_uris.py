"""S02, S03, S04, S07: what is nearly the registered redirect_uri is not it, in the request and in the token request."""

import pytest

from idp import clients
from idp.clients import ClientRefused
from idp.protocol.client import Client
from tests.doubles.idp_site import Site

NEARLY = [
    "https://tile.example/cb%2f..%2fx",
    "https://tile.example/%252e%252e/cb",
    "https://tile.example/cb..;/x",
    "https://tile.example/./cb",
    "//tile.example/cb",
    "//evil.example/cb",
    "\\\\evil.example\\cb",
    "/\\evil.example/cb",
    " https://tile.example/cb",
    "https://tile.example/cb ",
    "https://tile.example/cb\n",
    "https://tile.example/cb%00",
    "https://tile.example/cb\x00.evil.example",
    "https:tile.example/cb",
    "https:///tile.example/cb",
    "https://tile.example:443/cb",
    "https://tile.example./cb",
    "https://user:word@tile.example/cb",
    "https://tile.example%40evil.example/cb",
    "https://tile.example%2eevil.example/cb",
    "https://ti%6ce.example/cb",
    "https://tıle.example/cb",
    "https://tile．example/cb",
    "HTTPS://tile.example/cb",
    "https://tile.example/cb?",
    "https://tile.example/cb#",
    "https://tile.example/cb&x=1",
    "https://tile.example/cb;x=1",
]


async def test_an_address_that_is_nearly_the_registered_one_is_never_redirected_to(site: Site) -> None:
    """S02, S03, S04: path tricks, port, userinfo, case, and every added character; RFC 9700 §4.1.3."""
    rp, browser = await site.client(), site.browser()
    for uri in NEARLY:
        answer = await browser.http.get(rp.url(redirect_uri=uri))
        assert answer.status_code == 400, uri
        assert "location" not in answer.headers, uri
        assert "evil" not in answer.text, uri


async def test_a_registered_query_must_come_back_as_it_is(site: Site) -> None:
    """S04: nothing of a query is added, taken away or put in another order; OpenID Connect Core §3.1.2.1."""
    rp = await site.client(redirect_uris=("https://tile.example/cb?a=1&b=2",))
    for other in ("?b=2&a=1", "?a=1", "?a=1&b=2&c=3", "?a=1&b=%32", ""):
        answer = await site.browser().http.get(rp.url(redirect_uri=f"https://tile.example/cb{other}"))
        assert answer.status_code == 400
    kept = await site.browser().http.get(rp.url(prompt="none"))
    assert kept.headers["location"].startswith("https://tile.example/cb?a=1&b=2&error=login_required")


async def test_the_token_request_repeats_the_very_address(site: Site) -> None:
    """S21: RFC 6749 §4.1.3."""
    rp, browser = await site.client(), site.browser()
    for uri in NEARLY[:3]:
        answer = await rp.exchange(await rp.code(browser), redirect_uri=uri)
        assert answer.json()["error"] == "invalid_grant"


DANGEROUS = [
        "https://tile.example/cb#f", "javascript:alert(1)", "data:text/html,x", "http://tile.example/cb", "myapp:/cb",
        "vbscript:x", "file:///etc/passwd", "https://tile.example/../cb", "https://u@tile.example/cb", "https://tile。example/",
        "https://TILE.example/cb", "https://*.example/cb", "https:///cb", "about:blank", "blob:https://tile.example/x",
    ]  # fmt: skip


async def test_a_dangerous_address_can_not_be_registered(site: Site) -> None:
    """S04, S07: RFC 9700 §4.1; nor as an address to go to after signing out."""
    for uri in DANGEROUS:
        for redirect, after in ((uri, "https://a.example/"), ("https://a.example/", uri)):
            client = Client(client_id="new", redirect_uris=(redirect,), post_logout_redirect_uris=(after,))
            with pytest.raises(ClientRefused):
                await clients.register(site.idp.client_store, site.idp.account_store, client, at=site.clock())
