"""Departments misbehave when told to: what the connector sees, and what was kept all the same."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from connectors.engine import Found, NotFound
from connectors.outcomes import OutcomeClass
from tests.doubles.departments import Department, application, department, number_of, onewindow

SYSTEMS = {
    "mz-elder": ("05-elder-respect-allowance", "standard"),
    "rs-resident-pension": ("09-resident-pension-enrolment", "standard"),
    "rs-employment": ("15-unemployment-registration", "standard"),
    "yb-core": ("22-chronic-disease-recognition", "standard"),
    "wj-birth": ("25-birth-registration", "standard"),
    "scjg-food": ("E01-food-business-licence", "retail"),
}


@pytest.fixture(params=list(SYSTEMS))
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Department]:
    with department(request.param, tmp_path) as running:
        yield running


@pytest.mark.parametrize("fault", ["reset_after_commit", "garbled"])
async def test_a_lost_answer_is_unknown_and_the_probe_finds_the_record(there: Department, fault: str) -> None:
    async with onewindow(there) as here:
        errand = here.errand(application(*SYSTEMS[there.context.id]))
        there.misbehave(fault)
        outcome = await here.send(errand)
        assert outcome.kind is OutcomeClass.UNKNOWN
        assert there.received(number_of(errand))[0]["times"] == 1
        assert isinstance(await here.transport.probe(here.fresh(errand)), Found)


async def test_a_line_broken_before_the_record_is_unknown_and_the_probe_finds_nothing(there: Department) -> None:
    async with onewindow(there) as here:
        errand = here.errand(application(*SYSTEMS[there.context.id]))
        there.misbehave("reset_before_commit")
        assert (await here.send(errand)).kind is OutcomeClass.UNKNOWN
        assert isinstance(await here.transport.probe(here.fresh(errand)), NotFound)
        assert there.received() == []


async def test_maintenance_is_transient_and_over_after_so_many_times(there: Department) -> None:
    async with onewindow(there) as here:
        errand = here.errand(application(*SYSTEMS[there.context.id]))
        there.misbehave("maintenance", times=2)
        kinds = [(await here.send(here.fresh(errand))).kind for _ in range(3)]
    assert kinds[:2] == [OutcomeClass.TRANSIENT, OutcomeClass.TRANSIENT]
    assert kinds[2] in {OutcomeClass.ACCEPTED, OutcomeClass.PENDING}
    assert there.received(number_of(errand))[0]["times"] == 1


async def test_a_broken_server_is_unknown_and_kept_nothing(there: Department) -> None:
    async with onewindow(there) as here:
        there.misbehave("http_500")
        errand = here.errand(application(*SYSTEMS[there.context.id]))
        assert (await here.send(errand)).kind is OutcomeClass.UNKNOWN
        assert there.received() == []


async def test_a_slow_answer_comes_late(tmp_path: Path) -> None:
    with department("mz-elder", tmp_path) as there:
        there.misbehave("slow", seconds=0.6)
        async with onewindow(there) as here:
            outcome = await here.send(here.errand(application(*SYSTEMS["mz-elder"])))
        assert outcome.kind is OutcomeClass.ACCEPTED
    assert there.context.faults.times == 0


def test_an_unknown_fault_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    with department("wj-birth", tmp_path) as there:
        url = f"{there.base_url}/faults"
        assert httpx2.post(url, json={"mode": "explode"}, trust_env=False).status_code == 400
        assert there.get("/faults").json() == {"mode": "none", "times": 0}
