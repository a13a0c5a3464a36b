"""A result flows back to whom the guide declares, and events make what follows from them happen, once."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from connectors.fanout import Announcement
from connectors.intake import Application
from connectors.ledger import DeliveryState, InboundEvent
from connectors.storage.notice_tables import results
from connectors.storage.tables import submissions
from demo.identifiers import id_number
from tests.conftest import Backend
from tests.doubles.house import CLERK, application
from tests.doubles.reflux_town import reflux_town
from tests.doubles.town import Town, eventually

DIBAO = "01-minimum-living-guarantee"
ALLOWANCE = "05-elder-respect-allowance"
CANCELLATION = "11-resident-pension-cancellation"
DEAD = id_number(random.Random(80), birth_date=date(1902, 3, 1), is_male=True)


@asynccontextmanager
async def _town(engine: AsyncEngine, state: StateStore, directory: Path) -> AsyncIterator[Town]:
    systems = ("mz-assist", "mz-elder", "mz-benefit", "mz-monitor", "rs-resident-pension", "yb-core")
    lines = {"mz-benefit.exchange": f"sqlite:///{directory / 'mz-benefit-exchange.db'}"}
    async with reflux_town(directory, engine, state, only=systems, lines=lines) as made:
        yield made


@pytest.fixture
async def town(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[Town]:
    async with _town(embedded, MemoryStateStore(), tmp_path) as made:
        yield made


@pytest.fixture
async def either_town(backend: Backend, tmp_path: Path) -> AsyncIterator[Town]:
    """The same, on both ways to run."""
    async with _town(backend.engine, backend.state, tmp_path) as made:
        yield made


def poor_household(seed: int) -> Application:
    """Return an application for dibao that the department grants."""
    made = application(DIBAO, seed=seed)
    return replace(made, form={**made.form, "household_house_count": 1, "household_financial_assets": "100.00"})


async def received(town: Town, system: str, number: str) -> int:
    """Return how often a department made a record under that number."""
    return sum(line["times"] for line in town.departments[system].received(number))


async def test_a_granted_dibao_reaches_everybody_declared_and_nobody_else(either_town: Town) -> None:
    town = either_town
    number = await town.take_in(poor_household(3), "dibao-3")
    assert await town.decided(number) == "completed_approved"
    (monitored,) = await town.settled(number, "mz-monitor")
    assert monitored.department_number.startswith("JC")
    assert monitored.message
    await town.settled(number, "county-mz")
    await town.settled(number, "yb-core")
    by_receiver = {each.receiver: each for each in await town.notices(number)}
    assert by_receiver["utilities"].way == "never"
    assert not by_receiver["utilities"].deliveries
    assert by_receiver["township"].way == "portal"
    assert not by_receiver["township"].deliveries
    # F3: eligible and subsidised at the health insurer, and the monitoring platform is pushed to once, by the reflux.
    told = [each for each in await town.notices(number) if each.receiver == "yb-core"]
    assert {each.action for each in told} == {"mark_eligible", "set_subsidy_category"}
    for each in told:
        assert await received(town, "yb-core", each.number) == 1
    assert await received(town, "mz-monitor", by_receiver["mz-monitor"].number) == 1


async def test_a_notice_holds_the_declared_fields_and_nothing_of_the_rest_of_the_form(town: Town) -> None:
    number = await town.take_in(poor_household(4), "dibao-4")
    assert await town.decided(number) == "completed_approved"
    notice = await town.notice_to(number, "mz-monitor")
    async with town.engine.connect() as connection:
        found = await connection.execute(
            select(submissions.c.content).where(submissions.c.case_number == notice.number)
        )
        content = found.scalar_one()
    assert set(content) == {"notice", "item", "case", "reason"}
    assert set(content["item"]) == {"person", "household", "assistance"}
    assert set(content["item"]["person"]) == {"name", "id_number"}
    assert set(content["item"]["assistance"]) == {"category", "amount", "start_month"}
    assert content["item"]["assistance"]["category"] == "dibao"
    assert content["notice"]["basis"]
    assert content["notice"]["trigger"] == "办结后实时"
    form = poor_household(4).form
    assert str(form["bank_account_no"]) not in str(content)
    assert str(form["applicant_phone"]) not in str(content)


async def test_a_reflux_that_nobody_takes_leaves_the_case_completed(town: Town) -> None:
    town.departments["mz-monitor"].misbehave("maintenance", 500)
    number = await town.take_in(poor_household(5), "dibao-5")
    assert await town.decided(number) == "completed_approved"
    await town.settled(number, "county-mz")
    waiting = (await town.notice_to(number, "mz-monitor")).deliveries[0]
    assert waiting.state not in (DeliveryState.CONFIRMED, DeliveryState.DESK)
    assert len(await town.connectors.deliveries.of_case(number)) == 1


async def test_a_correction_goes_to_everybody_who_was_told_after_what_they_were_told(town: Town) -> None:
    number = await town.accept(ALLOWANCE, seed=8)
    assert await town.decided(number) == "completed_approved"
    await town.settled(number, "mz-monitor")
    view = (await town.connectors.deliveries.of_case(number))[0]
    corrected = InboundEvent(
        system="mz-elder",
        event_id="corrected-1",
        source="callback",
        our_number=number,
        department_number=view.delivery.department_number,
        status="30",
        occurred_at=datetime.now(UTC) + timedelta(minutes=1),
        received_at=datetime.now(UTC),
        facts={"月发放金额（元）": "321.00"},
    )
    assert await town.connectors.ledger.receive(corrected, at=datetime.now(UTC))
    first, second = await town.settled(number, "mz-monitor", count=2)
    assert (first.position, second.position) == (1, 2)
    assert second.confirmed_at is not None
    assert first.confirmed_at is not None
    assert second.confirmed_at >= first.confirmed_at
    notice = await town.notice_to(number, "mz-monitor")
    assert await received(town, "mz-monitor", notice.number) == 1
    assert await received(town, "mz-monitor", f"{notice.number}-2") == 1
    async with town.engine.connect() as connection:
        row = (await connection.execute(select(results).where(results.c.case_number == number))).mappings().one()
    assert row["items"]["assistance.amount"] == "321.00"
    assert row["revision"] == 2
    # The same correction once more changes nothing and tells nobody.
    again = replace(corrected, event_id="corrected-2")
    await town.connectors.ledger.receive(again, at=datetime.now(UTC))
    assert len((await town.notice_to(number, "mz-monitor")).deliveries) == 2


async def test_a_death_suspends_payments_and_one_undo_gives_everything_back(either_town: Town) -> None:
    town = either_town
    number = await town.accept(CANCELLATION, situation="death", seed=9)
    (event,) = await town.connectors.notices.events(CLERK.region, "open")
    assert event.case_number == number
    numbers = {each.receiver: each.number for each in await town.connectors.notices.of_event(event.number)}
    assert set(numbers) == {"mz-elder", "mz-benefit", "mz-assist", "rs-resident-pension"}

    async def all_told(count: int) -> bool:
        told = await town.connectors.notices.of_event(event.number)
        states = [[d.state for d in each.deliveries] for each in told]
        return all(len(each) == count and set(each) == {DeliveryState.CONFIRMED} for each in states)

    async def once() -> bool:
        return await all_told(1)

    async def twice() -> bool:
        return await all_told(2)

    await eventually(once)
    decide = town.connectors.happenings.decide
    assert await decide(event.number, "undo", actor=CLERK, reason="同名误报，本人健在", at=datetime.now(UTC))
    assert not await decide(event.number, "undo", actor=CLERK, reason="同名误报，本人健在", at=datetime.now(UTC))
    await eventually(twice)
    for each in await town.connectors.notices.of_event(event.number):
        suspended, resumed = each.deliveries
        assert suspended.position < resumed.position
        assert resumed.operation in ("LD_RESUME", "LD_REVIEW_OFF")
    elder = next(each for each in await town.connectors.notices.of_event(event.number) if each.receiver == "mz-elder")
    assert await received(town, "mz-elder", f"{elder.number}-2") == 1


async def test_a_death_pushed_twice_and_reported_by_a_case_happens_once(town: Town) -> None:
    pushed = {"name": "测试辛", "idNumber": DEAD, "deathDate": "2026-11-01", "townCode": CLERK.region}
    for _ in range(2):
        httpx2.post(
            f"{town.departments['mz-monitor'].base_url}/deaths", json=pushed, trust_env=False
        ).raise_for_status()

    async def is_known() -> bool:
        return len(await town.connectors.notices.events(CLERK.region, "open")) == 1

    await eventually(is_known)
    made = application(CANCELLATION, situation="death", seed=10)
    form = {**made.form, "deceased_name": "测试辛", "deceased_id_number": DEAD}
    await town.take_in(replace(made, form=form), "cancellation-10")
    assert len(await town.connectors.notices.events(CLERK.region, "open")) == 1
    (event,) = await town.connectors.notices.events(CLERK.region, "open")
    assert event.source.startswith("mz-monitor:")
    assert event.region == CLERK.region
    assert await town.connectors.happenings.decide(
        event.number, "confirm", actor=CLERK, reason="户籍注销证明已核验", at=datetime.now(UTC)
    )
    elder = next(each for each in await town.connectors.notices.of_event(event.number) if each.receiver == "mz-elder")

    async def is_ended() -> bool:
        return await received(town, "mz-elder", f"{elder.number}-2") == 1

    await eventually(is_ended)


async def test_after_an_undone_false_alarm_a_true_death_is_heard(town: Town) -> None:
    def said(event_id: str) -> Announcement:
        items = {"deceased.name": "测试壬", "deceased.id_number": DEAD}
        at = datetime.now(UTC)
        return Announcement(
            kind="death", system="mz-monitor", event_id=event_id, items=items, region=CLERK.region, received_at=at
        )

    happenings = town.connectors.happenings
    assert await happenings.announced(said("a"))
    assert not await happenings.announced(said("a"))
    assert not await happenings.announced(said("b"))
    (event,) = await town.connectors.notices.events(CLERK.region, "open")
    assert await happenings.decide(event.number, "undo", actor=CLERK, reason="误报，已电话核实", at=datetime.now(UTC))
    assert not await happenings.announced(said("a"))
    assert await happenings.announced(said("c"))


async def test_whoever_turns_eighty_soon_without_the_allowance_is_visited_once(town: Town) -> None:
    """Found among the results that flowed back; a visit is a task of the unit, not a case."""
    number = await town.take_in(poor_household(12), "dibao-12")
    assert await town.decided(number) == "completed_approved"
    today = datetime.now(UTC)
    async with town.engine.begin() as connection:
        soon = (today + timedelta(days=20)).date()
        await connection.execute(
            results.update().where(results.c.case_number == number).values(born_on=soon.replace(year=soon.year - 80))
        )
    at_noon = today.replace(hour=4) + timedelta(days=1)
    assert await town.connectors.happenings.scan(at_noon) == 1
    assert await town.connectors.happenings.scan(at_noon) == 0
    assert await town.connectors.happenings.scan(at_noon + timedelta(days=1)) == 0
    tasks = [each.task for each in await town.connectors.desk.tasks(CLERK) if each.task.reason == "visit"]
    assert len(tasks) == 1
    assert tasks[0].matter_id == ALLOWANCE


async def test_relief_is_passed_on_once_it_was_paid(town: Town) -> None:
    """发放后实时: the department's answer names the day of payment, so nothing waits any longer."""
    made = application("04-temporary-assistance", seed=14)
    form = {**made.form, "expense_total": "9000.00", "reimbursed_total": "1000.00"}
    number = await town.take_in(replace(made, form=form), "relief-14")
    assert await town.decided(number) == "completed_approved"
    notice = await town.notice_to(number, "mz-monitor")
    assert not notice.awaits_payment
    assert {"assistance.pay_date", "assistance.amount"} <= set(notice.fields)
    await town.settled(number, "mz-monitor")
