"""One system dead, slow or flapping: what the others feel of it (F8).

`python -m tests.faults isolation [seconds]`: the channel delay to a healthy department while another one is well, dead, 30
seconds slow or flapping. The turns are short and take place in every order, so that whatever else happens on the machine
falls upon all of them alike; a second turn of being well tells how much of a growth is chance.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from statistics import quantiles
from time import monotonic, sleep
from typing import Final, Literal

from sqlalchemy import delete, func, select, update

from config.storage.sql import create_engine
from connectors.ledger import DUE, LEASED
from connectors.storage.tables import breakers, deliveries
from tests.bench.channel_delay import MATTER, SYSTEM, elder
from tests.bench.table import show
from tests.doubles.timed_department import Mode, TimedDepartment, Town, town_of
from tests.servers.paced_windows import PacedWindow, accepted_at, all_take_in, prepare
from tests.servers.parts import Parts

SECONDS: Final = 3.0
ROUNDS: Final = 20
REACH_PERCENT: Final = 10.0
Turn = Mode | Literal["well again"]
TURNS: Final[tuple[Turn, ...]] = ("well", "dead", "well again", "slow", "flapping")
SICK_MATTER, SICK = "25-birth-registration", "wj-birth"
_EVERY_SECONDS: Final = 0.1
_SICK_EVERY_SECONDS: Final = 0.2
_WARM_SECONDS: Final = 4.0
_CALM_WITHIN_SECONDS: Final = 90.0
_ON_ITS_WAY: Final = [state.value for state in (*DUE, *LEASED)]


@dataclass(slots=True)
class Felt:
    """The delays to the healthy department, in seconds, by how the other one was; `missing` never came."""

    delays: dict[Turn, list[float]] = field(default_factory=lambda: {turn: [] for turn in TURNS})
    missing: int = 0

    def p95(self, turn: Turn) -> float:
        return quantiles(self.delays[turn], n=20)[-1]

    def growth_percent(self, turn: Turn) -> float:
        return (self.p95(turn) / self.p95("well") - 1) * 100


def main(seconds: float = SECONDS, rounds: int = ROUNDS) -> bool:
    """Measure both ways to run and print the table; False when the others feel it, or something is missing."""
    good, rows = True, []
    for name, full in (("SQLite and memory, one process", False), ("PostgreSQL and Redis, parts apart", True)):
        felt = measure(full=full, seconds=seconds, rounds=rounds)
        good &= not felt.missing and all(felt.growth_percent(turn) <= REACH_PERCENT for turn in TURNS)
        rows += [(f"{name}: {turn}", *_cells(felt, turn)) for turn in TURNS]
    head = ("the other system", "cases", "median ms", "p95 ms", "p95 grows %", "missing")
    show("delay to a healthy department while another system is sick", head, rows)
    return good


def _cells(felt: Felt, turn: Turn) -> tuple[str, ...]:
    cuts = quantiles(felt.delays[turn], n=20)
    return (
        str(len(felt.delays[turn])), f"{cuts[9] * 1000:.0f}", f"{cuts[-1] * 1000:.0f}",
        f"{felt.growth_percent(turn):+.0f}", str(felt.missing),
    )  # fmt: skip


def measure(*, full: bool, seconds: float, rounds: int) -> Felt:
    """Let the other system be each way in turn, `rounds` times."""
    healthy = elder()
    sick = TimedDepartment(answer={"status": "SUCCESS", "regNo": "B-1"}, unavailable={"status": "FAIL"})
    felt, seeds = Felt(), count(1)
    with town_of(healthy, sick) as town:
        parts = Parts.start(full=full)
        try:
            log = prepare(parts, {SYSTEM: healthy.base_url, SICK: sick.base_url})
            _turn(parts, seeds, seconds=_WARM_SECONDS)
            asked: list[tuple[Turn, Sequence[str]]] = []
            for first in range(rounds):
                for turn in TURNS[first % len(TURNS) :] + TURNS[: first % len(TURNS)]:
                    town.become(sick, "well" if turn == "well again" else turn)
                    asked.append((turn, _turn(parts, seeds, seconds=seconds)))
                    _calm(parts, town, sick)
            _collect(felt, asked, accepted_at(log), healthy)
        finally:
            parts.stop()
    return felt


def _turn(parts: Parts, seeds: "count[int]", *, seconds: float) -> list[str]:
    """Take in for both systems beside each other; return the numbers for the healthy one."""
    windows = [
        PacedWindow(parts, MATTER, seeds, _EVERY_SECONDS),
        PacedWindow(parts, SICK_MATTER, seeds, _SICK_EVERY_SECONDS),
    ]
    all_take_in(*windows, seconds=seconds)
    return list(windows[0].asked)


def _collect(
    felt: Felt, asked: Sequence[tuple[Turn, Sequence[str]]], committed: dict[str, float], healthy: TimedDepartment
) -> None:
    for turn, numbers in asked:
        for number in numbers:
            at = healthy.arrived.get(number.encode())
            if at is None:
                felt.missing += 1
            else:
                felt.delays[turn].append(at - committed[number])


def _calm(parts: Parts, town: Town, sick: TimedDepartment) -> None:
    """Make the sick one well, forget its breaker, and wait until nothing is on its way: no turn leaves anything behind."""
    town.become(sick, "well")
    until = monotonic() + _CALM_WITHIN_SECONDS
    while asyncio.run(_still_on_its_way(parts.database_url)) and monotonic() < until:
        sleep(0.2)


async def _still_on_its_way(database_url: str) -> int:
    engine = create_engine(database_url)
    try:
        async with engine.begin() as connection:
            await connection.execute(delete(breakers).where(breakers.c.system == SICK))
            waiting = deliveries.c.system == SICK, deliveries.c.state.in_(_ON_ITS_WAY)
            now = select(func.min(deliveries.c.created_at)).where(*waiting).scalar_subquery()
            await connection.execute(
                update(deliveries).where(*waiting, deliveries.c.lease_until.is_(None)).values(next_attempt_at=now)
            )
            return int((await connection.execute(select(func.count()).where(*waiting))).scalar_one())
    finally:
        await engine.dispose()
