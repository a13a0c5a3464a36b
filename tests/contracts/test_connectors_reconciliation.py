"""The daily reconciliation on both databases: taken once, compared, repaired without sending twice, kept."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import SHANGHAI
from config.storage.memory_state import MemoryStateStore
from connectors.ground import Ground
from connectors.ledger import DeliveryState, Result
from connectors.outcomes import Outcome, OutcomeClass
from connectors.reconciliation import Listed, Repair
from connectors.reconciling import Reconciler
from connectors.spec_reconcile import ListRequestSpec, ReconcileSpec
from connectors.system import System
from matters.case import CaseStatus
from matters.storage.cases import SqlCaseStore
from tests.doubles.house import MONDAY, House, make_house

LEASE = timedelta(seconds=8)
TODAY = MONDAY.astimezone(SHANGHAI).date()
RECONCILE = {
    "request": {"path": "/cases", "query": {"date": "day | date('yyyy-MM-dd')"}},
    "found": "status == 200",
    "rows": "body.rows",
    "our_number": "row.outCaseNo",
    "status": "row.status",
}


@pytest.fixture
async def house(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    house = await make_house(engine, MemoryStateStore(), tmp_path, changes={"reconcile": RECONCILE})
    yield house
    await house.connectors.aclose()


class Department:
    """Lists what it is told to have, by day; None is a department that gives no list."""

    def __init__(self, days: dict[date, list[Listed]] | None) -> None:
        self._days = days

    async def list_day(self, day: date) -> Sequence[Listed] | None:
        return None if self._days is None else self._days.get(day, [])


def reconciler(house: House, days: dict[date, list[Listed]] | None, *, at: datetime) -> Reconciler:
    connectors = house.connectors
    ground = Ground(
        ledger=connectors.ledger, breakers=None, clock=lambda: at, holiday_on=lambda day: None, offset=timedelta(),  # type: ignore[arg-type]
        owner="w1", lease=LEASE, base_url="http://127.0.0.1", jitter=lambda: 0.5, nonce=lambda: "n",
    )  # fmt: skip
    return Reconciler(
        systems=connectors.systems, lists={"mz-elder": Department(days)}, book=connectors.reconciliations, ground=ground
    )


async def delivered(house: House, key: str, seed: int, number: str, *, at: datetime = MONDAY) -> str:
    case = (await house.accept(key=key, seed=seed, at=at)).case.number
    (lease,) = await house.connectors.ledger.claim(system="mz-elder", owner="w", at=at, lease=LEASE, most=1)
    await house.connectors.ledger.begin(lease, kind="send", at=at)
    outcome = Outcome(kind=OutcomeClass.ACCEPTED, department_number=number, status="accepted")
    result = Result(state=DeliveryState.PENDING_RESULT, outcome=outcome, reports=("submitted",))
    await house.connectors.ledger.settle(lease, result, at=at, duration_ms=1)
    return case


async def state_of(house: House, number: str) -> DeliveryState:
    (view,) = await house.connectors.deliveries.of_case(number)
    return view.delivery.state


def tonight() -> datetime:
    tomorrow = TODAY + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, 3, 0, tzinfo=SHANGHAI)


async def test_a_case_they_lost_is_looked_up_and_one_they_decided_is_taken_over(house: House) -> None:
    lost, decided = await delivered(house, "k1", 1, "D-1"), await delivered(house, "k2", 2, "D-2")
    listed = {TODAY: [Listed(our_number=decided, department_number="D-2", status="30")]}
    found = await reconciler(house, listed, at=tonight()).tick("mz-elder")
    assert found is not None
    assert {(each.our_number, each.repair) for each in found.differences} == {
        (lost, Repair.LOOK_UP),
        (decided, Repair.TAKE_STATUS),
    }
    assert (found.ours, found.theirs) == (2, 1)
    assert await state_of(house, lost) is DeliveryState.UNKNOWN
    case = await SqlCaseStore(house.engine).by_number(decided)
    assert case is not None
    assert case.status is CaseStatus.COMPLETED_APPROVED
    assert await house.connectors.reconciliations.latest("mz-elder") == [found]


async def test_a_day_is_compared_once_however_many_workers_look(house: House) -> None:
    at = tonight()
    found = await asyncio.gather(*(reconciler(house, {}, at=at).tick("mz-elder") for _ in range(5)))
    assert len([each for each in found if each is not None]) == 1
    assert await reconciler(house, {}, at=at).tick("mz-elder") is None


async def test_before_its_hour_nothing_is_compared(house: House) -> None:
    early = tonight().replace(hour=2, minute=29)
    assert await reconciler(house, {}, at=early).tick("mz-elder") is None
    assert await reconciler(house, {}, at=tonight()).tick("mz-elder") is not None


async def test_without_a_list_nothing_is_doubted_and_the_day_is_tried_again_later(house: House) -> None:
    number = await delivered(house, "k1", 1, "D-1")
    assert await reconciler(house, None, at=tonight()).tick("mz-elder") is None
    assert await state_of(house, number) is DeliveryState.PENDING_RESULT
    assert await reconciler(house, {}, at=tonight()).tick("mz-elder") is None
    again = tonight() + timedelta(minutes=31)
    assert await reconciler(house, {}, at=again).tick("mz-elder") is not None


async def test_the_spec_of_a_list_is_compiled_into_the_system(house: House) -> None:
    system: System = house.connectors.systems["mz-elder"]
    assert system.reconcile is not None
    assert system.spec.reconcile == ReconcileSpec(
        request=ListRequestSpec(path="/cases", query={"date": "day | date('yyyy-MM-dd')"}),
        found="status == 200", rows="body.rows", our_number="row.outCaseNo", status="row.status",
    )  # fmt: skip
