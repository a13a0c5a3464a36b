"""Intake on both databases: one commit, one case per key, the frozen copy, withdrawal, the desk."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.errors import ApplicationRefused, IdempotencyConflict, NotPermitted, NotWithdrawable, TaskClosed
from connectors.ledger import DeliveryState, DeskReason
from connectors.pack import make_pack
from connectors.storage.tables import deliveries, idempotency, submissions
from connectors.submission import sha256_of
from connectors.waking import WAKE_TOPIC
from matters.case import CaseStatus
from matters.errors import CaseUnknown, DuplicateCase, UnknownMatter
from matters.storage.cases import SqlCaseStore
from matters.storage.tables import cases
from tests.doubles.house import CLERK, DISABLED, ELDER, OTHER_CLERK, House, application, make_house, matters


@pytest.fixture
async def house(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    house = await make_house(engine, MemoryStateStore(), tmp_path)
    yield house
    await house.connectors.aclose()


def now() -> datetime:
    return datetime.now(UTC)


async def count(house: House, *tables: object) -> list[int]:
    async with house.engine.connect() as connection:
        return [
            int((await connection.execute(select(func.count()).select_from(table))).scalar_one())  # type: ignore[arg-type]
            for table in tables
        ]


async def test_an_application_becomes_case_submission_and_delivery_in_one_commit(house: House) -> None:
    accepted = await house.accept()
    assert accepted.case.status is CaseStatus.ACCEPTED
    assert accepted.case.number.startswith("320105007-")
    assert len(accepted.query_code) == 8
    (delivery,) = accepted.deliveries
    assert (delivery.system, delivery.operation, delivery.state) == ("mz-elder", "ZLJ_APPLY", DeliveryState.QUEUED)
    assert await count(house, cases, submissions, deliveries, idempotency) == [1, 1, 1, 1]
    events = await SqlCaseStore(house.engine).events(accepted.case.number)
    assert [event.status for event in events] == [CaseStatus.RECEIVED, CaseStatus.ACCEPTED]


async def test_the_frozen_copy_holds_what_was_signed_and_its_hash(house: House) -> None:
    accepted = await house.accept()
    async with house.engine.connect() as connection:
        row = (await connection.execute(select(submissions))).mappings().one()
    assert row["content"]["form"] == accepted.case.form
    assert row["content"]["applicant"]["name"] == accepted.case.form["applicant_name"]
    assert "query_code" not in str(row["content"])
    assert row["sha256"] == sha256_of(row["content"])


async def test_the_same_key_and_content_give_the_same_case(house: House) -> None:
    first, second = await house.accept(), await house.accept()
    assert (second.case.number, second.query_code, second.is_repeat) == (first.case.number, first.query_code, True)
    assert await count(house, cases, deliveries) == [1, 1]


async def test_ten_clicks_at_once_make_one_case(house: House) -> None:
    accepted = await asyncio.gather(*(house.accept() for _ in range(10)))
    assert len({each.case.number for each in accepted}) == 1
    assert await count(house, cases, deliveries, idempotency) == [1, 1, 1]


async def test_the_same_key_with_other_content_is_a_conflict(house: House) -> None:
    await house.accept(seed=1)
    with pytest.raises(IdempotencyConflict):
        await house.accept(seed=2)
    assert await count(house, cases) == [1]


async def test_a_key_belongs_to_its_actor(house: House) -> None:
    await house.accept(seed=1)
    other = await house.connectors.intake.accept(
        application(ELDER, seed=2), actor=OTHER_CLERK, idempotency_key="k-1", at=now()
    )
    assert other.case.region == "320206003"
    assert await count(house, cases) == [2]


async def test_two_townships_taking_in_the_same_person_at_once_make_one_case(house: House) -> None:
    windows = [(CLERK, "k-1"), (OTHER_CLERK, "k-1")] * 4
    came = await asyncio.gather(
        *(
            house.connectors.intake.accept(application(ELDER), actor=actor, idempotency_key=f"{key}-{n}", at=now())
            for n, (actor, key) in enumerate(windows)
        ),
        return_exceptions=True,
    )
    (accepted,) = [each for each in came if not isinstance(each, BaseException)]
    assert {each.params["number"] for each in came if isinstance(each, DuplicateCase)} == {accepted.case.number}
    assert len([each for each in came if isinstance(each, DuplicateCase)]) == 7
    assert await count(house, cases, submissions, deliveries, idempotency) == [1, 1, 1, 1]


async def test_the_same_person_and_matter_in_flight_are_shown_the_case_there_is(house: House) -> None:
    first = await house.accept(key="k1")
    with pytest.raises(DuplicateCase) as duplicate:
        await house.accept(key="k2")
    assert duplicate.value.params["number"] == first.case.number
    assert await count(house, cases, idempotency) == [1, 1]


async def test_what_does_not_hold_is_refused_place_by_place_and_nothing_is_kept(house: House) -> None:
    broken = application(ELDER)
    broken = replace(broken, form={**broken.form, "applicant_id_number": "123"}, materials=())
    with pytest.raises(ApplicationRefused) as refused:
        await house.connectors.intake.accept(broken, actor=CLERK, idempotency_key="k", at=now())
    paths = {error.path for error in refused.value.errors}
    assert "applicant_id_number" in paths
    assert any(path.startswith("materials/") for path in paths)
    assert await count(house, cases, submissions, deliveries, idempotency) == [0, 0, 0, 0]


async def test_who_may_not_take_cases_in_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted):
        await house.connectors.intake.accept(
            application(ELDER), actor=replace(CLERK, roles=frozenset()), idempotency_key="k", at=now()
        )


async def test_an_unknown_matter_is_refused(house: House) -> None:
    with pytest.raises(UnknownMatter):
        await house.connectors.intake.accept(
            replace(application(ELDER), matter_id="99-nothing"), actor=CLERK, idempotency_key="k", at=now()
        )


async def test_the_worker_is_woken_after_the_commit(house: House) -> None:
    async with house.state.listen(WAKE_TOPIC) as messages:
        await house.accept()
        async with asyncio.timeout(2):
            assert await anext(messages) == (WAKE_TOPIC, "mz-elder")
        assert await count(house, deliveries) == [1]


async def test_a_case_taken_back_before_it_left_is_cancelled_and_nobody_is_told(house: House) -> None:
    number = (await house.accept()).case.number
    withdrawn = await house.connectors.intake.withdraw(number, actor=CLERK, reason="不办了", at=now())
    assert withdrawn.case.status is CaseStatus.WITHDRAWN
    assert [each.state for each in withdrawn.deliveries] == [DeliveryState.CANCELLED]
    with pytest.raises(NotWithdrawable):
        await house.connectors.intake.withdraw(number, actor=CLERK, reason="", at=now())


async def test_only_the_unit_that_took_it_in_may_take_it_back(house: House) -> None:
    number = (await house.accept()).case.number
    for who, which in ((OTHER_CLERK, number), (CLERK, "320105007-261122-MZ005-999999")):
        with pytest.raises(CaseUnknown):
            await house.connectors.intake.withdraw(which, actor=who, reason="", at=now())


async def test_a_system_served_by_hand_has_its_task_with_a_clock_in_the_same_commit(house: House) -> None:
    accepted = await house.accept(DISABLED)
    (view,) = await house.connectors.desk.tasks(CLERK)
    assert view.task.delivery.case_number == accepted.case.number
    assert (view.task.reason, view.task.unit) == (DeskReason.MANUAL, CLERK.unit)
    assert timedelta(0) < view.task.due_at - now() < timedelta(days=12)
    assert not await house.connectors.desk.tasks(OTHER_CLERK)


async def test_the_pack_has_every_answer_in_the_guides_order(house: House) -> None:
    accepted = await house.accept(DISABLED)
    (view,) = await house.connectors.desk.tasks(CLERK)
    matter = matters()[DISABLED]
    pack = make_pack(matter, await house.connectors.desk_book.submission_of(view.task))
    labels = [line.label for section in pack.sections for line in section.lines]
    filled = [
        f.label for s in matter.form.sections for f in s.fields if accepted.case.form.get(f.key) not in (None, "")
    ]
    assert labels == filled
    assert pack.case_number == accepted.case.number
    assert [material.name for material in pack.materials]


async def test_a_person_hands_it_over_and_records_the_result_with_evidence(house: House) -> None:
    number = (await house.accept(DISABLED)).case.number
    desk = house.connectors.desk
    (handed,) = await desk.tasks(CLERK)
    delivery = await desk.complete(handed.task.id, department_number=" CJR-1 ", actor=CLERK, at=now())
    assert (delivery.state, delivery.department_number) == (DeliveryState.PENDING_RESULT, "CJR-1")
    (awaited,) = await desk.tasks(CLERK)
    assert awaited.awaits_result
    delivery = await desk.record_result(awaited.task.id, "approved", actor=CLERK, at=now(), note="审定通过")
    assert delivery.state is DeliveryState.CONFIRMED
    assert not await desk.tasks(CLERK)
    events = await SqlCaseStore(house.engine).events(number)
    assert [e.status.value for e in events] == ["received", "accepted", "submitted", "completed_approved"]
    last = events[-1].evidence
    assert last is not None
    assert (last.source, last.who, last.number, last.note) == ("desk", "王晓芸", "CJR-1", "审定通过")


async def test_a_task_is_closed_once(house: House) -> None:
    await house.accept(DISABLED)
    (view,) = await house.connectors.desk.tasks(CLERK)
    await house.connectors.desk.return_to_applicant(view.task.id, actor=CLERK, at=now(), reason="缺少残疾人证")
    with pytest.raises(TaskClosed):
        await house.connectors.desk.complete(view.task.id, department_number="1", actor=CLERK, at=now())
    with pytest.raises(NotPermitted):
        await house.connectors.desk.complete(view.task.id, department_number="1", actor=OTHER_CLERK, at=now())


async def test_a_withdrawn_case_leaves_the_desk(house: House) -> None:
    number = (await house.accept(DISABLED)).case.number
    await house.connectors.intake.withdraw(number, actor=CLERK, reason="", at=now())
    assert not await house.connectors.desk.tasks(CLERK)
