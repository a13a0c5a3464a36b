"""Signing in and out at the portal, through the provider's own pages."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import Backend
from tests.doubles.clerk_house import House, house


async def test_a_clerk_signs_in_and_comes_back_to_the_page_they_wanted(open_house: House) -> None:
    visitor = open_house.visitor()
    page = await visitor.sign_in("clerk", at="/matters/04-temporary-assistance")
    assert page.url.endswith("/matters/04-temporary-assistance")
    assert "王晓芸" in page.text


async def test_two_tabs_may_sign_in_at_the_same_time(open_house: House) -> None:
    visitor = open_house.visitor()
    first = await visitor.get("/sign-in?next=/cases")
    second = await visitor.get("/sign-in?next=/desk")
    from demo.seed import DEMO_PASSWORD

    typed = {"username": "clerk", "password": DEMO_PASSWORD}
    done = await visitor.submit(second, second.form(having="password"), typed)
    assert done.url.endswith("/desk")
    late = await visitor.submit(first, first.form(having="password"), typed)
    assert late.status == 200
    assert late.url.endswith(("/cases", "/"))


async def test_a_callback_is_taken_once(open_house: House) -> None:
    visitor = open_house.visitor()
    await visitor.get("/sign-in")  # the browser gets its id
    visitor.http.follow_redirects = False
    clerk = await _callback_address(open_house, visitor)
    first = await visitor.http.get(clerk)
    assert first.status_code == 303
    visitor.forget_session()
    second = await visitor.http.get(clerk)
    assert second.status_code == 400


async def _callback_address(open_house: House, visitor: object) -> str:
    """Sign in at the provider up to the redirect that carries the code."""
    from demo.seed import DEMO_PASSWORD
    from tests.doubles.clerk_house import Visitor
    from tests.servers.visitor import read_page

    assert isinstance(visitor, Visitor)
    answer = await visitor.http.get("/sign-in", follow_redirects=True)
    page = read_page(answer)
    form = page.form(having="password")
    data = {**form.values, "username": ["clerk"], "password": [DEMO_PASSWORD]}
    answer = await visitor.http.post(form.action, data=data, headers={"origin": "http://127.0.0.1:8481"})
    while "/sign-in/callback" not in answer.headers["location"]:
        answer = await visitor.http.get(answer.headers["location"])
    return str(answer.headers["location"])


async def test_a_callback_of_another_browser_is_refused(open_house: House) -> None:
    victim, attacker = open_house.visitor(), open_house.visitor()
    attacker.http.follow_redirects = False
    address = await _callback_address(open_house, attacker)
    page = await victim.get(address)
    assert page.status == 400
    assert "王晓芸" not in page.text


async def test_a_forged_state_is_refused(open_house: House) -> None:
    page = await open_house.visitor().get("/sign-in/callback?code=x&state=y")
    assert page.status == 400


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_sign_in_leads_to_no_other_site(open_house: House, target: str) -> None:
    visitor = open_house.visitor()
    page = await visitor.sign_in("clerk", at=f"/sign-in?next={target}")
    assert urlsplit(page.url).netloc == "127.0.0.1:8481"
    assert urlsplit(page.url).path == "/"


async def test_signing_out_ends_the_session_here_and_at_the_provider(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    sid = clerk.http.cookies["onewindow_portal"]
    home = await clerk.get("/")
    page = await clerk.submit(home, home.form(action="/sign-out"))
    for _hop in range(2):  # the provider may ask whether to sign out there too
        if "/signed-out" in page.url:
            break
        page = await clerk.submit(page, page.forms[-1], button=("logout", "yes"))
    assert page.url.split("?")[0].endswith("/signed-out")
    assert await open_house.portal.sessions.find(sid) is None
    again = await clerk.get("/cases")
    assert any("password" in form.names for form in again.forms)


async def test_a_session_ends_after_ten_hours_whatever_happens(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    open_house.later = timedelta(hours=10, seconds=1)
    sid = clerk.http.cookies["onewindow_portal"]
    assert await open_house.portal.sessions.find(sid) is None


async def test_the_session_id_changes_at_sign_in(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    before = clerk.http.cookies["onewindow_portal"]
    clerk.http.cookies.delete("onewindow_portal")
    clerk.http.cookies.set("onewindow_portal", "chosen-by-somebody-else", domain="127.0.0.1", path="/")
    await clerk.sign_in("clerk")
    after = clerk.http.cookies["onewindow_portal"]
    assert after not in (before, "chosen-by-somebody-else")


async def test_the_authorization_request_asks_with_pkce_state_and_nonce(open_house: House) -> None:
    visitor = open_house.visitor()
    visitor.http.follow_redirects = False
    answer = await visitor.http.get("/sign-in")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid profile unit"]
    assert asked["state"][0] != asked["nonce"][0]


async def test_english_is_one_click_away_and_stays(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    home = await clerk.get("/matters")
    page = await clerk.submit(home, home.form(action="/language"), button=("language", "en"))
    assert '<html lang="en">' in page.text
    assert "Temporary assistance" in page.text
    assert '<html lang="en">' in (await clerk.get("/cases")).text


async def test_the_portal_pushes_its_requests_where_the_provider_wants_that_of_everybody(
    backend: Backend, tmp_path: Path
) -> None:
    """RFC 9126 §5: the browser carries a request_uri and nothing else."""
    required = {"ONEWINDOW_REQUIRE_PUSHED_AUTHORIZATION_REQUESTS": "true"}
    async with house(backend.engine, backend.state, tmp_path, **required) as opened:
        visitor = opened.visitor()
        sent = await visitor.http.get("/sign-in", follow_redirects=False)
        assert set(parse_qs(urlsplit(sent.headers["location"]).query)) == {"client_id", "request_uri"}
        page = await opened.person("clerk")
        assert "王晓芸" in (await page.get("/")).text


async def test_a_clerk_s_name_leads_to_the_own_account_at_the_provider(open_house: House) -> None:
    visitor = open_house.visitor()
    home = await visitor.sign_in("clerk")
    assert 'href="/my-account"' in home.text
    page = await visitor.get("/my-account")
    assert urlsplit(page.url).path == "/idp/account"
    assert "我的安全" in page.text
    assert "王晓芸" in page.text
