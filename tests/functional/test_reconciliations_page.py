"""The page of the daily reconciliation: what has to be asked about, noted once; the days; and why there is none."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import SHANGHAI
from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from connectors.reconciliation import Comparison, Difference, Repair
from connectors.storage.reconciliations import SqlReconciliations
from tests.doubles.clerk_house import BASE, House, house, systems

ADDRESS = "/systems/mz-elder/reconciliations"
NUMBER = "320105007-261121-MZ005-000007"


@pytest.fixture
async def engine_here(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'onewindow.db'}")
    yield engine
    await engine.dispose()


@pytest.fixture
async def one(engine_here: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with house(engine_here, MemoryStateStore(), tmp_path) as opened:
        yield opened


async def compared(one: House, engine: AsyncEngine) -> date:
    """Keep a day with a line of each kind, and a day whose list has not come; give the first."""
    book, at = SqlReconciliations(engine), one.now()
    day = at.astimezone(SHANGHAI).date() - timedelta(days=2)
    await book.take("mz-elder", day, owner="w", at=at, until=at)
    differences = (
        Difference(our_number=NUMBER, repair=Repair.ASK, ours="", theirs="10"),
        Difference(our_number=f"{NUMBER[:-1]}8", repair=Repair.LOOK_UP, ours="10", theirs="", delivery_id="d"),
        Difference(our_number=f"{NUMBER[:-1]}9", repair=Repair.TAKE_STATUS, ours="10", theirs="30", delivery_id="e"),
    )
    found = Comparison(
        system="mz-elder", day=day, compared_at=at, ours=2, theirs=2, ours_sha256="a", theirs_sha256="b",
        differences=differences,
    )  # fmt: skip
    await book.finish(found, at=at)
    await book.take("mz-elder", day + timedelta(days=1), owner="w", at=at, until=at)
    return day


async def test_what_has_to_be_asked_comes_first_and_is_noted_once(one: House, engine_here: AsyncEngine) -> None:
    day = await compared(one, engine_here)
    owner = await one.person("owner")
    page = await owner.get(ADDRESS)
    assert "部门清单里有，我们没有送过" in page.text
    assert f"还没有取得清单的日子：{day + timedelta(days=1)}" in page.text
    assert page.text.index("要询问部门的") < page.text.index("比对过的日子")
    (form,) = [each for each in page.forms if each.action.endswith("/reconciliations")]
    empty = await owner.submit(page, form)
    assert empty.status == 422
    assert "请写下部门怎样答复" in empty.text
    noted = await owner.submit(page, form, {"note": "对方误登，已删除"})
    assert "对方误登，已删除" in noted.text
    assert "没有要询问的" in noted.text
    assert not [each for each in noted.forms if each.action.endswith("/reconciliations")]
    again = await owner.submit(page, form, {"note": "再记一次"})
    assert again.status == 409


async def test_a_manager_looks_a_clerk_does_not_and_a_line_nobody_has_is_not_there(
    one: House, engine_here: AsyncEngine
) -> None:
    await compared(one, engine_here)
    manager = await one.person("manager")
    page = await manager.get(ADDRESS)
    assert page.status == 200
    assert not [each for each in page.forms if each.action.endswith("/reconciliations")]
    assert (await (await one.person("clerk")).get(ADDRESS)).status == 403
    owner = await one.person("owner")
    token = (await owner.get(ADDRESS)).form(action="/reconciliations").values["csrf_token"][0]
    for wrong in ({"day": "yesterday"}, {"day": "2026-01-01"}):
        data = {"csrf_token": token, "number": NUMBER, "note": "x", **wrong}
        answer = await owner.http.post(ADDRESS, data=data, headers={"origin": BASE, "referer": f"{BASE}/"})
        assert answer.status_code == 404


@pytest.mark.parametrize("system", systems())
async def test_every_system_has_the_page_and_a_way_to_it(one: House, system: str) -> None:
    owner = await one.person("owner")
    assert f"/systems/{system}/reconciliations" in (await owner.get(f"/systems/{system}")).text
    page = await owner.get(f"/systems/{system}/reconciliations")
    assert page.status == 200
    assert "还没有比对过" in page.text
