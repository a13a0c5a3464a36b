"""Every hostile mode on every transport: what was sent, lost, doubled, unknown, on a desk, and how it was classed."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from config import logs
from config.clock import utc_now
from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from config.storage.redis_state import RedisStateStore
from config.storage.sql import create_engine, readonly
from connectors.errors import TaskClosed
from connectors.ledger import DUE, LEASED, DeliveryState
from connectors.outcomes import OutcomeClass
from connectors.storage.tables import attempts, deliveries, desk_tasks
from demo.ground.faults import LASTING, Fault
from tests.bench.table import show
from tests.doubles.house import CLERK, application
from tests.faults.counting import outcomes
from tests.faults.hostile_houses import MANUAL, TARGETS, HostileHouse, Target, hostile_house
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

CASES = 6
SLOW_SECONDS: Final = 1.6
_SETTLES_WITHIN_SECONDS: Final = 90.0
_TOLD_WITHIN_SECONDS: Final = 6.0
_LOOKS_EVERY_SECONDS: Final = 0.1
_LASTS: Final = 1_000_000
_MOVING: Final = frozenset(state.value for state in (*DUE, *LEASED))
_OVER: Final = frozenset({"confirmed", "refused", "desk", "invalid"})
_BY_A_PERSON: Final = frozenset({"desk", "invalid"})
_ELSEWHERE: Final = frozenset({*_BY_A_PERSON, "refused"})
"""Ends in which the department need not have it."""
HEAD: Final = (
    "transport", "the department", "sent", "lost", "doubled", "unknown", "on a desk", "ends as", "tries were classed"
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of the cases of one transport under one mode."""

    transport: str
    mode: str
    sent: int
    lost: int
    doubled: int
    unknown: int
    desk: int
    unsettled: int
    states: str
    classes: str

    @property
    def is_harmless(self) -> bool:
        return not (self.lost or self.doubled or self.unsettled)

    def cells(self) -> tuple[str, ...]:
        return (
            self.transport, self.mode, str(self.sent), str(self.lost), str(self.doubled), str(self.unknown),
            str(self.desk), self.states, self.classes,
        )  # fmt: skip


def main(cases: int = CASES) -> bool:
    """Run on both ways to run and print the tables; False on any harm."""
    logs.configure(level="critical", form="console")  # hostile departments are what this is about
    harmless = True
    postgres, valkey, broker = Postgres.start(), Valkey.start(), Valkey.start()
    try:
        for name, database_url, redis_url in (
            ("SQLite and memory", "", ""),
            ("PostgreSQL and Redis", postgres.new_database(), valkey.url),
        ):
            rows = asyncio.run(_run(database_url, redis_url, broker, cases))
            show(f"hostile departments, on {name}", HEAD, [row.cells() for row in rows])
            harmless &= all(row.is_harmless for row in rows)
    finally:
        for server in (broker, valkey, postgres):
            server.stop()
    return harmless


async def _run(database_url: str, redis_url: str, broker: Valkey, cases: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        engine = create_engine(database_url or f"sqlite+aiosqlite:///{directory}/onewindow.db")
        state: StateStore = RedisStateStore(redis_url) if redis_url else MemoryStateStore()
        try:
            return await endure(engine, state, Path(directory), broker, cases=cases)
        finally:
            await state.aclose()
            await engine.dispose()


async def endure(
    engine: AsyncEngine,
    state: StateStore,
    directory: Path,
    broker: Valkey,
    *,
    cases: int,
    modes: Sequence[Fault] = tuple(Fault),
) -> list[Row]:
    """Let each department be hostile in each of `modes` it knows, all departments at once, one mode after the other."""
    rows, seeds = [], count(1)
    async with hostile_house(engine, state, directory, broker) as house:
        for mode in modes:
            targets = [target for target in TARGETS if mode in target.modes]
            if targets:
                rows += await _mode(house, mode, targets, cases, seeds)
        rows += await _clerks(house, cases, seeds)
    order = [target.transport for target in TARGETS]
    return sorted(rows, key=lambda row: order.index(row.transport))


async def _mode(
    house: HostileHouse, mode: Fault, targets: Sequence[Target], cases: int, seeds: "count[int]"
) -> list[Row]:
    for target in targets:
        is_lasting = mode in LASTING or target.transport in ("exchange_table", "file_batch")
        house.departments[target.system].faults.set(mode, _LASTS if is_lasting else cases, SLOW_SECONDS)
    sent = {target.system: [await _accept(house, target, next(seeds)) for _ in range(cases)] for target in targets}
    numbers = [number for some in sent.values() for number in some]
    await _until(house, numbers, frozenset(DeliveryState) - _MOVING, within_seconds=_SETTLES_WITHIN_SECONDS)
    awaited = [number for target in targets if target.tells_soon for number in sent[target.system]]
    if mode not in LASTING:
        # What spoils results needs results to come; where they come spoilt nothing may follow, so this has an end.
        await _until(house, awaited, _OVER, within_seconds=_TOLD_WITHIN_SECONDS)
    for target in targets:
        house.departments[target.system].faults.set(Fault.NONE, 0)
    await _until(house, awaited, _OVER, within_seconds=_TOLD_WITHIN_SECONDS)
    for target in targets:
        await _until_received(house, target, sent[target.system])
    return [await _row(house, target, mode.value, sent[target.system]) for target in targets]


async def _accept(house: HostileHouse, target: Target, seed: int) -> str:
    accepted = await house.connectors.intake.accept(
        application(target.matter, seed=seed, situation=target.situation),
        actor=CLERK,
        idempotency_key=f"{target.system}-{seed}",
        at=utc_now(),
    )
    return accepted.case.number


async def _until(house: HostileHouse, numbers: Sequence[str], ends: "frozenset[str]", *, within_seconds: float) -> None:
    """Return once every delivery of these cases stands in one of `ends`, or the patience ends."""
    until = monotonic() + within_seconds
    while monotonic() < until:
        states = await _states(house.engine, numbers)
        if all(state in ends for state in states.values()):
            return
        await asyncio.sleep(_LOOKS_EVERY_SECONDS)


async def _until_received(house: HostileHouse, target: Target, numbers: Sequence[str]) -> None:
    """Return once the department has what no person has: tables, files and topics are read at its own pace."""
    until = monotonic() + _SETTLES_WITHIN_SECONDS
    while monotonic() < until:
        states, there = await _states(house.engine, numbers), await _received(house, target)
        if all(there.get(number) or states.get(number) in _ELSEWHERE for number in numbers):
            return
        await asyncio.sleep(_LOOKS_EVERY_SECONDS)


async def _received(house: HostileHouse, target: Target) -> Mapping[str, int]:
    receipts = await house.departments[target.system].store.receipts()
    return {receipt.number: receipt.times for receipt in receipts}


async def _states(engine: AsyncEngine, numbers: Sequence[str]) -> Mapping[str, str]:
    async with readonly(engine).connect() as connection:
        found = await connection.execute(
            select(deliveries.c.case_number, deliveries.c.state).where(
                deliveries.c.case_number.in_(numbers), deliveries.c.kind == "submit"
            )
        )
        return {row.case_number: row.state for row in found}


async def _row(house: HostileHouse, target: Target, mode: str, numbers: Sequence[str]) -> Row:
    states, tries = await _states(house.engine, numbers), await _tries(house.engine, numbers)
    there = await _received(house, target)
    unknown = {number for number, outcome, _ in tries if outcome == OutcomeClass.UNKNOWN.value}
    return Row(
        transport=target.transport,
        mode=mode,
        sent=len(numbers),
        lost=sum(not there.get(number) and states.get(number) not in _ELSEWHERE for number in numbers),
        doubled=sum(there.get(number, 0) > 1 for number in numbers),
        unknown=len(unknown),
        desk=await _on_a_desk(house.engine, numbers),
        unsettled=sum(state in _MOVING for state in states.values()),
        states=_counted(states),
        classes=outcomes([(outcome, error) for _, outcome, error in tries]),
    )


async def _on_a_desk(engine: AsyncEngine, numbers: Sequence[str]) -> int:
    """Return how many cases a person has to look at, for whatever reason."""
    async with readonly(engine).connect() as connection:
        found = await connection.execute(
            select(deliveries.c.case_number)
            .join(desk_tasks, desk_tasks.c.delivery_id == deliveries.c.id)
            .where(deliveries.c.case_number.in_(numbers), desk_tasks.c.closed_at.is_(None))
            .distinct()
        )
        return len(found.all())


def _counted(states: Mapping[str, str]) -> str:
    return ", ".join(f"{state} {times}" for state, times in sorted(Counter(states.values()).items()))


async def _tries(engine: AsyncEngine, numbers: Sequence[str]) -> list[tuple[str, str, str]]:
    async with readonly(engine).connect() as connection:
        found = await connection.execute(
            select(deliveries.c.case_number, attempts.c.outcome, attempts.c.error, attempts.c.kind)
            .join(attempts, attempts.c.delivery_id == deliveries.c.id)
            .where(deliveries.c.case_number.in_(numbers))
            .order_by(attempts.c.started_at)
        )
        return [
            (row.case_number, f"probe {row.outcome}" if row.kind == "probe" else row.outcome or "unfinished", row.error)
            for row in found
        ]


async def _clerks(house: HostileHouse, cases: int, seeds: "count[int]") -> list[Row]:
    """The seventh transport is a person: who closes the tab, answers twice, or is two persons at once."""
    rows = []
    for mode in ("closes_the_tab", "answers_twice", "two_at_once"):
        numbers = [await _accept(house, MANUAL, next(seeds)) for _ in range(cases)]
        tasks = {view.task.delivery.case_number: view.task.id for view in await house.connectors.desk.tasks(CLERK)}
        taken = [await _answered(house, tasks[number], mode) for number in numbers]
        states = await _states(house.engine, numbers)
        still_open = {view.task.delivery.case_number for view in await house.connectors.desk.tasks(CLERK)}
        rows.append(
            Row(
                transport=MANUAL.transport,
                mode=mode,
                sent=cases,
                lost=len(set(numbers) - still_open),
                doubled=sum(times > 1 for times in taken),
                unknown=0,
                desk=sum(state in _BY_A_PERSON for state in states.values()),
                unsettled=0,
                states=_counted(states),
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
