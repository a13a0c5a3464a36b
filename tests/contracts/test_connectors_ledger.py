"""The ledger's promises on both databases: one taker, fencing, crash between intent and outcome, order, one commit."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from config.storage.sql import readonly
from connectors.ledger import DeliveryState, DeskReason, InboundEvent, Lease, LeaseLost, Result
from connectors.outcomes import Outcome, OutcomeClass
from connectors.spec_models import Breaker
from connectors.storage.ledger import SqlBreakers
from connectors.storage.tables import attempts, deliveries
from matters.case import CaseStatus
from matters.storage.cases import SqlCaseStore
from tests.doubles.house import CLERK, DISABLED, House, make_house

LEASE = timedelta(seconds=8)
ACCEPTED = Result(
    state=DeliveryState.PENDING_RESULT,
    outcome=Outcome(kind=OutcomeClass.ACCEPTED, department_number="D-1", message="ok"),
    reports=("submitted",),
)


@pytest.fixture
def state() -> StateStore:
    return MemoryStateStore()


@pytest.fixture
async def house(engine: AsyncEngine, state: StateStore, tmp_path: Path) -> AsyncIterator[House]:
    house = await make_house(engine, state, tmp_path)
    yield house
    await house.connectors.aclose()


def now() -> datetime:
    return datetime.now(UTC)


async def claim(house: House, *, owner: str = "w1", at: datetime | None = None, most: int = 10) -> list[Lease]:
    return list(
        await house.connectors.ledger.claim(system="mz-elder", owner=owner, at=at or now(), lease=LEASE, most=most)
    )


async def state_of(house: House, number: str) -> DeliveryState:
    (view,) = await house.connectors.deliveries.of_case(number)
    return view.delivery.state


async def status_of(house: House, number: str) -> CaseStatus:
    case = await SqlCaseStore(house.engine).by_number(number)
    assert case is not None
    return case.status


async def test_of_two_workers_claiming_at_once_each_delivery_goes_to_one(house: House) -> None:
    for n in range(6):
        await house.accept(key=f"k{n}", seed=n)
    taken = await asyncio.gather(*(claim(house, owner=f"w{n}", most=4) for n in range(4)))
    ids = [lease.delivery.id for leases in taken for lease in leases]
    assert len(ids) == len(set(ids))
    rest = await claim(house, owner="last")
    assert len(ids) + len(rest) == 6


async def test_a_claimed_delivery_is_not_claimed_again_while_its_lease_lasts(house: House) -> None:
    await house.accept()
    assert len(await claim(house)) == 1
    assert await claim(house, owner="w2", at=now() + timedelta(seconds=7)) == []


async def test_who_lost_the_lease_writes_nothing_and_sends_nothing(house: House) -> None:
    accepted = await house.accept()
    (old,) = await claim(house, owner="asleep")
    later = now() + timedelta(seconds=9)
    await house.connectors.ledger.reclaim(later)
    (new,) = await claim(house, owner="awake", at=later)
    assert new.fence == old.fence + 1

    with pytest.raises(LeaseLost):
        await house.connectors.ledger.begin(old, kind="send", at=later)
    with pytest.raises(LeaseLost):
        await house.connectors.ledger.settle(old, ACCEPTED, at=later, duration_ms=1)
    assert not await house.connectors.ledger.give_back(old, next_attempt_at=later, reason="", at=later)
    assert await status_of(house, accepted.case.number) is CaseStatus.ACCEPTED


async def test_nothing_is_begun_under_a_lease_that_has_run_out(house: House) -> None:
    await house.accept()
    (lease,) = await claim(house)
    with pytest.raises(LeaseLost):
        await house.connectors.ledger.begin(lease, kind="send", at=now() + timedelta(seconds=8))


async def test_a_heartbeat_keeps_the_lease_of_its_owner_only(house: House) -> None:
    await house.accept()
    (lease,) = await claim(house, owner="w1")
    later = now() + timedelta(seconds=5)
    assert await house.connectors.ledger.keep(owner="w2", at=later, lease=LEASE) == 0
    assert await house.connectors.ledger.keep(owner="w1", at=later, lease=LEASE) == 1
    assert await house.connectors.ledger.reclaim(now() + timedelta(seconds=9)) == []
    await house.connectors.ledger.begin(lease, kind="send", at=later)


async def test_a_heartbeat_does_not_wait_for_one_that_is_being_settled(house: House) -> None:
    for n in range(3):
        await house.accept(key=f"k{n}", seed=n)
    leases = await claim(house)
    being_settled = select(deliveries.c.id).where(deliveries.c.id == leases[1].delivery.id).with_for_update()
    async with readonly(house.engine).connect() as connection:  # locks where rows can be locked
        await connection.execute(being_settled)
        async with asyncio.timeout(20):
            kept = await house.connectors.ledger.keep(owner="w1", at=now(), lease=LEASE)
        await connection.rollback()
    assert kept == (2 if house.engine.dialect.name == "postgresql" else 3)
    assert await house.connectors.ledger.keep(owner="w1", at=now(), lease=LEASE) == 3


@pytest.mark.parametrize("kind", ["send", "probe"])
async def test_a_lease_begins_anew_with_the_intent(house: House, kind: str) -> None:
    """A worker stopped in that commit sends if less than a lease has gone by: nobody may have taken it up till then."""
    await house.accept()
    (lease,) = await claim(house)
    begun = lease.until - timedelta(seconds=1)
    await house.connectors.ledger.begin(lease, kind=kind, at=begun)
    assert await house.connectors.ledger.reclaim(begun + LEASE - timedelta(milliseconds=1)) == []
    assert await house.connectors.ledger.reclaim(begun + LEASE) == ["mz-elder"]


async def test_a_worker_that_died_before_the_intent_leaves_it_queued(house: House) -> None:
    accepted = await house.accept()
    await claim(house)
    assert await house.connectors.ledger.reclaim(now() + timedelta(seconds=9)) == ["mz-elder"]
    assert await state_of(house, accepted.case.number) is DeliveryState.QUEUED


async def test_a_worker_that_died_after_the_intent_leaves_it_unknown_and_it_is_looked_up_first(house: House) -> None:
    accepted = await house.accept()
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    later = now() + timedelta(seconds=9)
    await house.connectors.ledger.reclaim(later)
    assert await state_of(house, accepted.case.number) is DeliveryState.UNKNOWN
    (again,) = await claim(house, owner="w2", at=later)
    assert again.delivery.state is DeliveryState.PROBING


async def test_a_file_that_could_not_be_handed_over_is_an_attempt_and_no_doubt(house: House) -> None:
    accepted = await house.accept()
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="upload", at=now())
    later = now() + timedelta(seconds=9)
    await house.connectors.ledger.reclaim(later)  # the worker died before it could write what came of it
    assert await state_of(house, accepted.case.number) is DeliveryState.QUEUED
    (again,) = await claim(house, owner="w2", at=later)
    assert (again.delivery.attempts, again.last_sent_at) == (1, None)
    await house.connectors.ledger.begin(again, kind="upload", at=later)
    waits = Result(
        state=DeliveryState.WAIT, outcome=Outcome(kind=OutcomeClass.TRANSIENT, error="timeout"), next_attempt_at=later
    )
    await house.connectors.ledger.settle(again, waits, at=later, duration_ms=7)
    (view,) = await house.connectors.deliveries.of_case(accepted.case.number)
    assert [(each.kind, each.outcome) for each in view.attempts] == [("upload", None), ("upload", "transient")]
    assert (view.delivery.state, view.delivery.attempts) == (DeliveryState.WAIT, 2)


async def test_the_intent_is_there_before_the_outcome_and_is_finished_once(house: House) -> None:
    await house.accept()
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    async with house.engine.connect() as connection:
        (before,) = (await connection.execute(select(attempts))).mappings().all()
    assert (before["finished_at"], before["outcome"]) == (None, None)
    await house.connectors.ledger.settle(lease, ACCEPTED, at=now(), duration_ms=12)
    with pytest.raises(LeaseLost):
        await house.connectors.ledger.settle(lease, ACCEPTED, at=now(), duration_ms=99)
    async with house.engine.connect() as connection:
        (after,) = (await connection.execute(select(attempts))).mappings().all()
    assert (after["outcome"], after["duration_ms"]) == ("accepted", 12)


async def test_delivery_and_case_move_in_one_commit_with_the_departments_number_as_evidence(house: House) -> None:
    accepted = await house.accept()
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    delivery = await house.connectors.ledger.settle(lease, ACCEPTED, at=now(), duration_ms=1)
    assert (delivery.state, delivery.department_number) == (DeliveryState.PENDING_RESULT, "D-1")
    assert await status_of(house, accepted.case.number) is CaseStatus.SUBMITTED
    last = (await SqlCaseStore(house.engine).events(accepted.case.number))[-1]
    assert last.evidence is not None
    assert (last.evidence.source, last.evidence.number) == ("mz-elder", "D-1")


async def test_what_was_held_uses_no_attempt(house: House) -> None:
    accepted = await house.accept()
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    held = Result(
        state=DeliveryState.HELD,
        outcome=Outcome(kind=OutcomeClass.THROTTLED),
        next_attempt_at=now(),
        counts=False,
        hold_reason="throttled",
    )
    delivery = await house.connectors.ledger.settle(lease, held, at=now(), duration_ms=1)
    assert (delivery.attempts, delivery.hold_reason) == (0, "throttled")
    (again,) = await claim(house)
    assert again.delivery.hold_reason == ""
    assert again.delivery.case_number == accepted.case.number


async def test_a_later_delivery_of_a_case_waits_for_the_earlier_one(house: House) -> None:
    accepted = await house.accept()
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    await house.connectors.intake.withdraw(accepted.case.number, actor=CLERK, reason="申请人要求", at=now())
    assert await claim(house, owner="w2") == []
    await house.connectors.ledger.settle(lease, ACCEPTED, at=now(), duration_ms=1)
    (told,) = await claim(house, owner="w2")
    assert (told.delivery.kind, told.delivery.department_number) == ("withdraw", "D-1")
    assert await status_of(house, accepted.case.number) is CaseStatus.WITHDRAWN


async def test_who_may_have_it_is_told_of_a_withdrawal_also_when_asking_them_failed(house: House) -> None:
    accepted = await house.accept()
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    unreached = Outcome(kind=OutcomeClass.TRANSIENT)
    nobody_knows = Result(state=DeliveryState.DESK, outcome=unreached, desk=DeskReason.UNKNOWN, counts=False)
    await house.connectors.ledger.settle(lease, nobody_knows, at=now(), duration_ms=1)
    number = accepted.case.number
    withdrawn = await house.connectors.intake.withdraw(number, actor=CLERK, reason="申请人要求", at=now())
    assert [(each.kind, each.state.value) for each in withdrawn.deliveries] == [
        ("submit", "desk"),
        ("withdraw", "queued"),
    ]
    assert await claim(house, owner="w2") == []


def event(number: str, event_id: str, status: str, **more: object) -> InboundEvent:
    base = InboundEvent(
        system="mz-elder",
        event_id=event_id,
        source="callback",
        our_number=number,
        department_number="D-1",
        status=status,
        received_at=now(),
    )
    return replace(base, **more)  # type: ignore[arg-type]


async def sent(house: House) -> str:
    accepted = await house.accept()
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    await house.connectors.ledger.settle(lease, ACCEPTED, at=now(), duration_ms=1)
    return accepted.case.number


async def test_an_event_counts_once_also_when_it_comes_ten_times_at_once(house: House) -> None:
    number = await sent(house)
    told = event(number, "e1", "20")
    news = await asyncio.gather(*(house.connectors.ledger.receive(told, at=now()) for _ in range(10)))
    assert sorted(news) == [False] * 9 + [True]
    assert await status_of(house, number) is CaseStatus.IN_REVIEW


async def test_a_report_before_the_answer_is_kept_and_applied_with_it(house: House) -> None:
    accepted = await house.accept()
    number = accepted.case.number
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    assert await house.connectors.ledger.receive(event(number, "e1", "30"), at=now())
    assert await status_of(house, number) is CaseStatus.ACCEPTED
    delivery = await house.connectors.ledger.settle(lease, ACCEPTED, at=now(), duration_ms=1)
    assert delivery.state is DeliveryState.CONFIRMED
    assert await status_of(house, number) is CaseStatus.COMPLETED_APPROVED


async def test_reports_left_over_are_applied_each_in_a_commit_of_its_own(house: House) -> None:
    numbers = [(await house.accept(key=f"k-{n}", seed=n)).case.number for n in (1, 2)]
    for lease in await claim(house):
        await house.connectors.ledger.begin(lease, kind="send", at=now())
        number = lease.delivery.case_number
        await house.connectors.ledger.receive(event(number, f"e-{number}", "30", department_number=number), at=now())
        await house.connectors.ledger.give_back(lease, next_attempt_at=now() + LEASE, reason="", at=now())
    first, second = await house.connectors.ledger.left_over(most=50)
    await house.connectors.ledger.apply_left_over(first, now())
    assert sorted([await status_of(house, number) for number in numbers]) == ["accepted", "completed_approved"]
    assert await house.connectors.ledger.left_over(most=50) == [second]
    await house.connectors.ledger.apply_left_over(second, now())
    assert await house.connectors.ledger.left_over(most=50) == []


async def test_a_report_settles_what_was_unknown(house: House) -> None:
    accepted = await house.accept()
    number = accepted.case.number
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    unknown = Result(state=DeliveryState.DESK, outcome=Outcome(kind=OutcomeClass.UNKNOWN), desk=DeskReason.UNKNOWN)
    await house.connectors.ledger.settle(lease, unknown, at=now(), duration_ms=1)
    assert len(await house.connectors.desk.tasks(CLERK)) == 1
    await house.connectors.ledger.receive(event(number, "e1", "20"), at=now())
    assert await state_of(house, number) is DeliveryState.PENDING_RESULT
    assert not await house.connectors.desk.tasks(CLERK)


async def test_a_report_known_only_by_the_departments_number_finds_its_case_later(house: House) -> None:
    accepted = await house.accept()
    early = event("", "e1", "20")
    await house.connectors.ledger.receive(early, at=now())
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    await house.connectors.ledger.settle(lease, ACCEPTED, at=now(), duration_ms=1)
    assert await status_of(house, accepted.case.number) is CaseStatus.IN_REVIEW


async def test_the_case_only_moves_forward_and_a_late_report_is_remarked(house: House) -> None:
    number = await sent(house)
    await house.connectors.ledger.receive(event(number, "e2", "25", occurred_at=now()), at=now())
    assert await status_of(house, number) is CaseStatus.SUSPENDED
    earlier = now() - timedelta(hours=1)
    await house.connectors.ledger.receive(event(number, "e1", "20", occurred_at=earlier), at=now())
    assert await status_of(house, number) is CaseStatus.SUSPENDED
    assert (await SqlCaseStore(house.engine).events(number))[-1].note == "late:in_review"


async def test_a_correction_after_completion_is_an_amendment_not_a_move(house: House) -> None:
    number = await sent(house)
    await house.connectors.ledger.receive(event(number, "e1", "30"), at=now())
    await house.connectors.ledger.receive(event(number, "e2", "40", message="更正"), at=now())
    assert await status_of(house, number) is CaseStatus.COMPLETED_APPROVED
    last = (await SqlCaseStore(house.engine).events(number))[-1]
    assert last.note == "reported:completed_refused"
    assert last.evidence is not None
    assert last.evidence.note == "更正"


async def test_what_decides_nothing_sets_no_decision_back_when_it_comes_late_in_the_same_second(house: House) -> None:
    number, second = await sent(house), now().replace(microsecond=0)
    await house.connectors.ledger.receive(event(number, "e2", "30", occurred_at=second), at=now())
    await house.connectors.ledger.receive(event(number, "e1", "20", occurred_at=second), at=now())
    await house.connectors.ledger.receive(event(number, "e0", "20"), at=now())
    (view,) = await house.connectors.deliveries.of_case(number)
    assert (view.delivery.state, view.delivery.their_status) == (DeliveryState.CONFIRMED, "30")
    notes = [each.note for each in await SqlCaseStore(house.engine).events(number)]
    assert notes[-2:] == ["late:in_review", "late:in_review"]
    later = second + timedelta(seconds=1)
    await house.connectors.ledger.receive(event(number, "e3", "20", occurred_at=later), at=now())
    (view,) = await house.connectors.deliveries.of_case(number)
    assert (view.delivery.state, view.delivery.their_status) == (DeliveryState.CONFIRMED, "20")  # taken up again there
    assert (await SqlCaseStore(house.engine).events(number))[-1].note == "reported:in_review"


async def test_a_department_whose_clock_is_behind_decides_all_the_same(house: House) -> None:
    number = await sent(house)
    await house.connectors.ledger.receive(event(number, "poll:1", "20"), at=now())  # heard by our clock
    behind = now() - timedelta(minutes=2)
    await house.connectors.ledger.receive(event(number, "e1", "30", occurred_at=behind), at=now())
    assert await status_of(house, number) is CaseStatus.COMPLETED_APPROVED
    assert await state_of(house, number) is DeliveryState.CONFIRMED


async def test_early_reports_with_and_without_a_time_are_applied_in_the_order_they_happened(house: House) -> None:
    number = (await house.accept()).case.number
    (lease,) = await claim(house)
    begun = now()
    await house.connectors.ledger.begin(lease, kind="send", at=begun)
    second, third = begun + timedelta(minutes=10), begun + timedelta(minutes=20)
    await house.connectors.ledger.receive(event(number, "e3", "30", occurred_at=third, received_at=third), at=third)
    await house.connectors.ledger.receive(event(number, "e2", "25", received_at=second), at=second)
    await house.connectors.ledger.receive(event(number, "e1", "20", occurred_at=begun, received_at=third), at=third)
    await house.connectors.ledger.settle(lease, ACCEPTED, at=begun, duration_ms=1)
    moved = [each.status for each in await SqlCaseStore(house.engine).events(number) if each.status != each.previous]
    assert moved[-3:] == [CaseStatus.IN_REVIEW, CaseStatus.SUSPENDED, CaseStatus.COMPLETED_APPROVED]


async def test_an_event_is_known_for_four_hundred_days(house: House) -> None:
    number = await sent(house)
    assert await house.connectors.ledger.receive(event(number, "e1", "20"), at=now())
    late = now() + timedelta(days=400)
    assert not await house.connectors.ledger.receive(event(number, "e1", "20", received_at=late), at=late)


async def test_an_id_that_comes_again_with_other_content_is_another_event_and_counts_once(house: House) -> None:
    number = await sent(house)
    assert await house.connectors.ledger.receive(event(number, "e1", "20"), at=now())
    corrected = event(number, "e1", "30")
    assert await house.connectors.ledger.receive(corrected, at=now())
    assert not await house.connectors.ledger.receive(corrected, at=now())
    assert await status_of(house, number) is CaseStatus.COMPLETED_APPROVED
    assert not await house.connectors.ledger.receive(event(number, "e1", "20"), at=now())


async def test_a_status_nobody_translated_goes_to_the_desk_once(house: House) -> None:
    number = await sent(house)
    await house.connectors.ledger.receive(event(number, "e1", "77"), at=now())
    await house.connectors.ledger.receive(event(number, "e2", "78"), at=now())
    (view,) = await house.connectors.desk.tasks(CLERK)
    assert view.task.reason is DeskReason.UNMAPPED_STATUS
    assert await status_of(house, number) is CaseStatus.SUBMITTED


async def test_one_of_many_workers_takes_the_breakers_probe(house: House) -> None:
    breakers = SqlBreakers(house.engine)
    policy = Breaker(faults=2, open_seconds=30)
    fault = Outcome(kind=OutcomeClass.TRANSIENT, error="connect")
    at = now()
    await asyncio.gather(*(breakers.note("mz-elder", fault, policy, at=at) for _ in range(2)))
    opened = (await breakers.all())["mz-elder"]
    assert (opened.stands(at), opened.last_error) == ("open", "connect")
    half_open = at + timedelta(seconds=31)
    taken = await asyncio.gather(
        *(breakers.take_probe("mz-elder", at=half_open, until=half_open + LEASE) for _ in range(5))
    )
    assert sorted(taken) == [False] * 4 + [True]


async def test_a_poll_is_taken_by_one_and_comes_again_in_its_time(house: House) -> None:
    await house.accept()
    (lease,) = await claim(house)
    await house.connectors.ledger.begin(lease, kind="send", at=now())
    at = now()
    await house.connectors.ledger.settle(lease, replace(ACCEPTED, next_poll_at=at), at=at, duration_ms=1)
    again = at + timedelta(seconds=60)
    ledger = house.connectors.ledger
    taken = await asyncio.gather(
        *(ledger.due_polls(system="mz-elder", at=at, again_at=again, most=5) for _ in range(3))
    )
    assert sorted(len(each) for each in taken) == [0, 0, 1]
    assert len(await ledger.due_polls(system="mz-elder", at=again, again_at=again, most=5)) == 1


async def test_health_is_told_for_all_systems(house: House) -> None:
    await sent(house)
    await house.accept(DISABLED, key="k2")
    (standing,) = await house.connectors.health.all(now())
    assert (standing.stands, standing.awaiting_result, standing.waiting) == ("open", 1, 0)
    assert standing.health.last_success_at is not None
    assert standing.health.oldest_waiting_at is None


async def test_a_lease_given_by_a_clock_since_set_back_is_freed(house: House) -> None:
    """The machine's clock ran three hours ahead, was set right, and the worker died: nobody waits three hours."""
    ahead = now() + timedelta(hours=3)
    number = (await house.accept()).case.number
    (lease,) = await claim(house, at=ahead)
    await house.connectors.ledger.begin(lease, kind="send", at=ahead)
    assert await house.connectors.ledger.reclaim(now()) == ["mz-elder"]
    assert await state_of(house, number) is DeliveryState.UNKNOWN
