"""The page of the contract examples: what was agreed, what the last trial saw, and a run now, asked for once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.mismatch import Mismatch
from connectors.storage.trials import SqlTrials
from connectors.trial import Judged, TrialResult, TrialState
from tests.doubles.clerk_house import BASE, House, house, systems

ADDRESS = "/systems/mz-elder/examples"


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    endpoints = tmp_path / "with-test.yaml"
    lines = [f"{id_}: http://127.0.0.1:9" for id_ in systems()] + ["mz-elder.test: http://127.0.0.1:9/test"]
    endpoints.write_text("\n".join(lines), "utf-8")
    variables = {"ONEWINDOW_ENDPOINTS_FILE": str(endpoints)}
    async with house(embedded, MemoryStateStore(), tmp_path, **variables) as opened:
        yield opened


async def tried(one: House, engine: AsyncEngine) -> None:
    """Keep a trial as a worker would: the first example holds, the second differs."""
    book, at = SqlTrials(engine), one.now()
    await book.begin_night("mz-elder", at.date(), at=at)
    trial = await book.take(owner="w", at=at, until=at.replace(year=at.year + 1))
    assert trial is not None
    await book.start(trial.id, version="1", total=2, at=at)
    difference = Mismatch(example="养老服务补贴申请", place="body.data.caseId", expected="a text", found="missing")
    examples = systems()["mz-elder"].spec.examples
    states = ((TrialState.HOLDS, ()), (TrialState.DRIFT, (difference,)))
    for position, (state, differences) in enumerate(states):
        judged = Judged(state=state, expected="accepted", found="accepted", differences=differences, http_status=200)
        result = TrialResult(
            position=position, example=examples[position].name, operation=examples[position].operation,
            judged=judged, duration_ms=12, at=at,
        )  # fmt: skip
        assert await book.note(trial.id, result, owner="w", until=at.replace(year=at.year + 1))
    await book.finish(trial.id, owner="w", at=at)


async def test_what_was_expected_and_seen_stands_beside_each_example(one: House, embedded: AsyncEngine) -> None:
    await tried(one, embedded)
    page = await (await one.person("owner")).get(ADDRESS)
    assert "http://127.0.0.1:9/test" in page.text
    assert "body.data.caseId" in page.text
    assert "与约定不同" in page.text
    assert "与约定一致" in page.text
    assert "夜间自动" in page.text
    assert "99890419001001001X" not in page.text  # masked all the same


async def test_an_owner_has_it_tried_now_and_sees_that_it_waits(one: House, embedded: AsyncEngine) -> None:
    owner = await one.person("owner")
    page = await owner.get(ADDRESS)
    waiting = await owner.submit(page, page.form(action="/examples"))
    assert "几秒后开始" in waiting.text
    again = await owner.submit(page, page.form(action="/examples"))
    assert again.status == 200
    kept = await SqlTrials(embedded).latest("mz-elder")
    assert [(trial.by, trial.is_over) for trial in kept] == [("demo-owner", False)]
    partial = await owner.get(ADDRESS, **{"hx-request": "true"})
    assert partial.text.lstrip().startswith('<section id="examples-trials"')
    assert 'hx-trigger="every 2s"' in partial.text


async def test_a_system_without_a_test_address_says_so_and_is_not_tried(one: House) -> None:
    owner = await one.person("owner")
    page = await owner.get("/systems/gjj-core/examples")
    assert "没有测试地址" in page.text
    elder = await owner.get(ADDRESS)
    token = elder.form(action="/examples").values["csrf_token"][0]
    refused = await owner.http.post(
        "/systems/gjj-core/examples", data={"csrf_token": token}, headers={"origin": BASE, "referer": f"{BASE}/"}
    )
    assert refused.status_code == 409


async def test_a_manager_looks_and_a_clerk_does_not(one: House) -> None:
    manager = await one.person("manager")
    page = await manager.get(ADDRESS)
    assert page.status == 200
    assert not [form for form in page.forms if "/examples" in form.action]
    assert (await (await one.person("clerk")).get(ADDRESS)).status == 403


@pytest.mark.parametrize("system", ["yb-core", "rs-card", "wj-reward", "mz-benefit", "tax-ssf"])
async def test_every_kind_of_system_shows_its_examples(one: House, system: str) -> None:
    page = await (await one.person("admin")).get(f"/systems/{system}/examples")
    assert page.status == 200
    assert all(example.name in page.text for example in systems()[system].spec.examples)
