"""OpenID Connect Back-Channel Logout 1.0; S27, S52."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from idp import accounts
from idp.clients import ClientRefused
from idp.protocol import logout_token
from idp.protocol.logout import BACKOFF, DeliveryState
from idp.protocol.session import ABSOLUTE, Ending
from idp.protocol.signing import SignatureRefused
from tests.doubles.idp_site import ISSUER, RelyingParty, Site, decoded, open_site
from tests.doubles.logout_listener import Listener

TOLD = {"backchannel_logout_uri": "https://tile.example/told", "backchannel_logout_session_required": True}
OTHER = {"backchannel_logout_uri": "https://other.example/told"}


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def site(tmp_path: Path, listener: Listener) -> AsyncIterator[Site]:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'idp.db'}")
    async with open_site(engine, MemoryStateStore(), egress=listener.egress()) as started:
        await started.account()
        yield started
    await engine.dispose()


async def _send(site: Site) -> None:
    await site.background.sender.drain()


def _leave(**parameters: str) -> str:
    return f"{ISSUER}/end_session?{urlencode(parameters)}"


async def _signed_out(site: Site, rp: RelyingParty) -> dict[str, Any]:
    """A person signed in at `rp` and out again: the tokens they had."""
    browser = site.browser()
    tokens = await rp.tokens(browser)
    await browser.get(_leave(id_token_hint=tokens["id_token"]))
    await _send(site)
    return tokens


async def test_the_logout_token_has_the_required_claims(site: Site, listener: Listener) -> None:
    """§2.4."""
    rp = await site.client(**TOLD)
    tokens = await _signed_out(site, rp)
    (token,) = listener.tokens("tile.example")
    claims = decoded(token)[1]
    id_token = decoded(tokens["id_token"])[1]
    assert (claims["iss"], claims["aud"]) == (ISSUER, "tile")
    assert (claims["sub"], claims["sid"]) == (id_token["sub"], id_token["sid"])
    assert claims["iat"] == int(site.clock().timestamp())
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert len(claims["jti"]) >= 20


async def test_the_logout_token_has_no_nonce(site: Site, listener: Listener) -> None:
    """§2.4: a nonce MUST NOT be present, so that it can't stand in for an id_token."""
    await _signed_out(site, await site.client(**TOLD))
    assert "nonce" not in decoded(listener.tokens("tile.example")[0])[1]


async def test_the_logout_token_says_its_type_and_is_signed_as_id_tokens_are(site: Site, listener: Listener) -> None:
    """§2.4, §2.6: typ logout+jwt, the client's id_token_signed_response_alg, never none."""
    for alg in ("ES256", "RS256"):
        rp = await site.client(
            f"rp-{alg.lower()}",
            backchannel_logout_uri=f"https://{alg.lower()}.example/told",
            id_token_signed_response_alg=alg,
        )
        await _signed_out(site, rp)
        (token,) = listener.tokens(f"{alg.lower()}.example")
        assert decoded(token)[0]["typ"] == "logout+jwt"
        assert decoded(token)[0]["alg"] == alg
        (await site.idp.keys.ring()).verify(token, typ=logout_token.TYP)


async def test_a_logout_token_is_neither_id_token_nor_access_token(site: Site, listener: Listener) -> None:
    """RFC 8725 §3.11; S27."""
    rp = await site.client(**TOLD)
    await _signed_out(site, rp)
    (token,) = listener.tokens("tile.example")
    for typ in ("JWT", "at+jwt"):
        with pytest.raises(SignatureRefused):
            (await site.idp.keys.ring()).verify(token, typ=typ)
    assert (await rp.userinfo(token)).status_code == 401
    assert (await site.browser().get(_leave(id_token_hint=token))).status_code == 400


async def test_it_is_posted_as_a_form_with_one_parameter(site: Site, listener: Listener) -> None:
    """§2.5."""
    await _signed_out(site, await site.client(**TOLD))
    (request,) = listener.requests
    assert (request.method, request.url.path) == ("POST", "/told")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.content.decode().split("=")[0] == "logout_token"
    assert "cookie" not in request.headers


async def test_every_relying_party_of_the_session_is_told_and_no_other(site: Site, listener: Listener) -> None:
    """§2.5: those the person is logged in to in this session."""
    one, two = await site.client(**TOLD), await site.client("other", **OTHER)
    await site.client("third", backchannel_logout_uri="https://third.example/told")
    browser, elsewhere = site.browser(), site.browser()
    tokens = await one.tokens(browser)
    await two.tokens(browser)
    await two.tokens(elsewhere)
    await browser.get(_leave(id_token_hint=tokens["id_token"]))
    await _send(site)
    sid = decoded(tokens["id_token"])[1]["sid"]
    assert sorted(host for host, _ in listener.received) == ["other.example", "tile.example"]
    assert {decoded(token)[1]["sid"] for _, token in listener.received} == {sid}


async def test_a_client_without_an_address_is_not_told(site: Site, listener: Listener) -> None:
    """§2.2: support is optional."""
    await _signed_out(site, await site.client())
    assert listener.received == []


@pytest.mark.parametrize("status", [200, 204])
async def test_200_means_ended_and_is_not_sent_again(site: Site, listener: Listener, status: int) -> None:
    """§2.8."""
    listener.answers["tile.example"] = status
    await _signed_out(site, await site.client(**TOLD))
    site.clock.forward(timedelta(days=1))
    await _send(site)
    assert len(listener.received) == 1


@pytest.mark.parametrize("status", [400, 404, 302])
async def test_a_refusal_is_kept_and_not_repeated(site: Site, listener: Listener, status: int) -> None:
    """§2.8: 400 where the request did not hold or the logout failed; a redirect is not followed."""
    listener.answers["tile.example"] = status
    await _signed_out(site, await site.client(**TOLD))
    site.clock.forward(timedelta(days=1))
    await _send(site)
    assert [host for host, _ in listener.received] == ["tile.example"]


@pytest.mark.parametrize("failure", [503, 429, httpx2.ConnectError("down")])
async def test_who_does_not_answer_is_told_again_with_a_fresh_token(
    site: Site, listener: Listener, failure: int | Exception
) -> None:
    """§2.8 and §4: retried, each time with a jti of its own; S52."""
    listener.answers["tile.example"] = failure
    await _signed_out(site, await site.client(**TOLD))
    await _send(site)
    assert len(listener.received) == 1, "the next try waits for its time"
    listener.answers["tile.example"] = 200
    site.clock.forward(BACKOFF[0])
    await _send(site)
    tokens = listener.tokens("tile.example")
    assert len({decoded(token)[1]["jti"] for token in tokens}) == 2
    assert decoded(tokens[1])[1]["exp"] > decoded(tokens[0])[1]["exp"]


async def test_trying_ends_after_about_a_day(site: Site, listener: Listener) -> None:
    listener.answers["tile.example"] = 500
    await _signed_out(site, await site.client(**TOLD))
    for wait in (*BACKOFF, timedelta(days=3)):
        site.clock.forward(wait)
        await _send(site)
    assert len(listener.received) == len(BACKOFF) + 1
    assert timedelta(hours=20) < sum(BACKOFF, timedelta()) < timedelta(hours=36)


async def test_two_senders_at_once_send_once(site: Site, listener: Listener, tmp_path: Path) -> None:
    """The lease keeps the second away."""
    from dataclasses import replace

    slow = asyncio.Event()
    listener.answers["tile.example"] = slow
    rp, browser = await site.client(**TOLD), site.browser()
    tokens = await rp.tokens(browser)
    await browser.get(_leave(id_token_hint=tokens["id_token"]))
    second = replace(site.background.sender, owner="second", _lanes={})
    sending = asyncio.create_task(_send(site))
    await listener.called.wait()
    await second.drain()
    slow.set()
    await sending
    assert len(listener.received) == 1


async def test_what_a_dead_sender_had_taken_is_sent_by_another(site: Site, listener: Listener) -> None:
    rp, browser = await site.client(**TOLD), site.browser()
    tokens = await rp.tokens(browser)
    await browser.get(_leave(id_token_hint=tokens["id_token"]))
    at = site.clock()
    taken = await site.idp.logout_queue.claim("tile", owner="dead", at=at, until=at + timedelta(seconds=30), at_most=9)
    assert len(taken) == 1
    await _send(site)
    assert listener.received == []
    site.clock.forward(timedelta(seconds=31))
    await _send(site)
    assert len(listener.received) == 1
    late = await site.idp.logout_queue.settle(taken[0].id, _refused(), owner="dead", tries=1, at=site.clock())
    assert not late, "the dead sender's verdict comes too late"


async def test_a_slow_relying_party_keeps_nobody_waiting(site: Site, listener: Listener) -> None:
    """S52: the person goes on at once, and other systems are told meanwhile."""
    never = asyncio.Event()
    listener.answers["tile.example"] = never
    one, two, browser = await site.client(**TOLD), await site.client("other", **OTHER), site.browser()
    tokens = await one.tokens(browser)
    await two.tokens(browser)
    sending = asyncio.create_task(site.background.sender.run())
    page = await browser.get(_leave(id_token_hint=tokens["id_token"]))
    assert page.status_code == 200
    assert "正在通知" in page.text
    assert "told-ended" in page.text
    never.set()
    sending.cancel()


async def test_the_person_reads_per_system_what_became_of_it(site: Site, listener: Listener) -> None:
    """Ended, refused, unreachable, without an interface."""
    listener.answers |= {"no.example": 400, "gone.example": httpx2.ConnectError("down")}
    browser = site.browser()
    rps = [
        await site.client(
            name, client_name=f"系统{name}", **({"backchannel_logout_uri": f"https://{host}/x"} if host else {})
        )
        for name, host in (
            ("fine", "fine.example"),
            ("refuses", "no.example"),
            ("absent", "gone.example"),
            ("mute", ""),
        )
    ]
    tokens = [await rp.tokens(browser) for rp in rps]
    sending = asyncio.create_task(site.background.sender.run())
    page = await browser.get(
        _leave(id_token_hint=tokens[0]["id_token"], post_logout_redirect_uri="https://fine.example/bye", state="a b")
    )
    sending.cancel()
    for name, told in (("fine", "ended"), ("refuses", "refused"), ("absent", "unreachable"), ("mute", "not_told")):
        assert f'<li class="told-{told}"><strong>系统{name}</strong>' in page.text
    assert 'href="https://fine.example/bye?state=a+b"' in page.text


async def test_the_result_page_tells_nobody_who_was_signed_in(site: Site, listener: Listener) -> None:
    one, two, browser = await site.client(**TOLD), await site.client("other", **OTHER), site.browser()
    tokens = await one.tokens(browser)
    await two.tokens(browser)
    first = await browser.http.get(_leave(id_token_hint=tokens["id_token"]))
    await _send(site)
    page = await site.browser().get(first.headers["location"])
    assert "told-ended" in page.text
    assert "王晓芸" not in page.text
    assert (await site.browser().get(f"{ISSUER}/signed_out/{'x' * 32}")).status_code == 200


async def test_ends_by_others_are_told_too(site: Site, listener: Listener) -> None:
    """Administrator, account stopped, password changed: what ends a session ends it everywhere."""
    rp = await site.client(**TOLD)
    sub = (await site.idp.account_store.by_username("clerk"))[0].sub  # type: ignore[index]

    async def end_by_hand() -> None:
        sid = (await site.idp.sessions.of_account(sub, at=site.clock()))[0].sid
        await site.idp.sessions.end(sid, Ending.BY_ADMINISTRATOR, at=site.clock())

    async def change_password() -> None:
        at = site.clock()
        await accounts.set_password(site.idp.account_store, site.idp.passwords, "clerk", "Anders-2026-x", at=at)

    async def stop() -> None:
        await accounts.disable(site.idp.account_store, "clerk", at=site.clock())

    password = "Yichuang-2026"
    for number, end in enumerate((end_by_hand, change_password, stop), start=1):
        browser = site.browser()
        page = await browser.sign_in(rp.url(), password=password)
        tokens = (await rp.exchange(page.headers["location"].partition("code=")[2].partition("&")[0])).json()
        site.clock.forward(timedelta(seconds=1))
        await end()
        await site.background.watch.look()
        await _send(site)
        assert len(listener.received) == number, end
        assert (await rp.userinfo(tokens["access_token"])).status_code == 401
        password = "Anders-2026-x" if end is change_password else password


@pytest.mark.parametrize(
    ("shift_ends", "over_after"),
    [("12:00,17:30", timedelta(hours=3)), ("08:00,21:00", timedelta(hours=12)), ("", ABSOLUTE)],
)
async def test_the_shifts_end_and_the_absolute_limit_are_told(
    tmp_path: Path, listener: Listener, shift_ends: str, over_after: timedelta
) -> None:
    """The clock stands at nine in the morning in Shanghai."""
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'shift.db'}")
    async with open_site(engine, MemoryStateStore(), egress=listener.egress(), shift_ends=shift_ends) as site:
        await site.account()
        rp, browser = await site.client(**TOLD), site.browser()
        await rp.tokens(browser)
        site.clock.forward(over_after - timedelta(minutes=1))
        await site.background.watch.look()
        await _send(site)
        assert listener.received == []
        site.clock.forward(timedelta(minutes=1))
        await site.background.watch.look()
        await site.background.watch.look()
        await _send(site)
        assert len(listener.received) == 1
        assert 'name="password"' in (await browser.get(rp.url())).text
    await engine.dispose()


async def test_a_logout_that_could_not_be_written_is_written_later(site: Site, listener: Listener) -> None:
    """The session is dead at once; telling is made good by the watch over sessions."""
    from idp.protocol.logout_ports import LogoutQueueUnavailable

    rp, browser = await site.client(**TOLD), site.browser()
    tokens = await rp.tokens(browser)
    put = site.idp.logout_queue.put

    async def down(_deliveries: Any) -> None:
        raise LogoutQueueUnavailable("down")

    site.idp.logout_queue.put = down  # type: ignore[method-assign]
    await browser.get(_leave(id_token_hint=tokens["id_token"]))
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401
    assert listener.received == []
    site.idp.logout_queue.put = put  # type: ignore[method-assign]
    await site.background.watch.look()
    await _send(site)
    assert len(listener.received) == 1


async def test_offline_access_outlives_a_plain_sign_out(site: Site) -> None:
    """§2.7: refresh tokens with offline_access SHOULD NOT be revoked."""
    rp, browser = await site.client(**TOLD), site.browser()
    tokens = await rp.tokens(browser, scope="openid offline_access")
    await browser.get(_leave(id_token_hint=tokens["id_token"]))
    assert (await rp.refresh(tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("reason", [Ending.HANDED_OVER, Ending.BY_ADMINISTRATOR, Ending.ENDED_ELSEWHERE])
async def test_offline_access_ends_where_the_session_is_taken_away(site: Site, reason: Ending) -> None:
    rp, browser = await site.client(**TOLD), site.browser()
    tokens = await rp.tokens(browser, scope="openid offline_access")
    await site.idp.sessions.end(decoded(tokens["id_token"])[1]["sid"], reason, at=site.clock())
    assert (await rp.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await rp.userinfo(tokens["access_token"])).status_code == 401


@pytest.mark.parametrize(
    "uri",
    ["http://tile.example/told", "https://tile.example/told#x", "https://u@tile.example/", "javascript:1", "/told"],
)
async def test_an_address_that_does_not_hold_is_not_registered(site: Site, uri: str) -> None:
    """§2.2."""
    with pytest.raises(ClientRefused, match="backchannel_logout_uri"):
        await site.client(backchannel_logout_uri=uri)


async def test_an_address_inside_the_house_is_not_called(tmp_path: Path) -> None:
    """S43: a registered address must not become a way in; it counts as unreachable, without telling why."""
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'inside.db'}")
    async with open_site(engine, MemoryStateStore()) as site:
        await site.account()
        rp, browser = await site.client(backchannel_logout_uri="https://127.0.0.1:9/told"), site.browser()
        tokens = await rp.tokens(browser)
        await browser.get(_leave(id_token_hint=tokens["id_token"]))
        await _send(site)
        due = await site.idp.logout_queue.next_due()
        assert due == site.clock() + BACKOFF[0]
    await engine.dispose()


async def test_discovery_says_so(site: Site) -> None:
    """§2.1."""
    async with site.caller() as http:
        metadata = (await http.get(f"{ISSUER}/.well-known/openid-configuration")).json()
    assert metadata["backchannel_logout_supported"] is True
    assert metadata["backchannel_logout_session_supported"] is True


def _refused() -> Any:
    from idp.protocol.logout import Settled

    return Settled(state=DeliveryState.REFUSED, answer="status 400", next_try_at=None)
