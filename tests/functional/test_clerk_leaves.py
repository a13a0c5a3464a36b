"""Locking, handing over and being signed out, at the portal: through the provider's own pages, drafts kept."""

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx2
import pytest

from demo.seed import DEMO_PASSWORD
from idp.protocol import logout_token
from idp.protocol.session import Ending
from portal.assets import Assets
from portal.people import Person
from portal.rendering import Renderer
from tests.doubles.clerk_house import BASE, House, Visitor
from tests.servers.visitor import Page, words

ISSUER = f"{BASE}/idp"


def _text(page: Page) -> str:
    return "".join(words(page))


async def _until(holds: Callable[[], Awaitable[bool]], *, wanted: str) -> None:
    """Wait for what another task does; the bound is for a slow machine."""
    for _ in range(400):
        if await holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(wanted)


async def _press(visitor: Visitor, page: Page, action: str) -> Page:
    return await visitor.submit(page, page.form(action=action))


def _second_tab(house: House, visitor: Visitor) -> Visitor:
    tab = house.visitor()
    tab.http.cookies = httpx2.Cookies(visitor.http.cookies)
    return tab


async def _is_signed_in(visitor: Visitor) -> bool:
    return (await visitor.http.get("/cases", follow_redirects=False)).status_code == 200


async def test_a_clerk_locks_and_unlocks_and_goes_on_where_they_were(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    page = await clerk.begin("05-elder-respect-allowance")
    if "/form/" not in page.url:
        page = await clerk.submit(page, page.forms[0])
    draft = page.url
    tab = _second_tab(open_house, clerk)
    locked = await _press(clerk, page, "/lock")
    assert "已锁定" in _text(locked)
    assert not await _is_signed_in(clerk)
    assert not await _is_signed_in(tab), "the second tab shows nothing either"
    unlock = next(link for link in _links(locked) if "/unlock" in link)
    asked = await clerk.get(unlock)
    assert "锁定" in _text(asked)
    form = asked.form(having="password")
    assert form.values["username"] == ["clerk"]
    back = await clerk.submit(asked, form, {"password": DEMO_PASSWORD})
    assert back.url.split("?")[0] == draft.split("?")[0]
    assert back.status == 200


async def test_a_lock_answers_prompt_none_with_login_required(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    await _press(clerk, await clerk.get("/"), "/lock")
    silent = await clerk.get("/sign-in?next=/cases")
    assert silent.url.startswith(ISSUER), "nobody comes back in without a page"


async def test_handing_over_leads_the_next_clerk_to_the_sign_in_page(open_house: House) -> None:
    """S37."""
    first = await open_house.person("clerk")
    page = await first.get("/cases")
    tab, stale = _second_tab(open_house, first), page
    asked = await _press(first, page, "/hand-over")
    assert any("password" in form.names for form in asked.forms)
    assert "王晓芸" not in _text(asked)
    assert not await _is_signed_in(tab)
    second = await first.submit(asked, asked.form(having="password"), {"username": "clerk2", "password": DEMO_PASSWORD})
    assert "李建国" in _text(second)
    assert "王晓芸" not in _text(second)
    # The first clerk's open page must not act in the second one's name.
    refused = await first.submit(stale, stale.form(action="/lock"))
    assert refused.status == 403
    assert await _is_signed_in(first)


async def test_pages_of_a_clerk_are_kept_by_no_browser(open_house: House) -> None:
    """S37: back button."""
    clerk = await open_house.person("clerk")
    for path in ("/", "/cases", "/desk", "/matters"):
        assert (await clerk.http.get(path)).headers["cache-control"] == "no-store"


async def test_signing_out_of_the_portal_leads_through_the_provider_and_back(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    page = await _press(clerk, await clerk.get("/"), "/sign-out")
    assert page.url.split("?")[0] == f"{BASE}/signed-out"


async def test_the_portal_session_ends_when_the_providers_does(open_house: House) -> None:
    """By an administrator, from elsewhere: over the back channel, without the browser."""
    clerk = await open_house.person("clerk")
    provider = open_house.provider
    (live,) = await provider.sessions.of_account("demo-clerk", at=open_house.now())
    await provider.sessions.end(live.sid, Ending.BY_ADMINISTRATOR, at=open_house.now())

    async def is_out() -> bool:
        return not await _is_signed_in(clerk)

    await _until(is_out, wanted="the portal never heard of it")


async def test_only_the_session_of_the_token_ends(open_house: House) -> None:
    here, there = await open_house.person("clerk"), await open_house.person("clerk")
    sid = here.http.cookies["onewindow_idp"].partition(".")[0]
    answer = await _tell(open_house, await _token(open_house, sid=sid, sub="demo-clerk"))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert not await _is_signed_in(here)
    assert await _is_signed_in(there)


async def test_a_token_without_sid_ends_every_session_of_the_person(open_house: House) -> None:
    """Back-Channel Logout §2.4: sub alone means all."""
    here, there, other = [await open_house.person(name) for name in ("clerk", "clerk", "clerk2")]
    await _tell(open_house, await _token(open_house, sid=None, sub="demo-clerk"))
    assert [await _is_signed_in(one) for one in (here, there, other)] == [False, False, True]


async def test_a_logout_token_is_taken_once(open_house: House) -> None:
    """§2.6 rule 7: a token that is sent again does nothing to the session begun since."""
    clerk = await open_house.person("clerk")
    sid = clerk.http.cookies["onewindow_idp"].partition(".")[0]
    token = await _token(open_house, sid=sid, sub="demo-clerk")
    assert (await _tell(open_house, token)).status_code == 200
    await clerk.get("/sign-in")
    assert await _is_signed_in(clerk)
    again = await _tell(open_house, token)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_request"})
    assert await _is_signed_in(clerk)


@pytest.mark.parametrize(
    "changes", [{"aud": "other"}, {"iss": "https://evil.example"}, {"nonce": "n"}, {"events": {}}, {"exp": 1}]
)
async def test_a_token_that_does_not_hold_ends_nothing(open_house: House, changes: dict[str, object]) -> None:
    """§2.6, §2.8."""
    clerk = await open_house.person("clerk")
    sid = clerk.http.cookies["onewindow_idp"].partition(".")[0]
    answer = await _tell(open_house, await _token(open_house, sid=sid, sub="demo-clerk", **changes))
    assert answer.status_code == 400
    assert await _is_signed_in(clerk)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 20_000])
async def test_what_is_no_token_ends_nothing(open_house: House, token: str) -> None:
    assert (await _tell(open_house, token)).status_code == 400


async def test_a_sign_in_that_was_under_way_when_its_sign_on_ended_opens_nothing(open_house: House) -> None:
    sessions, person = open_house.portal.sessions, (await _someone(open_house))
    began = open_house.now()
    await sessions.end_sign_on(sid="sid-1", sub="")
    dead = await sessions.begin(person, id_token="t", sign_on="sid-1", redeemed_at=began)
    assert await sessions.find(dead) is None
    alive = await sessions.begin(
        person, id_token="t", sign_on="sid-1", redeemed_at=open_house.now() + timedelta(seconds=1)
    )
    assert await sessions.find(alive) is not None


async def test_a_lock_leads_nowhere_but_to_this_site(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    answer = await clerk.http.get("/unlock?state=https://evil.example/", follow_redirects=False)
    assert answer.headers["location"] == "/sign-in?next=/"


def test_the_sign_out_form_may_lead_to_an_issuer_on_another_host() -> None:
    """Browsers hold a form's redirects against form-action."""
    policy = Renderer(Assets(), list, issuer="https://id.example/idp")._policy
    assert "form-action 'self' https://id.example;" in policy


async def _someone(house: House) -> Person:
    clerk = await house.person("clerk")
    session = await house.portal.sessions.find(clerk.http.cookies["onewindow_portal"])
    assert session is not None
    return session.person


async def _token(house: House, *, sub: str, sid: str | None, **changes: object) -> str:
    client = await house.provider.clients.get(house.portal.settings.portal_client_id)
    assert client is not None
    claims = logout_token.build(
        issuer=ISSUER, client=client, sub=sub, sid=sid or "", jti=f"j-{sid}-{sub}", at=house.now()
    )
    kept = {name: value for name, value in (claims | changes).items() if value != ""}
    return (await house.provider.keys.ring()).sign(kept, alg="ES256", typ=logout_token.TYP)


async def _tell(house: House, token: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(house.app), base_url=BASE) as http:
        return await http.post("/back-channel-logout", data={"logout_token": token})


def _links(page: Page) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page.text)]
