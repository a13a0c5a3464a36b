"""A department that signs people on through OneWindow: who comes in, who does not, and what is said then."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from demo.ground.context import SystemContext
from demo.ground.entry import entry_of
from demo.ground.hours import Hours
from demo.ground.received import ReceivedStore
from demo.pages.app import create_pages
from tests.doubles.small_provider import SmallProvider

ISSUER = "http://127.0.0.1:8000/idp"
ADDRESS = "http://127.0.0.1:8105"
SYSTEM = "rs-employment"
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def provider() -> SmallProvider:
    return SmallProvider(ISSUER, SYSTEM, "known to both")


@pytest.fixture
async def department(provider: SmallProvider, tmp_path: Path) -> AsyncIterator[SystemContext]:
    store = ReceivedStore(tmp_path / "received.db")
    yield SystemContext(entry=entry_of(SYSTEM), store=store, secrets=lambda _name: b"", clock=lambda: AT)
    store.close()


@pytest.fixture
async def browser(provider: SmallProvider, department: SystemContext) -> AsyncIterator[httpx2.AsyncClient]:
    pages = create_pages(
        department,
        Hours(),
        own_address=ADDRESS,
        issuer=ISSUER,
        client_secret=provider.client_secret,
        transport=httpx2.ASGITransport(provider.app()),
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(pages), base_url=ADDRESS) as client:
        yield client


async def come_in(browser: httpx2.AsyncClient, provider: SmallProvider) -> httpx2.Response:
    begun = await browser.get("/login")
    return await browser.get(provider.authorize(begun.headers["location"]), follow_redirects=True)


async def test_a_stranger_is_offered_to_sign_in_with_one_window(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/")
    assert page.status_code == 200
    assert "使用一窗登录" in page.text
    assert "set-cookie" not in page.headers


async def test_a_tile_asks_for_a_code_with_pkce_a_nonce_and_the_level_the_system_wants(
    browser: httpx2.AsyncClient,
) -> None:
    begun = await browser.get("/login")
    assert begun.status_code == 302
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{ADDRESS}/callback"]
    assert asked["acr_values"] == ["urn:onewindow:acr:real-name-3"]
    assert set(asked["scope"][0].split()) == {"openid", "profile", "unit"}
    assert asked["nonce"]
    assert asked["state"]


async def test_who_came_in_is_shown_with_unit_roles_and_what_was_got_of_what_was_asked(
    browser: httpx2.AsyncClient, provider: SmallProvider
) -> None:
    page = await come_in(browser, provider)
    assert page.status_code == 200
    assert str(page.url) == f"{ADDRESS}/"
    for shown in ("王晓芸", "云桥街道便民服务中心", "综窗人员", "urn:onewindow:acr:password", "未达到"):
        assert shown in page.text


async def test_the_session_gets_a_new_id_when_somebody_comes_in(
    browser: httpx2.AsyncClient, provider: SmallProvider
) -> None:
    begun = await browser.get("/login")
    before = browser.cookies[f"sim_{SYSTEM}"]
    await browser.get(provider.authorize(begun.headers["location"]))
    assert browser.cookies[f"sim_{SYSTEM}"] != before
    assert "s-1" not in browser.cookies[f"sim_{SYSTEM}"]


async def test_a_callback_is_good_once(browser: httpx2.AsyncClient, provider: SmallProvider) -> None:
    begun = await browser.get("/login")
    callback = provider.authorize(begun.headers["location"])
    assert (await browser.get(callback)).status_code == 303
    assert (await browser.get(callback)).status_code == 400


async def test_another_browsers_callback_lets_nobody_in(browser: httpx2.AsyncClient, provider: SmallProvider) -> None:
    begun = await browser.get("/login")
    callback = provider.authorize(begun.headers["location"])
    browser.cookies.clear()
    page = await browser.get(callback)
    assert page.status_code == 400
    assert "登录请求已失效" in page.text


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"aud": "mz-elder"},
        {"aud": ["mz-elder"], "azp": SYSTEM},
        {"iss": "http://127.0.0.1:9/idp"},
        {"exp": 1_700_000_000},
        {"sub": None},
    ],
    ids=["nonce", "no nonce", "audience", "audience behind azp", "issuer", "expired", "nobody"],
)
async def test_an_id_token_that_does_not_hold_lets_nobody_in(
    browser: httpx2.AsyncClient, provider: SmallProvider, claims: dict[str, object]
) -> None:
    provider.claims = claims
    page = await come_in(browser, provider)
    assert page.status_code == 400
    assert "使用一窗登录" in (await browser.get("/")).text


async def test_an_id_token_signed_with_another_key_lets_nobody_in(
    browser: httpx2.AsyncClient, provider: SmallProvider
) -> None:
    provider.published_key = ECKey.generate_key("P-256", {"kid": "k1"})
    assert (await come_in(browser, provider)).status_code == 400


@pytest.mark.parametrize("iss", ["http://127.0.0.1:9/idp", ""])
async def test_a_callback_in_another_issuers_name_lets_nobody_in(
    browser: httpx2.AsyncClient, provider: SmallProvider, iss: str
) -> None:
    begun = await browser.get("/login")
    page = await browser.get(provider.authorize(begun.headers["location"], iss=iss))
    assert page.status_code == 400


async def test_a_provider_that_is_not_the_one_agreed_on_gets_no_visitor(
    browser: httpx2.AsyncClient, provider: SmallProvider
) -> None:
    provider.metadata = {"issuer": "http://127.0.0.1:9/idp"}
    page = await browser.get("/login")
    assert page.status_code == 400
    assert "重新登录</a>" not in page.text


async def test_somebody_without_the_right_role_is_told_whom_to_ask(browser: httpx2.AsyncClient) -> None:
    begun = await browser.get("/login")
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    page = await browser.get("/callback", params={"error": "access_denied", "state": state, "iss": ISSUER})
    assert page.status_code == 403
    assert "联系本单位管理员" in page.text


async def test_a_silent_provider_is_told_as_such(department: SystemContext) -> None:
    def silent(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("nobody there")

    pages = create_pages(
        department,
        Hours(),
        own_address=ADDRESS,
        issuer=ISSUER,
        client_secret="x",
        transport=httpx2.MockTransport(silent),
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(pages), base_url=ADDRESS) as client:
        page = await client.get("/login")
    assert page.status_code == 503
    assert "暂时没有应答" in page.text


async def test_signing_out_ends_the_session_and_tells_the_provider(
    browser: httpx2.AsyncClient, provider: SmallProvider
) -> None:
    await come_in(browser, provider)
    answer = await browser.post("/logout", headers={"origin": ADDRESS})
    assert answer.status_code == 303
    sent = urlsplit(answer.headers["location"])
    assert f"{sent.scheme}://{sent.netloc}{sent.path}" == f"{ISSUER}/logout"
    told = parse_qs(sent.query)
    assert told["post_logout_redirect_uri"] == [f"{ADDRESS}/"]
    assert told["client_id"] == [SYSTEM]
    assert told["id_token_hint"][0].count(".") == 2
    assert "使用一窗登录" in (await browser.get("/")).text


async def test_another_site_signs_nobody_out(browser: httpx2.AsyncClient, provider: SmallProvider) -> None:
    await come_in(browser, provider)
    answer = await browser.post("/logout", headers={"origin": "http://127.0.0.1:9", "sec-fetch-site": "same-site"})
    assert answer.status_code == 403
    assert "王晓芸" in (await browser.get("/")).text


async def test_what_was_received_is_listed_masked(
    browser: httpx2.AsyncClient, provider: SmallProvider, department: SystemContext
) -> None:
    payload = {"name": "欧阳锦心", "id_number": "99796919020503158X", "start_date": "2026-11-01"}
    await department.store.received("320105007-261122-RS014-000001", payload, operation="JYDJ", at=AT)
    text = (await come_in(browser, provider)).text
    assert "320105007-261122-RS014-000001" in text
    assert "欧阳*心" in text
    assert "997***********158X" in text
    assert "99796919020503158X" not in text
    assert "欧阳锦心" not in text


async def test_pages_forbid_inline_script_and_style(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "form-action 'self' http://127.0.0.1:8000;" in policy
    assert "<script" not in page.text
    assert "style=" not in page.text
    for sheet in ("base.css", f"looks/{SYSTEM}.css"):
        assert (await browser.get(f"/static/{sheet}")).headers["content-type"].startswith("text/css")


def _logout_token(provider: SmallProvider, **changes: object) -> str:
    claims = {
        "iss": ISSUER, "aud": SYSTEM, "sub": "s-1", "sid": "sid-1", "iat": int(AT.timestamp()),
        "exp": int(AT.timestamp()) + 120, "jti": "j-1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    kept = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": "k1", "typ": "logout+jwt"}, kept, provider.signing_key)


async def _told(browser: httpx2.AsyncClient, token: str) -> int:
    """Post as the provider does, without the browser's cookies."""
    provider = httpx2.AsyncClient(transport=browser._transport, base_url=ADDRESS)
    return (await provider.post("/back-channel-logout", data={"logout_token": token})).status_code


async def test_a_department_ends_the_session_the_provider_names(
    browser: httpx2.AsyncClient, provider: SmallProvider
) -> None:
    """OpenID Connect Back-Channel Logout 1.0 §2.6, §2.7."""
    provider.claims["sid"] = "sid-1"
    await come_in(browser, provider)
    assert await _told(browser, _logout_token(provider, sid="another")) == 200
    assert "王晓芸" in (await browser.get("/")).text
    assert await _told(browser, _logout_token(provider, jti="j-2")) == 200
    assert "使用一窗登录" in (await browser.get("/")).text


async def test_a_department_takes_a_logout_token_once(browser: httpx2.AsyncClient, provider: SmallProvider) -> None:
    provider.claims["sid"] = "sid-1"
    assert await _told(browser, _logout_token(provider)) == 200
    await come_in(browser, provider)
    assert await _told(browser, _logout_token(provider)) == 400
    assert "王晓芸" in (await browser.get("/")).text


@pytest.mark.parametrize("changes", [{"nonce": "n"}, {"aud": "other"}, {"iss": "https://evil.example"}, {"events": {}}])
async def test_a_department_refuses_a_logout_token_that_does_not_hold(
    browser: httpx2.AsyncClient, provider: SmallProvider, changes: dict[str, object]
) -> None:
    provider.claims["sid"] = "sid-1"
    await come_in(browser, provider)
    assert await _told(browser, _logout_token(provider, **changes)) == 400
    assert "王晓芸" in (await browser.get("/")).text


async def test_a_department_refuses_a_logout_token_of_another_key(
    browser: httpx2.AsyncClient, provider: SmallProvider
) -> None:
    provider.claims["sid"] = "sid-1"
    await come_in(browser, provider)
    provider.published_key, provider.signing_key = provider.signing_key, ECKey.generate_key("P-256", {"kid": "k1"})
    assert await _told(browser, _logout_token(provider)) == 400
    assert "王晓芸" in (await browser.get("/")).text
