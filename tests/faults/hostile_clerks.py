"""The seventh transport is a person: who closes the tab, answers twice, or is two persons at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from config.clock import utc_now
from connectors.errors import TaskClosed
from tests.doubles.house import CLERK
from tests.faults.hostile_houses import MANUAL, HostileHouse
from tests.faults.hostile_rows import BY_A_PERSON, Row, counted, states_of


async def clerks(house: HostileHouse, accept: Callable[[], Awaitable[str]], cases: int) -> list[Row]:
    """Put `cases` on the desk for each way a clerk may fail, `accept` each, and return what became of them."""
    rows = []
    for mode in ("closes_the_tab", "answers_twice", "two_at_once"):
        numbers = [await accept() for _ in range(cases)]
        tasks = {view.task.delivery.case_number: view.task.id for view in await house.connectors.desk.tasks(CLERK)}
        taken = [await _answered(house, tasks[number], mode) for number in numbers]
        states = await states_of(house.engine, numbers)
        still_open = {view.task.delivery.case_number for view in await house.connectors.desk.tasks(CLERK)}
        rows.append(
            Row(
                transport=MANUAL.transport,
                mode=mode,
                sent=cases,
                lost=len(set(numbers) - still_open),
                doubled=sum(times > 1 for times in taken),
                unknown=0,
                desk=sum(state in BY_A_PERSON for state in states.values()),
                unsettled=0,
                states=counted(states),
                classes=f"{sum(taken)} numbers noted, {sum(times == 0 for times in taken)} tasks as they were",
            )
        )
    return rows


async def _answered(house: HostileHouse, task: str, mode: str) -> int:
    """Return how often the department's number was taken."""
    desk = house.connectors.desk

    async def note(person: str) -> bool:
        try:
            await desk.complete(task, department_number="SD-1", actor=replace(CLERK, sub=person), at=utc_now())
        except TaskClosed:
            return False
        return True

    await desk.task(task, CLERK)
    match mode:
        case "answers_twice":
            return sum([await note("clerk-1"), await note("clerk-1")])
        case "two_at_once":
            return sum(await asyncio.gather(note("clerk-1"), note("clerk-2")))
        case _:
            return 0
