"""Front databases of departments that misbehave: results late, cleared, twice, wrong, or never."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from config.clock import SHANGHAI
from connectors.alarm_bell import AlarmBell
from connectors.alarms import KINDS as ALARMS
from connectors.storage.health import SqlHealthBook
from connectors.system_health import SystemHealth
from connectors.transport_ports import Errand, Lists
from demo.gjj_core.tables import T_WB_KH
from demo.gjj_core.tables import metadata as gjj_metadata
from demo.ground.exchange import wall
from demo.mz_benefit.tables import IN_RESULT, OUT_BIZ, metadata
from tests.doubles.front_databases import KINDS, FrontDatabase, front_database
from tests.doubles.tables_and_files import (
    A_WEDNESDAY,
    WAITS_SECONDS,
    Moments,
    department,
    key_of,
    number_of,
    side,
    until_events,
)

DISABLED, CHILD, FUND = "06-disability-subsidies", "08-orphan-child-security", "E02-housing-fund-account"


@asynccontextmanager
async def made(request: pytest.FixtureRequest, directory: Path, tables: MetaData) -> AsyncIterator[FrontDatabase]:
    kind = request.param
    fixture = {"postgresql": "postgres", "mariadb": "mariadb"}.get(kind)
    servers = {fixture: request.getfixturevalue(fixture)} if fixture is not None else {}
    async with front_database(kind, directory, tables, **servers) as database:
        secret_files(directory, database)
        yield database


@pytest.fixture(params=KINDS)
async def front(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FrontDatabase]:
    async with made(request, tmp_path, metadata) as database:
        yield database


@pytest.fixture(params=KINDS)
async def fund(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FrontDatabase]:
    async with made(request, tmp_path, gjj_metadata) as database:
        yield database


def secret_files(directory: Path, front: FrontDatabase) -> None:
    (directory / "secrets").mkdir(exist_ok=True)
    for name in ("mz-benefit.database", "gjj-core.database"):
        (directory / "secrets" / name).write_text(front.password or "none", "utf-8")


def account(front: FrontDatabase) -> dict[str, object]:
    """Return the change a spec needs to sign in there."""
    return {"exchange_table": front.changes()}


async def answer(front: FrontDatabase, errand: Errand, *, serial: str, code: str = "3", at: datetime) -> None:
    """Write a result the way the department does."""
    await front.add(
        IN_RESULT,
        HZ_LSH=serial,
        BATCH_ID="20260318-01",
        ROW_GUID=key_of(errand),
        HZ_CODE=code,
        HZ_MSG="审定通过",
        HZ_TIME=wall(at),
        READ_FLAG="0",
    )


@pytest.mark.parametrize(("matter", "situation"), [(DISABLED, "living"), (DISABLED, "nursing"), (CHILD, "de_facto")])
async def test_a_row_is_scanned_reviewed_and_decided(
    front: FrontDatabase, tmp_path: Path, matter: str, situation: str
) -> None:
    async with (
        department("mz-benefit", tmp_path, front.whole, speed=20_000) as there,
        side("mz-benefit", tmp_path, front.line, changes=account(front)) as ours,
    ):
        errand = ours.errand(matter, situation)
        outcome = await ours.transport.send(errand)
        events = await until_events(ours, at_least=3)
        # Some are written late, so their order is not the one they were decided in; the ledger only goes forward.
        statuses = {event.status for event in events}
        assert {"1", "2"} < statuses
        assert statuses - {"1", "2"} <= {"3", "4"}
        assert {event.department_number for event in events} == {outcome.department_number}
        assert all(event.facts["回执流水号"] == event.event_id for event in events)
        (receipt,) = await there.store.receipts(number_of(errand))
        assert (receipt.times, receipt.seen) == (1, 1)


async def test_sensitive_columns_stand_in_the_table_as_ciphertext_only(front: FrontDatabase, tmp_path: Path) -> None:
    async with side("mz-benefit", tmp_path, front.line, changes=account(front)) as ours:
        errands = [ours.errand(CHILD, "orphan"), ours.errand(CHILD, "orphan")]
        for errand in errands:
            await ours.transport.send(errand)
        first, second = await front.rows(OUT_BIZ)
        form = errands[0].values["form"]
        assert isinstance(form, dict)
        written = " ".join(str(value) for value in first.values())
        for name in ("child_name", "child_id_number", "child_address", "guardian_id_number", "bank_account_no"):
            assert str(form[name]) not in written
        # Equal texts in different rows can't be told to be equal.
        assert first["SFZHM"] != second["SFZHM"]


async def test_what_was_not_confirmed_comes_again_and_the_flag_is_set_only_after(
    front: FrontDatabase, tmp_path: Path
) -> None:
    async with side("mz-benefit", tmp_path, front.line, changes=account(front)) as ours:
        errand = ours.errand(DISABLED, "living")
        await ours.transport.send(errand)
        await answer(front, errand, serial="HZ1", at=ours.around.clock())
        first = await ours.fetch(confirm=False)
        assert [row["READ_FLAG"] for row in await front.rows(IN_RESULT)] == ["0"]
        again = await ours.fetch()
        assert [event.event_id for event in first] == [event.event_id for event in again] == ["HZ1"]
        assert [row["READ_FLAG"] for row in await front.rows(IN_RESULT)] == ["1"]
        assert await ours.fetch() == []


async def test_a_result_committed_late_is_found_and_one_cleared_after_reading_is_not_missed(
    front: FrontDatabase, tmp_path: Path
) -> None:
    async with side("mz-benefit", tmp_path, front.line, changes=account(front)) as ours:
        errands = [ours.errand(DISABLED, "living", seed=seed) for seed in (1, 2)]
        for errand in errands:
            await ours.transport.send(errand)
        now = ours.around.clock()
        await answer(front, errands[0], serial="HZ2", at=now)
        assert [event.event_id for event in await ours.fetch()] == ["HZ2"]
        await front.clear(IN_RESULT, READ_FLAG="1")
        await answer(front, errands[1], serial="HZ1", at=now - timedelta(minutes=50))
        assert [event.event_id for event in await ours.fetch()] == ["HZ1"]


async def test_after_a_restart_the_same_rows_have_the_same_ids(front: FrontDatabase, tmp_path: Path) -> None:
    async with side("mz-benefit", tmp_path, front.line, changes=account(front)) as ours:
        errand = ours.errand(DISABLED, "living")
        await ours.transport.send(errand)
        await answer(front, errand, serial="HZ7", at=ours.around.clock())
        before = await ours.fetch()
        ours.transport = ours.again()
        # Within the overlap it is read again; the ledger knows the id and counts it once.
        assert [event.event_id for event in await ours.fetch()] == [event.event_id for event in before]
        await ours.transport.aclose()


async def test_more_results_than_a_page_holds_all_come(front: FrontDatabase, tmp_path: Path) -> None:
    back = {"most_rows": 3}
    async with side("mz-benefit", tmp_path, front.line, changes=account(front)) as declared:
        whole = declared.system.spec.exchange_table
        assert whole is not None
        section = whole.back.model_dump(mode="json", exclude_defaults=True) | back
    async with side(
        "mz-benefit", tmp_path, front.line, changes={"exchange_table": {**front.changes(), "back": section}}
    ) as ours:
        errand = ours.errand(DISABLED, "living")
        now = ours.around.clock()
        for n in range(40):
            await answer(front, errand, serial=f"HZ{n:03d}", at=now)
        events = await until_events(ours, at_least=40)
        assert len(events) == 40


async def test_a_wrong_row_concerns_only_itself(front: FrontDatabase, tmp_path: Path) -> None:
    async with (
        department("mz-benefit", tmp_path, front.whole, speed=20_000) as there,
        side("mz-benefit", tmp_path, front.line, changes=account(front)) as ours,
    ):
        good, bad = ours.errand(DISABLED, "living"), ours.errand(DISABLED, "living", seed=2)
        bad = ours.with_form(bad, disability_level="7")
        for errand in (bad, good):
            await ours.transport.send(errand)
        events = await until_events(ours, at_least=3)
        (failure,) = [event for event in events if event.status == "9"]
        assert failure.our_number == number_of(bad)
        assert "CJDJ" in failure.message
        assert await there.store.receipts(number_of(bad)) == []
        assert len(await there.store.receipts(number_of(good))) == 1


async def test_a_row_taken_back_in_time_is_never_taken_and_one_too_late_is_reported(
    front: FrontDatabase, tmp_path: Path
) -> None:
    async with side("mz-benefit", tmp_path, front.line, changes=account(front)) as ours:
        errand = ours.errand(DISABLED, "living")
        await ours.transport.send(errand)
        await ours.transport.send(ours.withdrawal(errand))
        async with (
            department("mz-benefit", tmp_path, front.whole, speed=20_000) as there,
            asyncio.timeout(WAITS_SECONDS),
        ):
            while {row["STATUS"] for row in await front.rows(OUT_BIZ)} != {"8", "1"}:  # noqa: ASYNC110 - a table has no event to wait for
                await asyncio.sleep(0.05)
            assert await there.store.receipts(number_of(errand)) == []


async def test_rows_nobody_takes_ring_after_an_hour_of_opening_and_fall_silent_when_taken(
    front: FrontDatabase, tmp_path: Path
) -> None:
    clock = Moments()
    async with side(
        "mz-benefit", tmp_path, front.line, changes=account(front), clock=clock, at=A_WEDNESDAY.replace(hour=16)
    ) as ours:
        errand = ours.errand(DISABLED, "living")
        errand = Errand(
            system=errand.system,
            operation=errand.operation,
            values={
                **errand.values,
                "delivery": {**dict(errand.values["delivery"]), "created_at": clock().isoformat()},
            },  # type: ignore[call-overload]
            delivery_id=errand.delivery_id,
        )
        await ours.transport.send(errand)
        clock.later(minutes=59)
        await ours.fetch()
        assert await ours.alarms() == {}
        clock.later(minutes=2)
        await ours.fetch()
        alarm = (await ours.alarms())["not_taken"]
        assert (alarm.count, alarm.since) == (1, clock())
        clock.later(minutes=5)
        await ours.fetch()
        assert (await ours.alarms())["not_taken"].since < clock()
        await front.change(OUT_BIZ, "ROW_GUID", key_of(errand), STATUS="1")
        await ours.fetch()
        assert await ours.alarms() == {}


async def test_a_night_and_a_weekend_do_not_count_against_a_department(front: FrontDatabase, tmp_path: Path) -> None:
    clock = Moments()
    friday = datetime(2026, 3, 20, 17, 0, tzinfo=SHANGHAI)
    async with side("mz-benefit", tmp_path, front.line, changes=account(front), clock=clock, at=friday) as ours:
        errand = ours.errand(DISABLED, "living")
        await ours.transport.send(errand)
        clock.later(days=2, hours=15)
        await ours.fetch()  # Monday, 08:00: thirty minutes of opening since
        assert await ours.alarms() == {}
        clock.later(hours=2)
        await ours.fetch()
        assert set(await ours.alarms()) == {"not_taken"}


async def test_a_database_that_is_away_brings_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    async with side("mz-benefit", tmp_path, "mysql://127.0.0.1:9/there") as ours:
        assert await ours.fetch() == []


async def test_a_case_of_many_rows_is_told_of_once_all_are_answered(fund: FrontDatabase, tmp_path: Path) -> None:
    async with side("gjj-core", tmp_path, fund.line, changes=account(fund)) as ours:
        errand = ours.errand(FUND, "new", seed=2)
        form = errand.values["form"]
        assert isinstance(form, dict)
        person = form["employees"][0]
        form["employees"] = [person, {**person, "name": "林冲"}]
        await ours.transport.send(errand)
        first, second = sorted((row["ID"] for row in await fund.rows(T_WB_KH)), key=str)
        now = wall(ours.around.clock())
        await fund.change(T_WB_KH, "ID", first, STATUS="1", RET_CODE="1", GRZH="000001001", HZSJ=now)
        assert await ours.fetch() == []
        refused = {"RET_CODE": "2", "RET_MSG": "职工已有正常缴存账户，应办理转移"}
        await fund.change(T_WB_KH, "ID", second, STATUS="1", HZSJ=now, **refused)
        (event,) = await ours.fetch()
        assert (event.our_number, event.status) == (number_of(errand), "1/2")
        assert event.facts == {"个人公积金账号": "000001001", "职工人数": "2", "已设立人数": "1"}
        assert "应办理转移" in event.message
        await fund.change(T_WB_KH, "ID", second, RET_CODE="1", GRZH="000001002", RET_MSG="账户设立成功")
        (mended,) = await ours.fetch()
        assert mended.status == "1"


async def test_an_account_that_exists_and_a_base_above_the_cap_are_no_errors(
    fund: FrontDatabase, tmp_path: Path
) -> None:
    async with (
        department("gjj-core", tmp_path, fund.whole, speed=50_000),
        side("gjj-core", tmp_path, fund.line, changes=account(fund)) as ours,
    ):
        errand = ours.errand(FUND, "new", seed=2)
        form = errand.values["form"]
        assert isinstance(form, dict)
        form["employees"] = [{**form["employees"][0], "base": 99_999.0}]
        await ours.transport.send(errand)
        (first,) = await until_events(ours, at_least=1)
        again = ours.errand(FUND, "new", seed=2)
        form = again.values["form"]
        assert isinstance(form, dict)
        await ours.transport.send(again)
        second = next(e for e in await until_events(ours, at_least=1) if e.our_number == number_of(again))
        assert first.status == second.status == "1"
        assert first.facts["个人公积金账号"].split("、")[0] in second.facts["个人公积金账号"]
        # What the department cut is its own affair: the row counts as ours still.
        assert (await ours.transport.send(errand)).kind.value == "duplicate"


async def test_the_owner_s_list_knows_of_an_alarm_as_long_as_it_lasts(front: FrontDatabase, tmp_path: Path) -> None:
    clock = Moments()
    async with side("mz-benefit", tmp_path, front.line, changes=account(front), clock=clock) as ours:
        bell, book = AlarmBell("mz-benefit", ours.around.notes, clock), SqlHealthBook(ours.engine)
        await bell.set("not_taken", count=3, oldest_at=clock())
        await bell.set("receipt_missing", count=1)
        alarms = (await book.all(["mz-benefit"], clock()))["mz-benefit"].alarms
        assert [(alarm.kind, alarm.count) for alarm in alarms] == [("not_taken", 3), ("receipt_missing", 1)]
        for kind in ALARMS:
            await bell.set(kind, count=0)
        assert (await book.all(["mz-benefit"], clock()))["mz-benefit"] == SystemHealth(system="mz-benefit")


async def test_rows_that_stand_are_listed_by_the_day_they_were_written_on(front: FrontDatabase, tmp_path: Path) -> None:
    async with side("mz-benefit", tmp_path, front.line, changes=account(front)) as ours:
        assert isinstance(ours.transport, Lists)
        errand = ours.errand(DISABLED, "living")
        outcome = await ours.transport.send(errand)
        today = ours.around.clock().astimezone(SHANGHAI).date()
        listed = await ours.transport.list_day(today)
        assert [(each.our_number, each.department_number) for each in listed or ()] == [
            (number_of(errand), outcome.department_number)
        ]
        assert await ours.transport.list_day(today - timedelta(days=1)) == []


async def test_each_employees_row_is_listed_under_the_one_case(fund: FrontDatabase, tmp_path: Path) -> None:
    async with side("gjj-core", tmp_path, fund.line, changes=account(fund)) as ours:
        assert isinstance(ours.transport, Lists)
        errand = ours.errand(FUND, "new")
        outcome = await ours.transport.send(errand)
        listed = await ours.transport.list_day(ours.around.clock().astimezone(SHANGHAI).date())
        assert {(each.our_number, each.department_number) for each in listed or ()} == {
            (number_of(errand), outcome.department_number)
        }


async def test_a_table_that_cannot_be_read_gives_no_list(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mz-benefit.database").write_text("none", "utf-8")
    line = f"sqlite:///{tmp_path / 'nowhere' / 'front.db'}"
    async with side("mz-benefit", tmp_path, line) as ours:
        assert isinstance(ours.transport, Lists)
        assert await ours.transport.list_day(ours.around.clock().date()) is None
