"""Every REST matter, in each of its situations, is put into a form its department takes: over HTTP, signed, with real keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.outcomes import OutcomeClass
from tests.doubles.departments import (
    MATTERS,
    Department,
    application,
    department,
    number_of,
    onewindow,
    situations,
)

SYSTEMS = ("mz-elder", "rs-resident-pension", "rs-employment", "yb-core", "wj-birth", "scjg-food")
REST_MATTERS = [matter.id for matter in MATTERS.values() if matter.target.system in SYSTEMS]
CASES = [(matter, situation) for matter in REST_MATTERS for situation in situations(matter)]
TAKEN = {OutcomeClass.ACCEPTED, OutcomeClass.PENDING, OutcomeClass.REFUSED}
"""REFUSED is a decision on the merits of what was received; INVALID would be a form they could not read."""


@pytest.fixture(scope="module")
def departments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Department]]:
    running = {}
    stack = []
    for system in SYSTEMS:
        block = department(system, Path(tmp_path_factory.mktemp(system)))
        running[system] = block.__enter__()
        stack.append(block)
    yield running
    for block in stack:
        block.__exit__(None, None, None)


def test_the_six_departments_serve_sixteen_matters_and_the_food_licence() -> None:
    assert len(REST_MATTERS) == 17


@pytest.mark.parametrize(("matter", "situation"), CASES)
async def test_what_the_mapping_makes_is_taken_and_recorded_once(
    departments: dict[str, Department], matter: str, situation: str
) -> None:
    there = departments[MATTERS[matter].target.system]
    async with onewindow(there) as here:
        for seed in range(5):
            errand = here.errand(application(matter, situation, seed=seed))
            outcome = await here.send(errand)
            assert outcome.kind in TAKEN, (outcome.kind, outcome.message, outcome.http_status, outcome.error)
            assert outcome.department_number
            assert not outcome.unmapped_status
            if outcome.kind is OutcomeClass.REFUSED:
                assert outcome.message
            received = there.received(number_of(errand))
            assert [(line["times"], line["seen"]) for line in received] == [(1, 1)]


@pytest.mark.parametrize(("matter", "situation"), CASES)
async def test_the_same_delivery_again_is_no_second_record(
    departments: dict[str, Department], matter: str, situation: str
) -> None:
    there = departments[MATTERS[matter].target.system]
    async with onewindow(there) as here:
        errand = here.errand(application(matter, situation, seed=100))
        first = await here.send(errand)
        second = await here.send(here.fresh(errand))
        assert second.kind in {*TAKEN, OutcomeClass.DUPLICATE}
        assert second.department_number == first.department_number
        received = there.received(number_of(errand))
        assert [(line["times"], line["seen"]) for line in received] == [(1, 2)]


@pytest.mark.parametrize("matter", REST_MATTERS)
async def test_a_probe_tells_what_is_there_and_what_is_not(departments: dict[str, Department], matter: str) -> None:
    there = departments[MATTERS[matter].target.system]
    async with onewindow(there) as here:
        errand = here.errand(application(matter, situations(matter)[0], seed=200))
        before = await here.transport.probe(errand)
        assert type(before).__name__ == "NotFound"
        sent = await here.send(here.fresh(errand))
        after = await here.transport.probe(here.fresh(errand))
        assert type(after).__name__ == "Found"
        assert after.outcome.department_number == sent.department_number
