"""S18: no secret is shown again once given, in pages, answers, logs or what is kept."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import text

from config import logs
from tests.doubles.idp_site import ISSUER, PASSWORD, VERIFIER, Site


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error with everything logged; the process's own set-up is put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure(level="debug", form="json")
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


async def test_no_secret_of_a_sign_on_stands_in_the_log_or_in_a_page(site: Site, log_lines: io.StringIO) -> None:
    """S18: client secret, password, code, verifier, tokens and cookies, on the good way and on the refused ones."""
    rp, browser = await site.client(), site.browser()
    pages = [await browser.get(rp.url())]
    pages.append(await browser.submit(pages[0], username="clerk", password="wrong-" + PASSWORD))
    code = await rp.code(browser)
    tokens = (await rp.exchange(code)).json()
    refused = [await rp.exchange(code), await rp.refresh("x" * 43), await rp.userinfo(tokens["access_token"] + "x")]
    refused.append(
        await rp.post("/token", {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER})
    )
    secrets = [rp.secret, PASSWORD, code, VERIFIER, *(tokens[name] for name in ("access_token", "id_token"))]
    # httpx keeps deleted cookies as empty ones; what is left are the session, this browser's id and what it knows.
    secrets += [value for _, value in browser.http.cookies.items() if len(value) > 20]
    said = log_lines.getvalue() + "".join(answer.text for answer in (*pages, *refused))
    assert '"event": "request"' in said
    assert [secret for secret in secrets if secret in said] == []


async def test_what_is_kept_of_a_client_opens_nothing(site: Site) -> None:
    """S18: CVE-2026-40166; the store holds a hash, and the hash is no secret either."""
    rp = await site.client()
    kept = await site.idp.client_store.get("tile")
    assert kept is not None
    assert rp.secret not in repr(kept)
    assert kept.client_secret_hash not in repr(kept)
    rp.secret = kept.client_secret_hash
    assert (await rp.exchange("x")).json()["error"] == "invalid_client"


async def test_no_secret_stands_in_the_database(site: Site, tmp_path: object) -> None:
    """S18: client secrets and refresh tokens as hashes, passwords hardened, keys sealed."""
    rp = await site.client()
    tokens = await rp.tokens(site.browser(), scope="openid offline_access")
    engine = site.idp.client_store._engine  # type: ignore[attr-defined]
    async with engine.connect() as connection:
        names = (await connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))).scalars().all()
        rows = [repr((await connection.execute(text(f'SELECT * FROM "{name}"'))).all()) for name in names]  # noqa: S608
    everything = "".join(rows)
    assert "tile" in everything
    for secret in (rp.secret, PASSWORD, tokens["refresh_token"], tokens["access_token"], '"d":'):
        assert secret not in everything


async def test_discovery_and_jwks_show_public_parts_only(site: Site) -> None:
    """S18: no private member of a key is published (RFC 7517 §9.3)."""
    async with site.caller() as http:
        keys = (await http.get(f"{ISSUER}/jwks")).json()["keys"]
    assert keys
    assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & {member for key in keys for member in key}
