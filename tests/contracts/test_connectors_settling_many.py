"""Many results at once on both databases: one commit, each with its own fate, nothing settled twice or lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event as engine_event
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.ledger import Delivery, DeliveryState, InboundEvent, Lease, LeaseLost, Result
from connectors.outcomes import Outcome, OutcomeClass
from connectors.storage.tables import attempts, deliveries
from matters.case import CaseStatus
from matters.storage.cases import SqlCaseStore
from tests.doubles.house import House, make_house
from tests.servers.backlog import copy_case

LEASE = timedelta(seconds=60)
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
MANY = 12


@pytest.fixture
async def house(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    house = await make_house(engine, MemoryStateStore(), tmp_path)
    yield house
    await house.connectors.aclose()


async def on_their_way(house: House) -> list[Lease]:
    first = (await house.accept(at=AT)).case.number
    await copy_case(house.engine, first, times=MANY - 1)
    leases = await house.connectors.ledger.claim(system="mz-elder", owner="w", at=AT, lease=LEASE, most=50)
    assert len(leases) == MANY
    await asyncio.gather(*(house.connectors.ledger.begin(lease, kind="send", at=AT) for lease in leases))
    return list(leases)


def taken(lease: Lease, **more: object) -> Result:
    outcome = Outcome(kind=OutcomeClass.ACCEPTED, department_number=f"D-{lease.delivery.case_number}", message="ok")
    return Result(state=DeliveryState.PENDING_RESULT, outcome=outcome, reports=("submitted",), **more)  # type: ignore[arg-type]


async def settled(house: House, leases: list[Lease]) -> list[Delivery | BaseException]:
    ledger = house.connectors.ledger
    return await asyncio.gather(
        *(ledger.settle(lease, taken(lease), at=AT, duration_ms=7) for lease in leases), return_exceptions=True
    )


async def statuses(house: House) -> set[CaseStatus]:
    store = SqlCaseStore(house.engine)
    views = [await store.by_number(number) for number in await numbers(house)]
    return {case.status for case in views if case is not None}


async def numbers(house: House) -> list[str]:
    async with house.engine.connect() as connection:
        return list((await connection.execute(select(deliveries.c.case_number))).scalars())


async def test_results_that_come_together_are_written_in_few_commits(house: House) -> None:
    leases, commits = await on_their_way(house), [0]

    def count(_connection: object) -> None:
        commits[0] += 1

    engine_event.listen(house.engine.sync_engine, "commit", count)
    came = await settled(house, leases)
    engine_event.remove(house.engine.sync_engine, "commit", count)
    assert {each.state for each in came if isinstance(each, Delivery)} == {DeliveryState.PENDING_RESULT}
    assert commits[0] <= 2
    assert {each.department_number for each in came if isinstance(each, Delivery)} == {
        f"D-{lease.delivery.case_number}" for lease in leases
    }
    assert await statuses(house) == {CaseStatus.SUBMITTED}
    async with house.engine.connect() as connection:
        finished = select(func.count()).where(attempts.c.finished_at == AT, attempts.c.duration_ms == 7)
        assert (await connection.execute(finished)).scalar_one() == MANY


async def test_a_lost_lease_among_them_is_told_and_writes_nothing(house: House) -> None:
    leases = await on_their_way(house)
    await house.connectors.ledger.give_back(leases[3], next_attempt_at=AT, reason="", at=AT)
    came = await settled(house, leases)
    assert [n for n, each in enumerate(came) if isinstance(each, LeaseLost)] == [3]
    (view,) = await house.connectors.deliveries.of_case(leases[3].delivery.case_number)
    assert (view.delivery.state, view.delivery.department_number) == (DeliveryState.QUEUED, "")


async def test_a_lease_taken_again_under_a_later_fence_is_another(house: House) -> None:
    leases = await on_their_way(house)
    await house.connectors.ledger.give_back(leases[0], next_attempt_at=AT, reason="", at=AT)
    (again,) = await house.connectors.ledger.claim(system="mz-elder", owner="w", at=AT, lease=LEASE, most=5)
    assert again.fence == leases[0].fence + 1
    came = await settled(house, leases)
    assert isinstance(came[0], LeaseLost)
    with pytest.raises(LeaseLost):
        await house.connectors.ledger.begin(leases[0], kind="send", at=AT)


@pytest.mark.parametrize("by", ["our number", "their number"])
async def test_a_report_that_came_before_the_answer_is_applied_with_it(house: House, by: str) -> None:
    leases = await on_their_way(house)
    number = leases[5].delivery.case_number
    told = InboundEvent(
        system="mz-elder",
        event_id="early",
        source="callback",
        our_number=number if by == "our number" else "",
        department_number=f"D-{number}",
        status="30",
        received_at=AT,
    )
    await house.connectors.ledger.receive(told, at=AT)
    came = await settled(house, leases)
    states = [each.state for each in came if isinstance(each, Delivery)]
    assert states.count(DeliveryState.CONFIRMED) == 1
    assert states[5] is DeliveryState.CONFIRMED
    case = await SqlCaseStore(house.engine).by_number(number)
    assert case is not None
    assert case.status is CaseStatus.COMPLETED_APPROVED


async def test_of_those_begun_together_a_lost_one_is_told_alone(house: House) -> None:
    first = (await house.accept(at=AT)).case.number
    await copy_case(house.engine, first, times=MANY - 1)
    ledger = house.connectors.ledger
    leases = await ledger.claim(system="mz-elder", owner="w", at=AT, lease=LEASE, most=50)
    await ledger.give_back(leases[2], next_attempt_at=AT, reason="", at=AT)
    came = await asyncio.gather(*(ledger.begin(lease, kind="send", at=AT) for lease in leases), return_exceptions=True)
    assert [n for n, each in enumerate(came) if isinstance(each, LeaseLost)] == [2]
    async with house.engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(attempts))).scalar_one() == MANY - 1
