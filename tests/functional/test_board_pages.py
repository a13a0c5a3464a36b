"""The owner's board and what hangs from it: alerts, maintenance, numbers. Who may, what is told, and nobody's name in it."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import SHANGHAI
from config.storage.memory_state import MemoryStateStore
from connectors.incidents import DAMPING
from connectors.ledger import Delivery, DeliveryState, Result
from connectors.outcomes import Outcome, OutcomeClass
from connectors.storage.usage import SqlUsage
from tests.doubles.clerk_house import House, house
from tests.doubles.house import CLERK, application

ELDER = "05-elder-respect-allowance"
HOUR = timedelta(hours=1)
PAGES = ("/systems", "/alerts", "/systems/mz-elder/maintenance", "/systems/mz-elder/numbers")


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "mz-elder.hmac").write_text("the-value-of-a-secret")
    async with house(embedded, MemoryStateStore(), tmp_path, ONEWINDOW_SECRETS_DIR=str(secrets)) as opened:
        yield opened


async def accept(one: House, *, key: str = "k1", seed: int = 1) -> str:
    accepted = await one.connectors.intake.accept(
        application(ELDER, seed=seed), actor=CLERK, idempotency_key=key, at=one.now()
    )
    return accepted.case.number


@asynccontextmanager
async def working(one: House) -> AsyncIterator[None]:
    task = asyncio.create_task(one.connectors.worker().run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def delivery_of(one: House, number: str) -> Delivery:
    (view,) = await one.connectors.deliveries.of_case(number)
    return view.delivery


def typed(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


async def test_owners_managers_and_admins_see_them_in_both_languages_and_nobody_else(one: House) -> None:
    for username, language, status in (
        ("clerk", "zh-CN", 403),
        ("editor", "zh-CN", 403),
        ("approver", "zh-CN", 403),
        ("owner", "en", 200),
        ("manager", "zh-CN", 200),
        ("admin", "zh-CN", 200),
    ):
        visitor = await one.person(username, language=language)
        assert [(await visitor.get(path)).status for path in PAGES] == [status] * len(PAGES), username


async def test_the_board_tells_what_waits_what_failed_and_which_secret_ends(one: House, tmp_path: Path) -> None:
    (tmp_path / "secrets" / "mz-elder.hmac.expires").write_text(f"{(one.now() + timedelta(days=3)).date()}\n")
    await accept(one)
    ledger = one.connectors.ledger
    (lease,) = await ledger.claim(system="mz-elder", owner="w", at=one.now(), lease=HOUR, most=1)
    await ledger.begin(lease, kind="send", at=one.now())
    outcome = Outcome(kind=OutcomeClass.REFUSED, message="王某某的户籍不在本市", http_status=422)
    result = Result(state=DeliveryState.REFUSED, outcome=outcome, reports=("completed_refused",))
    await ledger.settle(lease, result, at=one.now(), duration_ms=1234)
    await accept(one, key="k2", seed=2)
    usage = one.connectors.usage
    assert isinstance(usage, SqlUsage)
    await usage.roll(list(one.connectors.systems), one.now())
    page = await (await one.person("owner")).get("/systems", **{"hx-request": "true"})
    assert page.text.lstrip().startswith('<div id="systems-list"')
    assert "业务上不同意（HTTP 422）" in page.text
    assert "1200 / 1200 / 1200" in page.text
    assert "mz-elder.hmac" in page.text
    for said in ("王某某", "the-value-of-a-secret"):
        assert said not in page.text


async def test_a_window_holds_deliveries_is_promised_to_the_clerk_and_ended_early_lets_them_go(one: House) -> None:
    owner = await one.person("owner")
    page = await owner.get("/systems/mz-elder/maintenance")
    ends = one.now() + 3 * HOUR
    done = await owner.submit(
        page, page.form(having="reason"), {"begins": typed(one.now()), "ends": typed(ends), "reason": "数据库升级"}
    )
    assert (done.status, "数据库升级" in done.text, "进行中" in done.text) == (200, True, True)
    number = await accept(one)
    clerk = await one.person("clerk")
    async with working(one), asyncio.timeout(60):
        while (held := await delivery_of(one, number)).hold_reason != "maintenance":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert (held.state, held.attempts) == (DeliveryState.HELD, 0)
        case = await clerk.get(f"/cases/{number}")
        assert "部门系统正在维护" in case.text
        assert f"{held.next_attempt_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" in case.text
        assert "维护中" in (await owner.get("/systems")).text
        page = await owner.get("/systems/mz-elder/maintenance")
        after = await owner.submit(page, page.form(action="/end"))
        assert "提前结束" in after.text
        while (await delivery_of(one, number)).attempts == 0:  # noqa: ASYNC110  # it happens in the database
            await asyncio.sleep(0.05)


WRONG = (
    ("", "2099-01-01T10:00", "升级", "请填写开始时间"),
    ("2099-01-01T10:00", "明天", "升级", "请填写结束时间"),
    ("2099-01-01T10:00", "2099-01-01T09:00", "升级", "结束时间要晚于开始时间"),
    ("2001-01-01T10:00", "2001-01-01T11:00", "升级", "这段时间已经过去"),
    ("now", "+400 hours", "升级", "一次维护最长 14 天"),
    ("2099-01-01T10:00", "2099-01-01T11:00", "升级", "开始时间最远在 180 天以内"),
    ("now", "+2 hours", "", "请填写原因"),
)


async def test_what_does_not_hold_is_told_at_its_field_and_stays_typed(one: House) -> None:
    owner = await one.person("owner")
    page = await owner.get("/systems/mz-elder/maintenance")
    for begin, end, reason, told in WRONG:
        begins = typed(one.now()) if begin == "now" else begin
        ends = typed(one.now() + timedelta(hours=int(end.split()[0]))) if end.startswith("+") else end
        answer = await owner.submit(
            page, page.form(having="reason"), {"begins": begins, "ends": ends, "reason": reason}
        )
        assert (answer.status, told in answer.text) == (422, True), told
        assert answer.form(having="reason").values["begins"] == [begins]
    assert not await one.connectors.maintenance.of_system("mz-elder")


async def test_windows_do_not_overlap_and_a_manager_sets_none(one: House) -> None:
    owner, manager = await one.person("owner"), await one.person("manager")
    page = await owner.get("/systems/mz-elder/maintenance")
    form = page.form(having="reason")
    values = {"begins": typed(one.now()), "ends": typed(one.now() + HOUR), "reason": "升级"}
    assert (await owner.submit(page, form, values)).status == 200
    again = await owner.submit(page, form, values)
    assert (again.status, "与已设的维护时间重叠" in again.text) == (422, True)
    seen = await manager.get("/systems/mz-elder/maintenance")
    assert not any("reason" in each.names or "/end" in each.action for each in seen.forms)
    answer = await manager.http.post("/systems/mz-elder/maintenance", data={**values, "csrf_token": "x"})
    assert answer.status_code == 403


async def test_alerts_come_once_when_it_begins_once_when_it_is_over_and_are_read_by_each_for_themselves(
    one: House,
) -> None:
    alerting, at = one.connectors.alerting, one.now()
    for _ in range(3):
        await alerting.open("mz-elder", "contract_drift", count=2, detail="ZLJ_APPLY", at=at)
    owner, manager = await one.person("owner"), await one.person("manager")
    page = await owner.get("/alerts")
    assert page.text.count("部门接口的应答与对接样例不一致") >= 2
    assert "告警：1 条未读" in (await owner.get("/systems")).text
    read = await owner.submit(page, page.form(having="alert"))
    assert "1 条未读" not in read.text
    assert "告警：没有未读" in (await owner.get("/systems")).text
    assert "告警：1 条未读" in (await manager.get("/systems")).text
    await alerting.close("mz-elder", "contract_drift", at=at + HOUR)
    assert "似已恢复" in (await owner.get("/alerts")).text
    await alerting.settle(at + HOUR + DAMPING)
    over = await owner.get("/alerts")
    assert "1 条未读" in over.text
    assert "似已恢复" not in over.text
    assert "部门接口的应答与对接样例不一致" not in (await owner.get("/alerts?system=rs-card")).text


async def test_an_alert_is_read_with_the_forms_token_only(one: House) -> None:
    await one.connectors.alerting.open("mz-elder", "breaker_open", at=one.now())
    owner = await one.person("owner")
    answer = await owner.http.post("/alerts/read", data={"alert": "x/opened"})
    assert answer.status_code == 403
    page = await owner.get("/alerts")
    odd = await owner.submit(page, page.form(having="alert"), {"alert": ["", "x/../y", "a/other", "b/opened"]})
    assert (odd.status, "1 条未读" in odd.text) == (200, True)


async def test_numbers_are_a_table_and_a_file_with_the_same_figures(one: House) -> None:
    for n in range(3):
        await accept(one, key=f"k{n}", seed=n + 1)
    usage = one.connectors.usage
    assert isinstance(usage, SqlUsage)
    await usage.roll(list(one.connectors.systems), one.now())
    owner = await one.person("owner")
    today = one.now().astimezone(SHANGHAI).date()
    for by, label in (("day", str(today)), ("week", "起一周"), ("month", f"{today:%Y-%m}")):
        page = await owner.get(f"/systems/mz-elder/numbers?by={by}")
        assert label in page.text
        file = await owner.http.get(f"/systems/mz-elder/numbers.csv?by={by}")
        assert file.headers["content-type"].startswith("text/csv")
        assert file.text.startswith("\ufeff")
        rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
        assert rows[0][:3] == ["期间", "受理", "送达"]
        assert rows[-1][1:4] == ["3", "0", "0"]
        assert sum(int(row[1]) for row in rows[1:]) == 3
    assert (await owner.get("/systems/none/numbers")).status == 404
    assert (await owner.get("/systems/none/maintenance")).status == 404
