"""The daily reconciliation on both databases: taken once, compared, repaired without sending twice, kept."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import SHANGHAI
from config.storage.memory_state import MemoryStateStore
from connectors.errors import NotPermitted
from connectors.ground import Ground
from connectors.ledger import DeliveryState, Result
from connectors.maintenance import Window
from connectors.outcomes import Outcome, OutcomeClass
from connectors.reconciliation import Listed, Repair, RepairNote
from connectors.reconciling import STAYS_DUE, Reconciler, due_days
from connectors.repairing import Repairs
from connectors.spec_reconcile import ListRequestSpec, ReconcileSpec
from connectors.system import System
from matters.case import CaseStatus
from matters.policy import Actor, Role
from matters.storage.cases import SqlCaseStore
from tests.doubles.house import CLERK, MONDAY, House, make_house

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


class ClosedOn(Department):
    """Gives no list on some days, as a department does that is closed; `asked` are the days asked for."""

    def __init__(self, days: dict[date, list[Listed]]) -> None:
        super().__init__(days)
        self.is_closed = True
        self.asked: list[date] = []

    async def list_day(self, day: date) -> Sequence[Listed] | None:
        self.asked.append(day)
        return None if self.is_closed else await super().list_day(day)


async def test_days_without_a_list_are_compared_once_they_are_open_again_the_oldest_first(house: House) -> None:
    lost = await delivered(house, "k1", 1, "D-1")
    department = ClosedOn({})
    for later in range(3):
        one = reconciler(house, {}, at=tonight() + timedelta(days=later))
        one.lists["mz-elder"] = department  # type: ignore[index]
        assert await one.tick("mz-elder") is None
    department.is_closed = False
    department.asked.clear()
    found = []
    for minutes in (31, 32, 33, 34):
        one = reconciler(house, {}, at=tonight() + timedelta(days=2, minutes=minutes))
        one.lists["mz-elder"] = department  # type: ignore[index]
        found.append(await one.tick("mz-elder"))
    compared = [each.day for each in found if each is not None]
    assert compared == [TODAY + timedelta(days=n) for n in range(3)]
    assert await state_of(house, lost) is DeliveryState.UNKNOWN


async def test_a_day_nobody_lists_is_given_up_after_a_fortnight_and_keeps_no_other_waiting(house: House) -> None:
    assert due_days({TODAY: False}, TODAY + timedelta(days=2)) == [TODAY + timedelta(days=n) for n in range(3)]
    assert due_days({TODAY: True, TODAY + timedelta(days=2): True}, TODAY + timedelta(days=3)) == [
        TODAY + timedelta(days=1),
        TODAY + timedelta(days=3),
    ]
    assert due_days({}, TODAY) == [TODAY]
    assert await reconciler(house, None, at=tonight()).tick("mz-elder") is None
    far = tonight() + STAYS_DUE + timedelta(days=1)
    found = await reconciler(house, {}, at=far).tick("mz-elder")
    assert found is not None
    assert found.day == far.date() - timedelta(days=1)


async def test_what_was_found_out_days_later_is_compared_on_the_day_it_left(house: House) -> None:
    number = (await house.accept(key="k1", seed=1, at=MONDAY)).case.number
    ledger = house.connectors.ledger
    (lease,) = await ledger.claim(system="mz-elder", owner="w", at=MONDAY, lease=LEASE, most=1)
    await ledger.begin(lease, kind="send", at=MONDAY)
    unknown = Result(state=DeliveryState.UNKNOWN, outcome=Outcome(kind=OutcomeClass.UNKNOWN), next_attempt_at=MONDAY)
    await ledger.settle(lease, unknown, at=MONDAY, duration_ms=1)
    found_at = MONDAY + timedelta(days=3)
    (lease,) = await ledger.claim(system="mz-elder", owner="w", at=found_at, lease=LEASE, most=1)
    await ledger.begin(lease, kind="probe", at=found_at)
    taken = Outcome(kind=OutcomeClass.DUPLICATE, department_number="D-1")
    await ledger.settle(lease, Result(state=DeliveryState.PENDING_RESULT, outcome=taken), at=found_at, duration_ms=1)
    listed = {TODAY: [Listed(our_number=number, department_number="D-1", status="")]}
    days = {}
    for later in range(5):
        found = await reconciler(house, listed, at=tonight() + timedelta(days=later)).tick("mz-elder")
        assert found is not None
        days[found.day] = (found.ours, found.differences)
    assert days.pop(TODAY) == (1, ())
    assert set(days.values()) == {(0, ())}


async def test_while_it_is_closed_nobody_is_asked_for_a_list(house: House) -> None:
    one = reconciler(house, {}, at=tonight())
    shut = Window(
        id="w", system="mz-elder", begins_at=tonight() - timedelta(hours=1), ends_at=tonight() + timedelta(hours=1),
        reason="维护", set_by="o", set_at=tonight(),
    )  # fmt: skip
    closed = replace(one, ground=replace(one.ground, windows=lambda system: (shut,)))
    assert await closed.tick("mz-elder") is None
    assert await one.tick("mz-elder") is not None


async def test_what_the_applicant_took_back_is_not_sent_again_when_their_list_lacks_it(house: House) -> None:
    number = await delivered(house, "k1", 1, "D-1")
    await house.connectors.intake.withdraw(number, actor=CLERK, reason="不办了", at=MONDAY)
    found = await reconciler(house, {}, at=tonight()).tick("mz-elder")
    assert found is not None
    assert found.agrees
    (submitted,) = [
        each.delivery for each in await house.connectors.deliveries.of_case(number) if each.delivery.kind == "submit"
    ]
    assert submitted.state is DeliveryState.PENDING_RESULT
    # And whoever doubts it by other means does not have it looked up, for not found means sent.
    assert not await house.connectors.ledger.doubt(submitted.id, at=tonight())


async def test_a_line_is_noted_by_an_owner_once_and_stays_in_the_list(house: House) -> None:
    stranger = Listed(our_number="320105007-261123-MZ005-999999", department_number="D-9", status="10")
    found = await reconciler(house, {TODAY: [stranger]}, at=tonight()).tick("mz-elder")
    assert found is not None
    repairs, at = Repairs(house.connectors.reconciliations), tonight()
    owner = Actor(sub="owner-1", name="周主管", roles=frozenset({Role.OWNER}), unit="", region="32")

    async def noted(text: str, number: str = stranger.our_number) -> object:
        return await repairs.note("mz-elder", TODAY, number, text, actor=owner, at=at)

    assert [await noted("  "), await noted("x" * 501), await noted("好", "nobody's")] == [
        "empty",
        "too_long",
        "unknown",
    ]
    assert isinstance(await noted(" 对方误登，已删 "), RepairNote)
    assert await noted("再记一次") == "noted"
    (day,) = (await repairs.of_system("mz-elder", actor=owner, at=at)).days
    assert [(line.difference.our_number, line.note.note) for line in day.lines if line.note] == [
        (stranger.our_number, "对方误登，已删")
    ]
    assert day.open_lines == 0
    with pytest.raises(NotPermitted):
        await repairs.note("mz-elder", TODAY, stranger.our_number, "x", actor=CLERK, at=at)
    with pytest.raises(NotPermitted):
        await repairs.of_system("mz-elder", actor=CLERK, at=at)


async def test_the_spec_of_a_list_is_compiled_into_the_system(house: House) -> None:
    system: System = house.connectors.systems["mz-elder"]
    assert system.reconcile is not None
    assert system.spec.reconcile == ReconcileSpec(
        request=ListRequestSpec(path="/cases", query={"date": "day | date('yyyy-MM-dd')"}),
        found="status == 200", rows="body.rows", our_number="row.outCaseNo", status="row.status",
    )  # fmt: skip
