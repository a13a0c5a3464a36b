"""Every hostile mode on every transport: what was sent, lost, doubled, unknown, on a desk, and how it was classed."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from config import logs
from config.clock import utc_now
from config.state import StateStore
from connectors.ledger import DeliveryState
from demo.faults.switch import LASTING, Fault
from tests.doubles.house import CLERK, application
from tests.faults.figures import Figure
from tests.faults.hostile_clerks import clerks
from tests.faults.hostile_houses import MANUAL, TARGETS, HostileHouse, Target, hostile_house
from tests.faults.hostile_rows import (
    ELSEWHERE,
    HEAD,
    MOVING,
    Row,
    classed,
    received,
    row_of,
    states_of,
    together,
)
from tests.faults.report import Report
from tests.faults.ways import Way, ways
from tests.servers.valkey import Valkey

CASES = 4
SLOW_SECONDS: Final = 1.6
_SETTLES_WITHIN_SECONDS: Final = 90.0
_TOLD_WITHIN_SECONDS: Final = 6.0
_LOOKS_EVERY_SECONDS: Final = 0.1
_LASTS: Final = 1_000_000
_OVER: Final = frozenset({"confirmed", "refused", "desk", "invalid"})


def main(report: Report, cases: int = CASES) -> None:
    """Run on both ways to run and print the tables."""
    logs.configure(level="critical", form="console")  # hostile departments are what this is about
    broker = Valkey.start()
    try:
        with ways() as both:
            for way in both:
                report.step(f"{way.name} is started")
                rows = asyncio.run(_on(way, broker, cases, report))
                report.table(f"Hostile departments, {way.name}", HEAD, together(rows))
                head, lines = classed(rows)
                report.table(f"How each was classed, in the order of the tries, {way.name}", head, lines)
                for row in rows:
                    report.harm(f"{way.name}, {row.transport}, {row.mode}", row.told())
                report.count(_figure(way, row) for row in rows)
    finally:
        broker.stop()


async def _on(way: Way, broker: Valkey, cases: int, report: Report) -> list[Row]:
    async with way.opened() as ground:
        return await endure(
            ground.engine,
            ground.state,
            ground.directory,
            broker,
            cases=cases,
            tell=lambda mode: report.step(f"{way.name}, {mode} on every transport"),
        )


def _figure(way: Way, row: Row) -> Figure:
    return Figure(
        transport=row.transport.partition(",")[0],
        on=way.name,
        cases=row.sent,
        lost=row.lost,
        doubled=row.doubled,
        unknown=row.unknown,
        desk=row.desk,
    )


async def endure(
    engine: AsyncEngine,
    state: StateStore,
    directory: Path,
    broker: Valkey,
    *,
    cases: int,
    modes: Sequence[Fault] = tuple(Fault),
    tell: Callable[[str], None] = lambda mode: None,
) -> list[Row]:
    """Let each department be hostile in each of `modes` it knows, all departments at once, one mode after the other."""
    rows, seeds = [], count(1)
    async with hostile_house(engine, state, directory, broker) as house:
        for mode in modes:
            targets = [target for target in TARGETS if mode in target.modes]
            if targets:
                tell(mode.value)
                rows += await _mode(house, mode, targets, cases, seeds)
        rows += await clerks(house, lambda: _accept(house, MANUAL, next(seeds)), cases)
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
    await _until(house, numbers, frozenset(DeliveryState) - MOVING, within_seconds=_SETTLES_WITHIN_SECONDS)
    awaited = [number for target in targets if target.tells_soon for number in sent[target.system]]
    if mode not in LASTING:
        # What spoils results needs results to come; where they come spoilt nothing may follow, so this has an end.
        await _until(house, awaited, _OVER, within_seconds=_TOLD_WITHIN_SECONDS)
    for target in targets:
        house.departments[target.system].faults.set(Fault.NONE, 0)
    await _until(house, awaited, _OVER, within_seconds=_TOLD_WITHIN_SECONDS)
    for target in targets:
        await _until_received(house, target, sent[target.system])
    return [await row_of(house, target, mode.value, sent[target.system]) for target in targets]


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
        states = await states_of(house.engine, numbers)
        if all(state in ends for state in states.values()):
            return
        await asyncio.sleep(_LOOKS_EVERY_SECONDS)


async def _until_received(house: HostileHouse, target: Target, numbers: Sequence[str]) -> None:
    """Return once the department has what no person has: tables, files and topics are read at its own pace."""
    until = monotonic() + _SETTLES_WITHIN_SECONDS
    while monotonic() < until:
        states, there = await states_of(house.engine, numbers), await received(house, target)
        if all(there.get(number) or states.get(number) in ELSEWHERE for number in numbers):
            return
        await asyncio.sleep(_LOOKS_EVERY_SECONDS)
