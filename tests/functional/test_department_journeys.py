"""Taken in at the window, delivered by the worker, decided by the department, told by callback or asked for: every REST matter."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.system import System
from tests.doubles.declared import declared_systems
from tests.doubles.departments import MATTERS, situations, until
from tests.doubles.town import Town, impatient, town_of

SYSTEMS = ("mz-elder", "rs-resident-pension", "rs-employment", "yb-core", "wj-birth", "scjg-food")
REST_MATTERS = [matter.id for matter in MATTERS.values() if matter.target.system in SYSTEMS]


@asynccontextmanager
async def _town(
    engine: AsyncEngine,
    directory: Path,
    *,
    only: tuple[str, ...] = SYSTEMS,
    prepare: Callable[[System], System] = lambda system: system,
) -> AsyncIterator[Town]:
    systems = {id_: prepare(system) for id_, system in declared_systems().items()}
    async with town_of(directory, engine, MemoryStateStore(), only=only, systems=systems) as town:
        yield town


async def test_every_rest_matter_is_delivered_once_and_brought_to_its_end(
    embedded: AsyncEngine, tmp_path: Path
) -> None:
    async with _town(embedded, tmp_path, prepare=_impatient_where_there_is_no_callback) as town:
        taken = {
            await town.accept(matter, situation=situation, seed=seed): MATTERS[matter].target.system
            for matter in REST_MATTERS
            for situation in situations(matter)
            for seed in (1, 2)
        }
        await town.all_decided(list(taken))
        for number, system in taken.items():
            received = town.departments[system].received(number)
            assert [line["times"] for line in received] == [1], (number, system)
            (delivery,) = await town.connectors.deliveries.of_case(number)
            assert delivery.delivery.state in ("confirmed", "refused")
            assert delivery.delivery.department_number
        assert set(town.exchange.answers) == {200}


def _impatient_where_there_is_no_callback(system: System) -> System:
    return system if system.callback else impatient(system)


@pytest.mark.parametrize("matter", ["05-elder-respect-allowance", "10-resident-pension-claim", "24-medical-assistance"])
async def test_a_result_nobody_could_tell_us_is_asked_for(embedded: AsyncEngine, tmp_path: Path, matter: str) -> None:
    system = MATTERS[matter].target.system
    async with _town(embedded, tmp_path, only=(system,), prepare=impatient) as town:
        town.exchange.is_cut = True
        number = await town.accept(matter, situation=situations(matter)[0], seed=1)
        await town.all_decided([number])
        assert town.departments[system].received(number)[0]["times"] == 1


@pytest.mark.parametrize(
    "matter", ["05-elder-respect-allowance", "09-resident-pension-enrolment", "E01-food-business-licence"]
)
async def test_an_answer_lost_on_the_way_leads_to_no_second_submission(
    embedded: AsyncEngine, tmp_path: Path, matter: str
) -> None:
    system = MATTERS[matter].target.system
    async with _town(embedded, tmp_path, only=(system,)) as town:
        there = town.departments[system]
        there.misbehave("reset_after_commit", times=2)
        number = await town.accept(matter, situation=situations(matter)[0], seed=3)
        await town.all_decided([number])
        assert there.received(number)[0]["times"] == 1
        await until(lambda: there.context.faults.times <= 1)
