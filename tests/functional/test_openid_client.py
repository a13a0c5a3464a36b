"""A relying party no one here wrote: npm openid-client against the provider over HTTP (tests/npm/relying_party.mjs)."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from joserfc.jwk import ECKey

from config.clock import utc_now
from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from idp.client_registration import invite
from idp.protocol.device_grant import GRANT_TYPE as DEVICE_GRANT
from idp.storage.tables import metadata
from tests.doubles.idp_site import PASSWORD, Browser, FakeClock, RelyingParty, Site, another_process
from tests.doubles.prepared import with_tables
from tests.servers.node_packages import FOLDER, node
from tests.servers.ports import free_base_port

KEY = ECKey.generate_key("P-256", {"kid": "k-1"})
PUBLIC = {str(name): str(value) for name, value in KEY.as_dict(private=False).items()}
ANSWER_WITHIN_SECONDS = 60
Visit = Callable[[str], Awaitable[str]]


class _RealClock(FakeClock):
    """openid-client looks at the clock of this machine."""

    def __call__(self) -> datetime:
        return utc_now()


@pytest.fixture(scope="module")
def node_program() -> str:
    """Node, with the packages of the lock file beside the script."""
    return node()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The provider with one clerk, listening."""
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'idp.db'}")
    await with_tables(engine, metadata)
    port = free_base_port()
    base = f"http://127.0.0.1:{port}"
    async with another_process(engine, MemoryStateStore(), _RealClock(), base_url=base) as started:
        await started.account()
        async with _listening(started, port):
            yield started
    await engine.dispose()


@asynccontextmanager
async def _listening(site: Site, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(site.app, host="127.0.0.1", port=port, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    # Inside pytest's own loop: signals stay pytest's.
    serving = asyncio.create_task(server._serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def _run(node_program: str, scenario: str, given: dict[str, Any], visit: Visit | None = None) -> dict[str, Any]:
    """Run a scenario; `visit` is the person: it gets an address and returns where the browser ended."""
    child = await asyncio.create_subprocess_exec(
        node_program, str(FOLDER / "relying_party.mjs"), scenario, cwd=FOLDER,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps(given).encode() + b"\n")
        while True:
            line = await asyncio.wait_for(child.stdout.readline(), ANSWER_WITHIN_SECONDS)
            said: dict[str, Any] = json.loads(line)
            if "visit" not in said:
                assert "result" in said, said
                result: dict[str, Any] = said["result"]
                return result
            assert visit is not None, said
            child.stdin.write(json.dumps({"callback": await visit(said["visit"])}).encode() + b"\n")
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


def _given(rp: RelyingParty, **more: Any) -> dict[str, Any]:
    said = {"issuer": rp.site.issuer, "client_id": rp.client.client_id, "client_secret": rp.secret}
    if rp.client.redirect_uris:
        said["redirect_uri"] = rp.redirect_uri
    return said | more


def _person(browser: Browser) -> Visit:
    async def visit(address: str) -> str:
        page = await browser.get(address)
        if page.status_code == 200:
            page = await browser.submit(page, username="clerk", password=PASSWORD)
        if page.status_code == 200:
            page = await browser.submit(page, button="allow")
        return str(page.headers["location"])

    return visit


_KEY_CLIENT: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt", "jwks": (PUBLIC,)}


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
async def test_code_with_pkce_and_userinfo(site: Site, node_program: str, alg: str) -> None:
    rp = await site.client(id_token_signed_response_alg=alg)
    found = await _run(node_program, "code", _given(rp, alg=alg), _person(site.browser()))
    assert found["token_type"] == "bearer"
    assert found["claims"]["iss"] == site.issuer
    assert found["userinfo"]["name"] == "王晓芸"


async def test_a_public_client_with_rotating_refresh_tokens(site: Site, node_program: str) -> None:
    rp = await site.client("app", token_endpoint_auth_method="none")
    given = _given(rp, scope="openid profile offline_access")
    found = await _run(node_program, "refresh", given, _person(site.browser()))
    assert (found["rotated"], found["userinfo"]["name"]) == (True, "王晓芸")


async def test_pushed_requests(site: Site, node_program: str) -> None:
    rp = await site.client(require_pushed_authorization_requests=True)
    found = await _run(node_program, "code", _given(rp, par=True), _person(site.browser()))
    assert sorted(found["parameters"]) == ["client_id", "request_uri"]
    assert found["userinfo"]["name"] == "王晓芸"


async def test_dpop_with_nonces_at_code_userinfo_and_refresh(site: Site, node_program: str) -> None:
    rp = await site.client("app", token_endpoint_auth_method="none", dpop_bound_access_tokens=True)
    given = _given(rp, dpop=True, scope="openid profile offline_access")
    found = await _run(node_program, "refresh", given, _person(site.browser()))
    assert (found["token_type"], found["rotated"], found["userinfo"]["name"]) == ("dpop", True, "王晓芸")


async def test_private_key_jwt(site: Site, node_program: str) -> None:
    rp = await site.client(**_KEY_CLIENT)
    given = _given(rp, private_jwk=KEY.as_dict(private=True))
    found = await _run(node_program, "code", given, _person(site.browser()))
    assert found["userinfo"]["name"] == "王晓芸"


async def test_all_of_the_fapi_profile_at_once(site: Site, node_program: str) -> None:
    rp = await site.client(**_KEY_CLIENT, profile="fapi2")
    given = _given(rp, private_jwk=KEY.as_dict(private=True), par=True, dpop=True)
    found = await _run(node_program, "code", given, _person(site.browser()))
    assert (found["token_type"], found["userinfo"]["name"]) == ("dpop", "王晓芸")


async def test_a_clients_own_token(site: Site, node_program: str) -> None:
    rp = await site.client(
        "api", grant_types=("client_credentials",), scope=("cases:read",), redirect_uris=(), **_KEY_CLIENT
    )
    given = _given(rp, private_jwk=KEY.as_dict(private=True), dpop=True, scope="cases:read")
    assert await _run(node_program, "client_credentials", given) == {"token_type": "dpop", "scope": "cases:read"}


async def test_introspection_and_revocation(site: Site, node_program: str) -> None:
    rp = await site.client()
    found = await _run(node_program, "revocation", _given(rp), _person(site.browser()))
    assert (found["before"]["active"], found["before"]["client_id"]) == (True, "tile")
    assert found["after"] == {"active": False}


async def test_logout(site: Site, node_program: str) -> None:
    rp = await site.client()
    given = _given(rp, post_logout_redirect_uri=rp.client.post_logout_redirect_uris[0])
    found = await _run(node_program, "logout", given, _person(site.browser()))
    assert found == {"state_returned": True, "userinfo_status": 401}


async def test_a_device(site: Site, node_program: str) -> None:
    rp = await site.client("kiosk", grant_types=(DEVICE_GRANT,), redirect_uris=(), token_endpoint_auth_method="none")
    browser = site.browser()

    async def visit(address: str) -> str:
        page = await browser.sign_in(address)
        page = await browser.submit(page, **_code_in(address))
        assert "设备已连接" in (await browser.submit(page, button="allow")).text
        return address

    found = await _run(node_program, "device", _given(rp, dpop=True), visit)
    assert (found["token_type"], found["userinfo"]["name"]) == ("dpop", "王晓芸")


async def test_a_client_that_registers_itself(site: Site, node_program: str) -> None:
    token = await invite(
        site.idp.registration.invitations, name="openid-client", scope=("openid", "profile"),
        grant_types=("authorization_code",), redirect_hosts=("rp.example",), profile="standard", allowed_roles=(),
        uses=1, lifetime=timedelta(hours=1), at=utc_now(),
    )  # fmt: skip
    given = {"issuer": site.issuer, "initial_access_token": token, "redirect_uri": "https://rp.example/cb"}
    found = await _run(node_program, "registration", given, _person(site.browser()))
    assert found["alg"] == "RS256"
    assert found["audience"] == found["client_id"]


def _code_in(address: str) -> dict[str, str]:
    return {"user_code": address.partition("user_code=")[2]}
