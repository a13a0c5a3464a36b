"""A department's counter: people sign in with its own account, key in a case once and move it on."""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from demo.desk.entry_form import ENTRY_FORMS, EntryForm, Kind
from demo.desk.progress import next_statuses
from demo.ground.context import SystemContext
from demo.ground.entry import entry_of, load_entries
from demo.ground.hours import Hours
from demo.ground.received import ReceivedStore
from demo.pages.app import create_pages
from demo.pages.department import HOURS, LOCAL
from demo.people import AgeRule, make_person

CONFIG = Path(__file__).parents[2] / "config"
ADDRESS = "http://127.0.0.1:8100"
NUMBER = "320105007-261123-MZ004-000371"
TO_MARCH = timedelta(days=100)
"""From the tests' day into a month in which every system takes new entries."""

every_counter = pytest.mark.parametrize("system_id", ENTRY_FORMS)


@dataclass(slots=True)
class World:
    """One department: its browser, its store, and a clock the test moves."""

    browser: httpx2.AsyncClient
    context: SystemContext
    now: list[datetime]

    async def another_browser(self, stack: AsyncExitStack) -> httpx2.AsyncClient:
        transport = self.browser._transport
        return await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=ADDRESS))


Open = Callable[..., Any]


@pytest.fixture
async def open_department(tmp_path: Path) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def opened(system_id: str, *, offset: timedelta = timedelta()) -> World:
            store = ReceivedStore(tmp_path / f"{system_id}.db")
            stack.callback(store.close)
            now = [datetime(2026, 11, 23, 2, 0, tzinfo=UTC)]
            context = SystemContext(
                entry=entry_of(system_id),
                store=store,
                secrets=lambda _name: b"",
                clock=lambda: now[0],
                department_offset=offset,
            )
            pages = create_pages(
                context, HOURS.get(system_id, Hours()), own_address=ADDRESS, issuer="http://127.0.0.1:8000/idp"
            )
            client = httpx2.AsyncClient(transport=httpx2.ASGITransport(pages), base_url=ADDRESS, follow_redirects=True)
            await stack.enter_async_context(client)
            return World(browser=client, context=context, now=now)

        yield opened


async def sign_in(browser: httpx2.AsyncClient, system_id: str, **over: str) -> httpx2.Response:
    page = await browser.get("/login")
    sign_on = LOCAL[system_id]
    typed = {"username": sign_on.accounts[0].username, "password": sign_on.password, "ukey_pin": sign_on.ukey_pin}
    if sign_on.asks_code:
        typed["code"] = page.text.split('请照录：<span class="number">')[1][:4]
    return await browser.post("/login", data={**typed, **over}, headers={"origin": ADDRESS}, follow_redirects=True)


def entry(form: EntryForm, *, seed: int = 1, number: str = NUMBER) -> dict[str, str]:
    """What a person reads off the printed pack."""
    person = make_person(random.Random(seed), age=AgeRule(at=date(2026, 11, 23)))
    by_kind = {Kind.NAME: person.name, Kind.ID_NUMBER: person.id_number, Kind.ID_NUMBERS: "", Kind.MONTH: "202611",
               Kind.YEAR: "2026", Kind.TEXT: "320105"}  # fmt: skip
    typed = {f.name: next(iter(f.choices)) if f.kind is Kind.CHOICE else by_kind[f.kind] for f in form.fields}
    return {"number": number, "operation": next(iter(form.operations)), **typed}


async def key_in(browser: httpx2.AsyncClient, typed: Mapping[str, str]) -> httpx2.Response:
    return await browser.post("/entries", data=dict(typed), headers={"origin": ADDRESS}, follow_redirects=True)


def test_every_system_without_oidc_has_a_local_sign_in_and_every_one_without_interface_a_counter() -> None:
    entries = load_entries()
    assert set(LOCAL) == {e.id for e in entries if e.sso != "oidc"}
    assert set(ENTRY_FORMS) == {e.id for e in entries if e.protocol != "rest_json"} == set(HOURS)


def test_the_counters_operations_are_those_of_the_matters() -> None:
    wanted: dict[str, set[str]] = {system_id: set() for system_id in ENTRY_FORMS}
    for path in CONFIG.glob("matters*/*.yaml"):
        target = yaml.safe_load(path.read_text("utf-8"))["target"]
        if target["system"] in wanted:
            wanted[target["system"]].add(target["operation"])
    assert {system_id: set(form.operations) for system_id, form in ENTRY_FORMS.items()} == wanted


@pytest.mark.parametrize("system_id", LOCAL)
async def test_the_local_account_opens_the_system_and_nothing_else_does(open_department: Open, system_id: str) -> None:
    world = await open_department(system_id)
    refused = await world.browser.get("/")
    assert refused.url.path == "/login"
    assert "一窗将在后续版本接入" in refused.text
    wrong = await sign_in(world.browser, system_id, password="not it")
    assert wrong.status_code == 422
    assert "账号或口令不正确" in wrong.text
    right = await sign_in(world.browser, system_id)
    assert right.url.path == "/"
    assert LOCAL[system_id].accounts[0].post in right.text


async def test_a_code_is_good_for_one_attempt(open_department: Open) -> None:
    world = await open_department("wj-reward")
    page = await world.browser.get("/login")
    code = page.text.split('请照录：<span class="number">')[1][:4]
    sign_on = LOCAL["wj-reward"]
    typed = {"username": sign_on.accounts[0].username, "password": "wrong", "code": code}
    assert (await world.browser.post("/login", data=typed, headers={"origin": ADDRESS})).status_code == 422
    again = await world.browser.post(
        "/login", data={**typed, "password": sign_on.password}, headers={"origin": ADDRESS}
    )
    assert again.status_code == 422
    assert "验证码不正确或已失效" in again.text


async def test_the_second_sign_in_of_an_account_puts_the_first_out(open_department: Open) -> None:
    world = await open_department("wj-reward")
    await sign_in(world.browser, "wj-reward")
    async with AsyncExitStack() as stack:
        second = await world.another_browser(stack)
        await sign_in(second, "wj-reward")
        assert (await second.get("/")).status_code == 200
        assert (await world.browser.get("/")).url.path == "/login"


async def test_a_session_ends_after_the_time_the_system_allows(open_department: Open) -> None:
    world = await open_department("wj-reward")
    await sign_in(world.browser, "wj-reward")
    world.now[0] += timedelta(minutes=14)
    assert (await world.browser.get("/")).url.path == "/"
    world.now[0] += timedelta(minutes=16)
    assert (await world.browser.get("/")).url.path == "/login"


@every_counter
async def test_a_keyed_case_is_kept_once_under_the_departments_own_number(
    open_department: Open, system_id: str
) -> None:
    world = await open_department(system_id, offset=TO_MARCH)
    await sign_in(world.browser, system_id)
    typed = entry(ENTRY_FORMS[system_id])
    first = await key_in(world.browser, typed)
    assert first.status_code == 200
    kept = await world.context.store.by_number(NUMBER)
    assert kept is not None
    assert kept.department_number == ENTRY_FORMS[system_id].name_it(date(2026, 11, 23), kept.row)
    assert f"已录入，业务编号 {kept.department_number}" in first.text
    second = await key_in(world.browser, typed)
    assert kept.department_number in second.text
    assert "已录入，" not in second.text
    assert [(r.number, r.times) for r in await world.context.store.receipts()] == [(NUMBER, 1)]


@every_counter
async def test_the_same_application_in_another_case_is_the_one_that_is_there(
    open_department: Open, system_id: str
) -> None:
    world = await open_department(system_id, offset=TO_MARCH)
    await sign_in(world.browser, system_id)
    form = ENTRY_FORMS[system_id]
    await key_in(world.browser, entry(form))
    other = await key_in(world.browser, entry(form, number="320105007-261123-MZ004-000372"))
    assert form.already.split("{", maxsplit=1)[0] in other.text
    assert len(await world.context.store.receipts()) == 1


async def test_a_household_with_a_case_under_way_gets_no_second_one_until_that_is_decided(
    open_department: Open,
) -> None:
    world = await open_department("mz-assist")
    await sign_in(world.browser, "mz-assist")
    form = ENTRY_FORMS["mz-assist"]
    first, other = entry(form, seed=1), entry(form, seed=2, number="320105007-261123-MZ004-000999")
    await key_in(world.browser, first)
    relative = {**other, "JTCYSFZH": f"{first['SFZH']}\n"}
    assert "1002 重复申请" in (await key_in(world.browser, relative)).text
    kept = await world.context.store.by_number(NUMBER)
    assert kept is not None
    done = {"department_number": kept.department_number, "status": "BYQR"}
    await world.browser.post("/entries/status", data=done, headers={"origin": ADDRESS})
    assert "已录入，业务编号" in (await key_in(world.browser, relative)).text


@every_counter
async def test_a_click_moves_the_case_on_to_a_decision_and_no_further(open_department: Open, system_id: str) -> None:
    world = await open_department(system_id, offset=TO_MARCH)
    await sign_in(world.browser, system_id)
    await key_in(world.browser, entry(ENTRY_FORMS[system_id]))
    statuses = world.context.entry.status_map
    passed = []
    while True:
        kept = await world.context.store.by_number(NUMBER)
        assert kept is not None
        passed.append(kept.status)
        steps = next_statuses(statuses, kept.status)
        if not steps:
            break
        typed = {"department_number": kept.department_number, "status": steps[0]}
        page = await world.browser.post("/entries/status", data=typed, headers={"origin": ADDRESS})
        assert "状态已更新" in page.text
    assert len(passed) >= 2
    assert [step["status"] for step in kept.facts["history"]] == passed
    back = {"department_number": kept.department_number, "status": passed[0]}
    page = await world.browser.post("/entries/status", data=back, headers={"origin": ADDRESS})
    assert "不能再这样办理" in page.text
    assert "已办结" in page.text


@every_counter
async def test_an_empty_entry_is_told_field_by_field_and_nothing_typed_is_lost(
    open_department: Open, system_id: str
) -> None:
    world = await open_department(system_id, offset=TO_MARCH)
    await sign_in(world.browser, system_id)
    page = await key_in(world.browser, {"number": "12345", "operation": ""})
    assert page.status_code == 422
    assert 'value="12345"' in page.text
    assert "请照打印件填写一窗办件编号" in page.text
    for field in ENTRY_FORMS[system_id].fields:
        if field.required and not field.only_for:
            assert f"请填写{field.label}。" in page.text
            assert f'id="{field.name}-error"' in page.text
    assert await world.context.store.receipts() == []


async def test_a_wrong_check_character_is_refused_at_its_field(open_department: Open) -> None:
    world = await open_department("gjj-core")
    await sign_in(world.browser, "gjj-core")
    typed = entry(ENTRY_FORMS["gjj-core"])
    wrong = {**typed, "SFZHM": typed["SFZHM"][:17] + ("1" if typed["SFZHM"][17] != "1" else "2")}
    page = await key_in(world.browser, wrong)
    assert page.status_code == 422
    assert "校验码正确" in page.text
    assert wrong["SFZHM"] in page.text


async def test_a_character_the_old_system_lacks_becomes_a_question_mark_there(open_department: Open) -> None:
    world = await open_department("wj-reward", offset=TO_MARCH)
    await sign_in(world.browser, "wj-reward")
    await key_in(world.browser, {**entry(ENTRY_FORMS["wj-reward"]), "txtXM": "贾𬍛"})
    kept = await world.context.store.by_number(NUMBER)
    assert kept is not None
    assert kept.payload["txtXM"] == "贾?"


async def test_outside_its_season_a_system_says_when_to_come_back_and_keeps_what_was_typed(
    open_department: Open,
) -> None:
    world = await open_department("wj-reward")
    page = await sign_in(world.browser, "wj-reward")
    assert "仅在每年 1 月至 3 月开放新增" in page.text
    answer = await key_in(world.browser, entry(ENTRY_FORMS["wj-reward"]))
    assert answer.status_code == 422
    assert NUMBER in answer.text
    assert await world.context.store.receipts() == []


async def test_lists_are_masked_and_searched_by_our_number(open_department: Open) -> None:
    world = await open_department("mz-assist")
    await sign_in(world.browser, "mz-assist")
    form = ENTRY_FORMS["mz-assist"]
    typed = entry(form, seed=5)
    await key_in(world.browser, typed)
    await key_in(world.browser, entry(form, seed=6, number="320105007-261123-MZ001-000002"))
    page = await world.browser.get("/", params={"number": f" {NUMBER.lower()} "})
    assert NUMBER in page.text
    assert "MZ001-000002" not in page.text
    assert typed["SFZH"] not in page.text
    assert typed["SQRXM"] not in page.text


@pytest.mark.parametrize("path", ["/entries", "/entries/status"])
async def test_nobody_keys_in_without_signing_in(open_department: Open, path: str) -> None:
    world = await open_department("mz-assist")
    page = await world.browser.post(path, data=entry(ENTRY_FORMS["mz-assist"]), headers={"origin": ADDRESS})
    assert page.url.path == "/login"
    assert await world.context.store.receipts() == []


async def test_a_system_with_an_interface_lists_and_takes_nothing_by_hand(open_department: Open) -> None:
    world = await open_department("yb-core")
    page = await sign_in(world.browser, "yb-core")
    assert "不需要手工录入" in page.text
    assert "/entries" not in page.text
    answer = await world.browser.post("/entries", data={"number": NUMBER}, headers={"origin": ADDRESS})
    assert answer.status_code in {404, 405}


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 11, 23, 2, 0, tzinfo=UTC), "开放中"),
        (datetime(2026, 11, 23, 10, 0, tzinfo=UTC), "停办中"),
        (datetime(2026, 11, 22, 2, 0, tzinfo=UTC), "停办中"),
        (datetime(2026, 10, 1, 2, 0, tzinfo=UTC), "停办中"),
    ],
    ids=["Monday morning", "Monday evening", "Sunday", "National Day"],
)
async def test_the_page_says_whether_the_department_is_open(open_department: Open, at: datetime, words: str) -> None:
    world = await open_department("mz-assist")
    world.now[0] = at
    assert words in (await world.browser.get("/login")).text
