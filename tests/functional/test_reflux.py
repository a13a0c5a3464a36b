"""A result flows back: to the monitoring platform, to other departments, to the township; and what follows from it."""

from dataclasses import replace
from pathlib import Path

from connectors.intake import Application
from connectors.ledger import DeliveryState
from tests.conftest import Backend
from tests.doubles.house import application
from tests.doubles.reflux_town import reflux_town

DIBAO = "01-minimum-living-guarantee"


def poor_household(seed: int) -> Application:
    """Return an application for dibao that the department grants."""
    made = application(DIBAO, seed=seed)
    return replace(made, form={**made.form, "household_house_count": 1, "household_financial_assets": "100.00"})


async def test_a_granted_dibao_reaches_monitoring_civil_affairs_and_health_insurance(
    backend: Backend, tmp_path: Path
) -> None:
    systems = ("mz-assist", "mz-monitor", "yb-core")
    async with reflux_town(tmp_path, backend.engine, backend.state, only=systems) as town:
        number = await town.take_in(poor_household(3), "dibao-3")
        assert await town.decided(number) == "completed_approved"
        (told,) = await town.settled(number, "mz-monitor")
        assert told.their_status in ("MATCHED", "") and told.department_number.startswith("JC")
        for notice in await town.notices(number):
            print(notice.number, notice.receiver, notice.way, notice.fields, [(d.system, d.operation, d.state, d.message) for d in notice.deliveries])
