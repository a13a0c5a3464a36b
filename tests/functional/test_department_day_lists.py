"""Each department that can list a day does: what it took in is there under both numbers, and only on its day."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from config.clock import SHANGHAI, utc_now
from connectors.outcomes import DELIVERED
from connectors.transport_ports import Errand, Lists
from connectors.trial import fresh_values
from tests.doubles.departments import MATTERS, application, department, number_of, onewindow

LISTED = {
    "mz-assist": ("04-temporary-assistance", "expenditure"),
    "mz-elder": ("05-elder-respect-allowance", ""),
    "rs-employee-insurance": ("13-flexible-employment-pension", ""),
    "rs-employment": ("15-unemployment-registration", ""),
    "rs-resident-pension": ("10-resident-pension-claim", ""),
    "scjg-food": ("E01-food-business-licence", ""),
    "wj-birth": ("25-birth-registration", ""),
    "yb-core": ("22-chronic-disease-recognition", ""),
}


@pytest.mark.parametrize("system_id", LISTED)
async def test_what_was_taken_in_is_listed_on_its_day_and_on_no_other(system_id: str, tmp_path: Path) -> None:
    matter, situation = LISTED[system_id]
    chosen = situation or MATTERS[matter].guide.situations[0].id
    with department(system_id, tmp_path) as there:
        async with onewindow(there) as here:
            assert isinstance(here.transport, Lists)
            errand = here.errand(application(matter, chosen, seed=7))
            outcome = await here.send(errand)
            if outcome.kind not in DELIVERED:  # a session that ended midway: it is there all the same
                outcome = await here.send(here.fresh(errand))
            today = utc_now().astimezone(SHANGHAI).date()
            listed = await here.transport.list_day(today)
            before = await here.transport.list_day(today - timedelta(days=1))
    assert listed is not None
    assert [(each.our_number, each.department_number) for each in listed] == [
        (number_of(errand), outcome.department_number)
    ]
    assert before == []


async def test_more_than_a_page_is_listed_whole(tmp_path: Path) -> None:
    with department("wj-birth", tmp_path) as there:
        async with onewindow(there) as here:
            assert isinstance(here.transport, Lists)
            at = utc_now()
            for n in range(205):
                await there.context.store.received(f"320105007-261122-WJ025-{n:06d}", {"n": n}, operation="SYDJ", at=at)
            listed = await here.transport.list_day(at.astimezone(SHANGHAI).date())
    assert listed is not None
    assert len({each.our_number for each in listed}) == 205


async def test_the_monitoring_platform_lists_the_notices_it_took_in(tmp_path: Path) -> None:
    with department("mz-monitor", tmp_path) as there:
        async with onewindow(there) as here:
            assert isinstance(here.transport, Lists)
            example, operation = here.system.spec.examples[0], here.system.operation("HL_PUSH")
            values = fresh_values(example, operation, at=utc_now(), token=uuid4())
            errand = Errand(system=here.system, operation=operation, values=values, delivery_id="d")
            outcome = await here.send(errand)
            today = utc_now().astimezone(SHANGHAI).date()
            (listed,) = await here.transport.list_day(today) or ()
            before = await here.transport.list_day(today - timedelta(days=1))
    assert (listed.our_number, listed.department_number) == (number_of(errand), outcome.department_number)
    assert listed.status in here.system.spec.statuses
    assert before == []


async def test_the_tax_system_lists_a_day_over_its_query_interface_page_by_page(tmp_path: Path) -> None:
    with department("tax-ssf", tmp_path) as there:
        at = utc_now()
        for n in range(103):
            number = f"320105007-261122-TAX028-{n:06d}"
            await there.context.store.received(number, {"n": n}, operation="CXJM_JF", at=at)
        await there.context.store.received("320105007-261122-MZ001-000001-H1", {}, operation="HL_NOTICE", at=at)
        async with onewindow(replace(there, line="redis://127.0.0.1:1")) as here:  # nothing is asked of the broker
            assert isinstance(here.transport, Lists)
            listed = await here.transport.list_day(at.astimezone(SHANGHAI).date())
    assert listed is not None
    assert len({each.our_number for each in listed}) == 103
