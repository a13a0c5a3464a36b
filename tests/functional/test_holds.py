"""Why nothing goes just now: the day's budget is spent, one operation is closed; seen by all, with nothing touched."""

from datetime import timedelta
from pathlib import Path

from config.clock import SHANGHAI
from connectors.ledger import DeliveryState
from tests.conftest import Backend
from tests.doubles.scripted_department import Department
from tests.functional.test_delivery_journeys import delivery_of, department, now, own_house, until, until_state, working

__all__ = ["department"]
SUBSIDY = "07-elderly-care-subsidy"  # another operation of the same system


async def test_a_spent_budget_holds_the_system_until_tomorrow_and_the_rest_keeps_its_place(
    backend: Backend, department: Department, tmp_path: Path
) -> None:
    async with own_house(backend, department, tmp_path, {"delivery": {"daily_budget": 2}}) as house:
        async with working(house.connectors.worker()):
            numbers = [(await house.accept(key=f"k{n}", seed=n)).case.number for n in range(5)]

            async def all_told() -> bool:
                found = [await delivery_of(house, number) for number in numbers]
                held = [each for each in found if each.state is DeliveryState.HELD]
                return len(held) == 3 and len(department.sent()) == 2

            await until(all_told, within=30)
        held = [each for number in numbers if (each := await delivery_of(house, number)).state is DeliveryState.HELD]
        tomorrow = (now().astimezone(SHANGHAI) + timedelta(days=1)).date()
        for each in held:
            assert (each.hold_reason, each.attempts) == ("budget", 0)
            assert each.next_attempt_at is not None
            assert each.next_attempt_at.astimezone(SHANGHAI).date() == tomorrow
        assert len(department.sent()) == 2


async def test_one_closed_operation_waits_and_the_others_of_the_system_go(
    backend: Backend, department: Department, tmp_path: Path
) -> None:
    window = {"every": "day", "begins": "00:00", "ends": "24:00", "operations": ["YLFW_BT"]}
    async with own_house(backend, department, tmp_path, {"availability": {"maintenance": [window]}}) as house:
        async with working(house.connectors.worker()):
            closed = (await house.accept(SUBSIDY, key="closed", seed=2)).case.number
            number = (await house.accept(key="open", seed=1)).case.number
            await until_state(house, number, DeliveryState.PENDING_RESULT, within=30)
            held = await until_state(house, closed, DeliveryState.HELD, within=30)
        assert (held.hold_reason, held.attempts) == ("closed", 0)
        assert [each.json["outCaseNo"] for each in department.sent()] == [number]
