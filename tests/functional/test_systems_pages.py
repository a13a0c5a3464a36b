"""The owner's pages: who may see them, what they say, and that no secret is on them."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.secret_names import secret_names
from tests.doubles.api_house import House, house, systems


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "mz-elder.hmac").write_text("the-value-of-a-secret")
    async with house(embedded, MemoryStateStore(), tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("role", ["owner", "manager", "admin"])
async def test_owner_manager_and_admin_see_every_system(one: House, role: str) -> None:
    await one.sign_in(role)
    page = await one.client.get("/systems")
    assert page.status_code == 200
    assert len(systems()) >= 13
    assert all(system.name in page.text for system in systems().values())


@pytest.mark.parametrize("role", ["clerk", "editor", "approver"])
@pytest.mark.parametrize("path", ["/systems", "/systems/mz-elder"])
async def test_nobody_else_does(one: House, role: str, path: str) -> None:
    await one.sign_in(role)
    assert (await one.client.get(path)).status_code == 403


async def test_a_visitor_is_sent_to_sign_in(one: House) -> None:
    answer = await one.client.get("/systems", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/systems")


async def test_what_waits_is_counted_and_comes_first(one: House) -> None:
    assert (await one.submit(await one.bearer(), one.application())).status_code == 201
    await one.sign_in("owner")
    one.ahead += timedelta(minutes=20)
    page = await one.client.get("/systems", headers={"hx-request": "true"})
    assert page.text.lstrip().startswith('<div id="systems-list"')
    assert page.text.index('href="/systems/mz-elder"') < page.text.index('href="/systems/gjj-core"')


@pytest.mark.parametrize("system", [each.id for each in systems().values()])
async def test_each_system_shows_its_flow_and_names_of_secrets_only(one: House, system: str) -> None:
    await one.sign_in("owner")
    page = await one.client.get(f"/systems/{system}")
    assert page.status_code == 200
    assert "the-value-of-a-secret" not in page.text
    if system == "mz-elder":
        assert "mz-elder.hmac" in page.text
        assert "form.applicant_id_number" in page.text
        assert "status == 200 &amp;&amp; body.code == 0" in page.text


@pytest.mark.parametrize("system", [each.id for each in systems().values()])
async def test_every_secret_a_spec_names_anywhere_is_shown_with_what_it_is_for_and_the_days_left(
    one: House, system: str
) -> None:
    await one.sign_in("owner")
    spec = systems()[system].spec
    names = {*secret_names(spec)}
    rows = re.findall(
        r"<tr><td[^>]*><code>([^<]+)</code></td>(.*?)</tr>", (await one.client.get(f"/systems/{system}")).text
    )
    shown = {name: re.sub(r"<[^>]+>", " ", rest) for name, rest in rows if name in names}
    assert shown.keys() == names
    for name, rest in shown.items():
        assert ("接收回调" in rest) is (name in secret_names(spec.callback)), (name, rest)
        assert any(word in rest for word in ("剩", "没有这个文件", "没有写明到期日")), (name, rest)


async def test_an_unknown_system_is_404(one: House) -> None:
    await one.sign_in("owner")
    assert (await one.client.get("/systems/none")).status_code == 404
