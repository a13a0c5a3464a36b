"""Steps at the window on both databases: a supplement brought or late, a result handed over; each once, with evidence."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.errors import StepNotPossible
from connectors.ledger import DeliveryState, DeskReason, InboundEvent, Result
from connectors.outcomes import Outcome, OutcomeClass
from connectors.result_handing import HandingOver, HandingWay, wrong_in
from connectors.storage.notes import SqlNotes
from connectors.storage.window_steps import SqlStepBook
from connectors.supplements import Supplements, supplement_clock
from matters.case import Case, CaseStatus
from matters.errors import CaseUnknown, UnknownMatter
from matters.guide import Matter
from matters.storage.cases import SqlCaseStore
from tests.doubles.house import CLERK, ELDER, MONDAY, OTHER_CLERK, House, application, calendar, make_house, matters
from tests.doubles.stopped import stopped

COLLECTED = HandingOver(way=HandingWay.IN_PERSON)
LATER = MONDAY + timedelta(hours=1)
TAKEN = Result(
    state=DeliveryState.PENDING_RESULT,
    outcome=Outcome(kind=OutcomeClass.ACCEPTED, department_number="D-1"),
    reports=("submitted",),
)
STATUSES = {"statuses": {"10": "accepted", "30": "completed_approved", "50": "supplement_required"}}


@pytest.fixture
async def house(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    house = await make_house(engine, MemoryStateStore(), tmp_path, changes=STATUSES, clock=lambda: MONDAY)
    yield house
    await house.connectors.aclose()


async def reported(house: House, number: str, status: str, *, at: datetime = MONDAY) -> None:
    event = InboundEvent(
        system="mz-elder", event_id=f"{number}:{status}:{at}", source="callback", our_number=number,
        department_number="D-1", status=status, received_at=at,
    )  # fmt: skip
    assert await house.connectors.ledger.receive(event, at=at)


async def submitted(house: House, taken: Result, *, seed: int = 1) -> str:
    made = application(ELDER, seed=seed)
    lease = await stopped(house.connectors, made, taken, by=CLERK, key=f"k{seed}", at=MONDAY)
    return lease.delivery.case_number


async def asked_for_a_supplement(house: House, *, seed: int = 1) -> str:
    number = await submitted(house, TAKEN, seed=seed)
    await reported(house, number, "50")
    return number


async def case_of(house: House, number: str) -> Case:
    case = await SqlCaseStore(house.engine).by_number(number)
    assert case is not None
    return case


async def on_desk(house: House) -> list[tuple[str, DeskReason]]:
    return [(v.task.delivery.case_number, v.task.reason) for v in await house.connectors.desk.tasks(CLERK)]


async def load(matter_id: str, version: int) -> Matter:
    raise UnknownMatter(f"{matter_id}@{version}")


def scanning(house: House) -> Supplements:
    return Supplements(
        book=SqlStepBook(house.engine, None),
        due=supplement_clock(matters().get, load, calendar()),
        due_on=lambda at: at + timedelta(days=1),
        notes=SqlNotes(house.engine),
    )


async def test_a_result_is_handed_over_once_and_the_evidence_says_by_whom_and_how(house: House) -> None:
    number = await submitted(house, TAKEN)
    await reported(house, number, "30")
    steps = house.connectors.window_steps
    agent = HandingOver(way=HandingWay.AGENT, receiver="李建国", authorised=True)
    both = await asyncio.gather(
        steps.hand_over(number, agent, actor=CLERK, at=LATER),
        steps.hand_over(number, agent, actor=CLERK, at=LATER),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in both) == ["Case", "StepNotPossible"]
    assert (await case_of(house, number)).status is CaseStatus.DELIVERED
    event = (await SqlCaseStore(house.engine).events(number))[-1]
    assert event.evidence is not None
    assert (event.evidence.source, event.evidence.who) == ("window", CLERK.name)
    assert event.evidence.note is not None
    assert "授权委托书" in event.evidence.note
    assert "李建国" not in event.evidence.note


async def test_nothing_is_handed_over_before_there_is_a_result_nor_by_another_unit(house: House) -> None:
    number = await submitted(house, TAKEN)
    with pytest.raises(StepNotPossible):
        await house.connectors.window_steps.hand_over(number, COLLECTED, actor=CLERK, at=LATER)
    await reported(house, number, "30")
    with pytest.raises(CaseUnknown):
        await house.connectors.window_steps.hand_over(number, COLLECTED, actor=OTHER_CLERK, at=LATER)


@pytest.mark.parametrize(
    ("handing", "wrong"),
    [
        (HandingOver(), {"way"}),
        (HandingOver(way=HandingWay.AGENT), {"receiver", "authorised"}),
        (HandingOver(way=HandingWay.AGENT, receiver="李建国"), {"authorised"}),
        (HandingOver(way=HandingWay.POST), {"reference"}),
        (HandingOver(way=HandingWay.POST, reference="EMS123456"), set()),
        (HandingOver(way=HandingWay.ELECTRONIC), set()),
        (COLLECTED, set()),
    ],
)
def test_nobody_else_collects_without_authority_and_a_parcel_has_a_number(
    handing: HandingOver, wrong: set[str]
) -> None:
    assert set(wrong_in(handing)) == wrong


async def test_a_supplement_brought_is_carried_to_the_department(house: House) -> None:
    number = await asked_for_a_supplement(house)
    steps = house.connectors.window_steps
    await steps.bring_supplement(number, "户口簿复印件", actor=CLERK, at=LATER)
    assert (await case_of(house, number)).status is CaseStatus.SUPPLEMENTED
    ((view,),) = [await house.connectors.desk.tasks(CLERK)]
    assert (view.task.reason, view.task.note) == (DeskReason.SUPPLEMENT, "户口簿复印件")
    await house.connectors.desk.complete(view.task.id, department_number="D-1", actor=CLERK, at=LATER)
    assert (await case_of(house, number)).status is CaseStatus.SUBMITTED
    assert await on_desk(house) == []


async def test_what_the_department_decides_meanwhile_leaves_nothing_to_carry(house: House) -> None:
    number = await asked_for_a_supplement(house)
    await house.connectors.window_steps.bring_supplement(number, "户口簿", actor=CLERK, at=LATER)
    await reported(house, number, "30", at=LATER)
    assert await on_desk(house) == []


async def test_a_supplement_whose_day_is_over_is_put_on_the_desk_once_a_day_by_one_worker(house: House) -> None:
    numbers = [await asked_for_a_supplement(house, seed=seed) for seed in (1, 2)]
    due = await house.connectors.window_steps.supplement_due(await case_of(house, numbers[0]))
    assert due is not None
    on_the_day = datetime(due.year, due.month, due.day, 4, tzinfo=MONDAY.tzinfo)
    assert await scanning(house).scan(on_the_day) == 0
    day_after = on_the_day + timedelta(days=1)
    found = await asyncio.gather(*(scanning(house).scan(day_after) for _ in range(2)))
    assert sum(found) == 2
    assert sorted(await on_desk(house)) == sorted((number, DeskReason.SUPPLEMENT_LATE) for number in numbers)
    assert await scanning(house).scan(day_after + timedelta(days=1)) == 0


async def test_a_case_ends_without_its_supplement_only_after_the_day_and_its_task_ends_with_it(house: House) -> None:
    number = await asked_for_a_supplement(house)
    steps = house.connectors.window_steps
    with pytest.raises(StepNotPossible):
        await steps.end_without_supplement(number, actor=CLERK, at=LATER)
    late = MONDAY + timedelta(days=40)
    await scanning(house).scan(late)
    ended = await steps.end_without_supplement(number, actor=CLERK, at=late)
    assert ended.status is CaseStatus.TERMINATED_NO_SUPPLEMENT
    (view,) = await house.connectors.deliveries.of_case(number)
    assert view.delivery.state is DeliveryState.CONFIRMED  # its result is asked for no more
    assert not ended.is_open
    assert await on_desk(house) == []


async def test_the_day_of_an_older_guide_that_is_gone_is_not_guessed(house: House) -> None:
    number = await asked_for_a_supplement(house)
    case = replace(await case_of(house, number), guide_version=99)
    assert await supplement_clock(matters().get, load, calendar())(case, MONDAY) is None


async def test_the_result_of_a_case_the_department_gave_back_is_awaited_no_more(house: House) -> None:
    number = await submitted(house, TAKEN)
    await house.connectors.intake.withdraw(number, actor=CLERK, reason="不办了", at=LATER)
    ledger = house.connectors.ledger
    (lease,) = await ledger.claim(system="mz-elder", owner="w", at=LATER, lease=timedelta(seconds=8), most=4)
    assert lease.delivery.kind == "withdraw"
    await ledger.begin(lease, kind="send", at=LATER)
    taken_back = Result(state=DeliveryState.CONFIRMED, outcome=Outcome(kind=OutcomeClass.ACCEPTED))
    await ledger.settle(lease, taken_back, at=LATER, duration_ms=1)
    states = [view.delivery.state for view in await house.connectors.deliveries.of_case(number)]
    assert states == [DeliveryState.CONFIRMED, DeliveryState.CONFIRMED]
    await reported(house, number, "30", at=LATER + timedelta(hours=1))  # kept, and changes nothing
    assert (await case_of(house, number)).status is CaseStatus.WITHDRAWN
