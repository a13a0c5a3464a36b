"""OpenID Connect Front-Channel Logout 1.0: best effort, in the person's browser."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from idp.clients import ClientRefused
from tests.doubles.idp_site import ISSUER, Site, decoded

FRAMED = {"frontchannel_logout_uri": "https://tile.example/bye-frame", "frontchannel_logout_session_required": True}
_FRAME = re.compile(r'<iframe src="([^"]+)"')


async def _left(site: Site, *names: str, **metadata: object) -> tuple[httpx2.Response, str]:
    """The page after signing out of a session that was used for all of these clients, and its sid."""
    browser = site.browser()
    tokens = [await (await site.client(name, **metadata if name == "tile" else {})).tokens(browser) for name in names]
    page = await browser.get(f"{ISSUER}/end_session?{urlencode({'id_token_hint': tokens[-1]['id_token']})}")
    return page, decoded(tokens[0]["id_token"])[1]["sid"]


async def test_the_logout_page_loads_the_address_with_iss_and_sid(site: Site) -> None:
    """§2, §3: both or neither; always both here."""
    page, sid = await _left(site, "tile", "other", **FRAMED)
    (frame,) = _FRAME.findall(page.text)
    parts = urlsplit(frame.replace("&amp;", "&"))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == FRAMED["frontchannel_logout_uri"]
    assert parse_qs(parts.query) == {"iss": [ISSUER], "sid": [sid]}


async def test_the_addresss_own_query_is_kept(site: Site) -> None:
    """§2: it MAY contain query parameters, which MUST be retained."""
    page, sid = await _left(site, "tile", "other", frontchannel_logout_uri="https://tile.example/f?a=1")
    query = parse_qs(urlsplit(_FRAME.findall(page.text)[0].replace("&amp;", "&")).query)
    assert query == {"a": ["1"], "iss": [ISSUER], "sid": [sid]}


async def test_only_the_origins_of_the_frames_may_be_framed(site: Site) -> None:
    page, _ = await _left(site, "tile", "other", **FRAMED)
    policy = page.headers["content-security-policy"]
    assert "frame-src https://tile.example;" in policy
    assert "default-src 'none'" in policy


async def test_a_page_without_frames_allows_none(site: Site) -> None:
    page, _ = await _left(site, "tile", "other")
    assert "frame-src" not in page.headers["content-security-policy"]
    assert "<iframe" not in page.text


async def test_frames_are_loaded_once_and_not_again_when_the_page_looks_again(site: Site) -> None:
    browser, tile, other = site.browser(), await site.client(**FRAMED), await site.client("other")
    await tile.tokens(browser)
    tokens = await other.tokens(browser)
    first = await browser.http.get(f"{ISSUER}/end_session?{urlencode({'id_token_hint': tokens['id_token']})}")
    assert "<iframe" in (await browser.get(first.headers["location"])).text
    assert "<iframe" not in (await browser.get(first.headers["location"] + "?again")).text


async def test_nobody_is_told_that_a_frame_ended_anything(site: Site) -> None:
    """Third-party cookies may be blocked, and no answer comes: the page promises nothing."""
    page, _ = await _left(site, "tile", "other", **FRAMED)
    assert 'class="told-in_browser"' in page.text


async def test_who_is_told_over_the_back_channel_gets_no_frame(site: Site) -> None:
    both = FRAMED | {"backchannel_logout_uri": "https://tile.example/told"}
    page, _ = await _left(site, "tile", "other", **both)
    assert "<iframe" not in page.text


async def test_the_address_must_have_the_origin_of_a_redirect_uri(site: Site) -> None:
    """§2: domain, port and scheme MUST be those of a registered redirect_uri."""
    for uri in (
        "https://evil.example/f",
        "https://tile.example:8443/f",
        "http://127.0.0.1/f",
        "https://tile.example/f#x",
    ):
        with pytest.raises(ClientRefused, match="frontchannel_logout_uri"):
            await site.client(frontchannel_logout_uri=uri)


async def test_discovery_says_so(site: Site) -> None:
    """§3.1."""
    async with site.caller() as http:
        metadata = (await http.get(f"{ISSUER}/.well-known/openid-configuration")).json()
    assert metadata["frontchannel_logout_supported"] is True
    assert metadata["frontchannel_logout_session_supported"] is True
