"""SOAP and page departments over their own transports: every matter and situation, and what goes wrong on the way."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from config.clock import SHANGHAI
from connectors.engine import Found, NotFound
from connectors.ledger import InboundEvent
from connectors.log_ins import ShowsPicture
from connectors.outcomes import OutcomeClass
from connectors.transport_ports import Asked, Fetches, Lists, NeedsPerson, PollsMany
from tests.doubles.captcha_reader import read_digits
from tests.doubles.departments import (
    MATTERS,
    Department,
    OneWindow,
    application,
    department,
    number_of,
    onewindow,
    situations,
)

IN_SEASON = datetime(2026, 3, 18, 10, 0, tzinfo=SHANGHAI)
OUT_OF_SEASON = datetime(2026, 4, 15, 10, 0, tzinfo=SHANGHAI)
SYSTEMS = ("mz-assist", "rs-employee-insurance", "wj-reward")
OURS = [matter.id for matter in MATTERS.values() if matter.target.system in SYSTEMS]
CASES = [(matter, situation) for matter in OURS for situation in situations(matter)]
TAKEN = {OutcomeClass.ACCEPTED, OutcomeClass.REFUSED, OutcomeClass.UNKNOWN}
"""UNKNOWN: a session that ends while the transaction runs, a habit of employee insurance; it is looked up."""
A_CASE = {
    "mz-assist": "04-temporary-assistance",
    "rs-employee-insurance": "13-flexible-employment-pension",
    "wj-reward": "27-one-child-parent-reward",
}


@pytest.fixture(scope="module")
def departments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Department]]:
    blocks = {system: department(system, Path(tmp_path_factory.mktemp(system)), at=IN_SEASON) for system in SYSTEMS}
    yield {system: block.__enter__() for system, block in blocks.items()}
    for block in blocks.values():
        block.__exit__(None, None, None)


@asynccontextmanager
async def let_in(there: Department) -> AsyncIterator[OneWindow]:
    """Open OneWindow's end, with a person who reads the picture where one is shown."""
    async with onewindow(there) as here:
        if isinstance(here.transport, ShowsPicture):
            assert await read_picture(here) == "open"
        yield here


async def read_picture(here: OneWindow) -> str:
    transport = cast(ShowsPicture, here.transport)
    if await cast(NeedsPerson, here.transport).is_ready():
        return "open"
    shown = await transport.picture()
    assert shown is not None
    return await transport.typed(read_digits(shown.content))


@pytest.mark.parametrize(("matter", "situation"), CASES)
async def test_what_the_mapping_makes_is_taken_and_recorded_once(
    departments: dict[str, Department], matter: str, situation: str
) -> None:
    there = departments[MATTERS[matter].target.system]
    async with let_in(there) as here:
        for seed in range(4):
            errand = here.errand(application(matter, situation, seed=seed))
            outcome = await here.send(errand)
            assert outcome.kind in TAKEN, (outcome.kind, outcome.message, outcome.http_status, outcome.error)
            assert outcome.department_number or outcome.kind is OutcomeClass.UNKNOWN
            assert not outcome.unmapped_status
            assert [line["times"] for line in there.received(number_of(errand))] == [1]


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_line_reset_after_the_commit_is_unknown_and_then_found(
    departments: dict[str, Department], system: str
) -> None:
    there = departments[system]
    async with let_in(there) as here:
        errand = here.errand(application(A_CASE[system], situations(A_CASE[system])[0], seed=40))
        assert isinstance(await here.transport.probe(errand), NotFound)
        there.misbehave("reset_after_commit")
        assert (await here.send(here.fresh(errand))).kind is OutcomeClass.UNKNOWN
        found = await here.transport.probe(here.fresh(errand))
        assert isinstance(found, Found)
        assert found.outcome.department_number
        again = await here.send(here.fresh(errand))
        assert again.department_number == found.outcome.department_number
    assert [line["times"] for line in there.received(number_of(errand))] == [1]


@pytest.mark.parametrize("system", SYSTEMS)
async def test_an_answer_that_is_no_answer_is_unknown(departments: dict[str, Department], system: str) -> None:
    there = departments[system]
    async with let_in(there) as here:
        errand = here.errand(application(A_CASE[system], situations(A_CASE[system])[0], seed=41))
        there.misbehave("garbled")
        assert (await here.send(errand)).kind is OutcomeClass.UNKNOWN


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_department_that_is_closed_is_tried_later(departments: dict[str, Department], system: str) -> None:
    there = departments[system]
    async with let_in(there) as here:
        errand = here.errand(application(A_CASE[system], situations(A_CASE[system])[0], seed=42))
        there.misbehave("maintenance")
        outcome = await here.send(errand)
        assert outcome.kind is OutcomeClass.TRANSIENT
        assert outcome.message
    assert not any(line["times"] for line in there.received(number_of(errand)))


async def test_a_household_with_an_application_in_flight_is_refused_word_for_word(
    departments: dict[str, Department],
) -> None:
    async with let_in(departments["mz-assist"]) as here:
        family = application("04-temporary-assistance", "expenditure", seed=50)
        assert (await here.send(here.errand(family))).kind is OutcomeClass.ACCEPTED
        outcome = await here.send(here.errand(family))
    assert (outcome.kind, outcome.status) == (OutcomeClass.REFUSED, "returned")
    assert outcome.message == "家庭成员有在办的救助申请，办结前不能再次申请"


async def test_some_rows_taken_and_some_not_go_to_a_person_row_by_row(departments: dict[str, Department]) -> None:
    made = application("12-employee-insurance-enrolment", "add", seed=60)
    rows = [dict(row) for row in made.form["employees"]]
    rows = [{**rows[0], "monthly_wage": 6000}, {**rows[-1], "monthly_wage": 1}] if len(rows) > 1 else rows
    if len(rows) == 1:
        other = application("12-employee-insurance-enrolment", "add", seed=61).form["employees"][0]
        rows = [{**rows[0], "monthly_wage": 6000}, {**other, "monthly_wage": 1}]
    async with let_in(departments["rs-employee-insurance"]) as here:
        changed = application("12-employee-insurance-enrolment", "add", seed=60, employees=rows)
        errand = here.errand(changed)
        outcome = await here.send(errand)
        if outcome.kind is OutcomeClass.UNKNOWN:  # the session ended while it ran
            found = await here.transport.probe(here.fresh(errand))
            assert isinstance(found, Found)
            outcome = found.outcome
    assert (outcome.kind, outcome.status) == (OutcomeClass.ACCEPTED, "error")
    assert set(outcome.facts) == {"第2行"}
    assert "第2行" in outcome.message


async def test_a_session_that_has_ended_is_fetched_again_once(departments: dict[str, Department]) -> None:
    there = departments["rs-employee-insurance"]
    async with onewindow(there) as first, onewindow(there) as second:
        errand = first.errand(application("13-flexible-employment-pension", "standard", seed=70))
        assert isinstance(await first.transport.probe(errand), NotFound)
        sessions = first.transport._sessions  # type: ignore[attr-defined]
        sessions._held = "ended"
        assert isinstance(await first.transport.probe(first.fresh(errand)), NotFound)
        assert sessions._held != "ended"
        assert isinstance(await second.transport.probe(second.fresh(errand)), NotFound)


async def test_the_day_s_first_log_in_needs_a_person_and_the_next_does_not(tmp_path: Path) -> None:
    with department("wj-reward", tmp_path, at=IN_SEASON) as there:
        async with onewindow(there) as here:
            errand = here.errand(application("27-one-child-parent-reward", "retiree"))
            waits = await here.send(errand)
            assert (waits.kind, waits.error) == (OutcomeClass.AUTH, "awaits_person")
            transport = cast(ShowsPicture, here.transport)
            assert await transport.awaits_person()
            assert await transport.picture() is not None
            assert await transport.typed("no") == "wrong"
            assert await transport.typed("late") == "late"
            assert await read_picture(here) == "open"
            assert (await here.send(here.fresh(errand))).kind is OutcomeClass.ACCEPTED
        async with onewindow(there) as another:  # a worker that starts anew: the day's picture has been read
            assert await cast(NeedsPerson, another.transport).is_ready()
            assert isinstance(await another.transport.probe(another.fresh(errand)), Found)
        assert there.received()[0]["times"] == 1


async def test_the_list_page_is_read_once_a_day_and_again_where_it_could_not_be(tmp_path: Path) -> None:
    with department("wj-reward", tmp_path, at=IN_SEASON) as there:
        async with let_in(there) as here:
            errand = here.errand(application("27-one-child-parent-reward", "retiree"))
            await here.send(errand)
            channel = cast(Fetches, here.transport)
            (event,) = await channel.fetch()
            assert isinstance(event, InboundEvent)
            assert (event.our_number, event.status) == (number_of(errand), "待审")
            assert len(await channel.fetch()) == 1  # not confirmed: it comes again
            await channel.confirm()
            assert await channel.fetch() == []


async def test_the_list_page_of_a_day_has_what_was_saved_on_it_and_without_a_person_there_is_none(
    tmp_path: Path,
) -> None:
    with department("wj-reward", tmp_path, at=IN_SEASON) as there:
        today = there.context.clock().astimezone(SHANGHAI).date()
        async with onewindow(there) as here:
            assert isinstance(here.transport, Lists)
            assert await here.transport.list_day(today) is None  # nobody has read the picture
        async with let_in(there) as here:
            assert isinstance(here.transport, Lists)
            errand = here.errand(application(A_CASE["wj-reward"], situations(A_CASE["wj-reward"])[0], seed=43))
            outcome = await here.send(errand)
            (listed,) = await here.transport.list_day(today) or ()
            assert await here.transport.list_day(today - timedelta(days=1)) == []
    assert (listed.our_number, listed.department_number) == (number_of(errand), outcome.department_number)
    assert listed.status in here.system.spec.statuses


async def test_out_of_season_nothing_new_is_taken_and_it_is_no_refusal(tmp_path: Path) -> None:
    with department("wj-reward", tmp_path, at=OUT_OF_SEASON) as there:
        async with let_in(there) as here:
            errand = here.errand(application("26-family-planning-assistance", "reward"))
            assert (await here.send(errand)).kind is OutcomeClass.TRANSIENT
        assert not any(line["times"] for line in there.received())


async def test_one_question_tells_how_far_many_cases_are(departments: dict[str, Department]) -> None:
    there = departments["mz-assist"]
    async with let_in(there) as here:
        matter, asks = A_CASE["mz-assist"], cast(PollsMany, here.transport)
        sent = [here.errand(application(matter, situations(matter)[0], seed=seed)) for seed in range(170, 176)]
        answers = {number_of(each): (await here.send(each)).department_number for each in sent}
        # A household that has an application under way is turned down; those taken in are asked about.
        theirs = {number: department_number for number, department_number in answers.items() if department_number}
        assert len(theirs) > 1
        asked = [Asked(number=number, department_number="") for number in (*theirs, "320105007-000000-XX")]
        told = await asks.poll_many(asked)
        assert told is not None
        assert {number: each.department_number for number, each in told.items()} == theirs
        assert all(each.status for each in told.values())
        too_many = [Asked(number=f"320105007-{n}", department_number="") for n in range(201)]
        assert await asks.poll_many(too_many) is None
