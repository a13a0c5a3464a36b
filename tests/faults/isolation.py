"""One system dead, slow or flapping: what the others feel of it (F8).

`python -m tests.faults isolation [seconds]`: two whole OneWindows side by side take in the same, and a department of one of
them is dead, 30 seconds slow or flapping while the other's is well; half of the time the one, half of the time the other.
The channel delay to a healthy department is compared between them, case by case at the same time, so that whatever else
happens on the machine falls upon both. A turn in which both are well tells how much of a growth is chance.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import quantiles
from time import monotonic, sleep
from typing import Final

from sqlalchemy import delete, func, select, update

from config.storage.sql import create_engine
from connectors.ledger import DUE, LEASED
from connectors.storage.tables import breakers, deliveries
from tests.bench.channel_delay import MATTER, SYSTEM, elder
from tests.doubles.timed_department import Mode, TimedDepartment, Town, town_of
from tests.faults.figures import Figure
from tests.faults.report import Report
from tests.faults.ways import WAYS
from tests.servers.paced_windows import PacedWindow, accepted_at, all_take_in, prepare
from tests.servers.parts import Parts

SECONDS: Final = 60.0
REACH_PERCENT: Final = 10.0
ENOUGH: Final = 250
"""Cases on either side from which on a growth of the 95th percentile is judged; with fewer it is only shown."""
MODES: Final[tuple[Mode, ...]] = ("well", "dead", "slow", "flapping")
SICK_MATTER, SICK = "25-birth-registration", "wj-birth"
HEAD: Final = (
    "the other department is", "cases", "beside a well one ms, median", "beside it", "beside a well one ms, p95",
    "beside it", "p95 grows %", "missing",
)  # fmt: skip
_EVERY_SECONDS: Final = 0.2
_SICK_EVERY_SECONDS: Final = 0.4
_WARM_SECONDS: Final = 5.0
_CALM_WITHIN_SECONDS: Final = 60.0
_ON_ITS_WAY: Final = [state.value for state in (*DUE, *LEASED)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One OneWindow with a department that is always well and one that may be sick."""

    parts: Parts
    log: Path
    healthy: TimedDepartment
    sick: TimedDepartment
    seeds: "count[int]" = field(default_factory=lambda: count(1))

    def windows(self) -> tuple[PacedWindow, PacedWindow]:
        return (
            PacedWindow(self.parts, MATTER, self.seeds, _EVERY_SECONDS),
            PacedWindow(self.parts, SICK_MATTER, self.seeds, _SICK_EVERY_SECONDS),
        )


@dataclass(slots=True)
class Felt:
    """The delays to the healthy department in seconds, beside a sick one and beside a well one; `missing` never came."""

    beside_sick: list[float] = field(default_factory=list)
    beside_well: list[float] = field(default_factory=list)
    missing: int = 0

    @property
    def growth_percent(self) -> float:
        """Return by how much the 95th percentile is longer."""
        return (quantiles(self.beside_sick, n=20)[-1] / quantiles(self.beside_well, n=20)[-1] - 1) * 100

    def cells(self) -> tuple[str, ...]:
        sick, well = quantiles(self.beside_sick, n=20), quantiles(self.beside_well, n=20)
        ms = [f"{each * 1000:.0f}" for each in (well[9], sick[9], well[-1], sick[-1])]
        cases = len(self.beside_sick) + len(self.beside_well)
        return (str(cases), *ms, f"{self.growth_percent:+.0f}", str(self.missing))


def main(report: Report, seconds: float = SECONDS) -> None:
    """Measure both ways to run and print the table; a case that never came is a harm, and so is a growth beyond chance."""
    for name, full in WAYS:
        report.step(f"{name}, {seconds:g} s each of {', '.join(MODES)}")
        felt = measure(full=full, seconds=seconds)
        chance = abs(felt["well"].growth_percent)
        for mode, each in felt.items():
            cases = len(each.beside_sick) + len(each.beside_well)
            report.count([Figure(transport="rest_json", on=name, cases=cases, lost=each.missing)])
            report.harm(f"{name}, {mode}", [f"never came: {each.missing}"] if each.missing else [])
            is_known = min(len(each.beside_sick), len(each.beside_well)) >= ENOUGH
            if mode != "well" and is_known and each.growth_percent > REACH_PERCENT + chance:
                report.harm(f"{name}, {mode}", [f"p95 of a healthy department grows by {each.growth_percent:.0f} %"])
        rows = [("both well" if mode == "well" else mode, *each.cells()) for mode, each in felt.items()]
        report.table(
            f"Delay to a healthy department while another is sick, {name} (F8)", HEAD, rows,
            says="beside one that is well at the same time; by how much both differ when both are well is chance.",
        )  # fmt: skip


def measure(*, full: bool, seconds: float) -> dict[Mode, Felt]:
    """Let a department be each way for so many seconds, half of them on either side."""
    felt = {mode: Felt() for mode in MODES}
    with _two_sides(full=full) as (town, sides):
        _take_in(sides, _WARM_SECONDS)
        for mode in MODES:
            for sick, well in (sides, sides[::-1]):
                town.become(sick.sick, mode)
                numbers = _take_in((sick, well), seconds / 2)
                town.become(sick.sick, "well")
                for side in sides:
                    _calm(side)
                felt[mode].missing += _collect(felt[mode].beside_sick, sick, numbers[0])
                felt[mode].missing += _collect(felt[mode].beside_well, well, numbers[1])
    return felt


@contextmanager
def _two_sides(*, full: bool) -> Iterator[tuple[Town, tuple[Side, Side]]]:
    departments = [(elder(), _birth()) for _ in range(2)]
    with ExitStack() as ended:
        town = ended.enter_context(town_of(*(each for pair in departments for each in pair)))
        sides = []
        for healthy, sick in departments:
            parts = Parts.start(full=full)
            ended.callback(parts.stop)
            log = prepare(parts, {SYSTEM: healthy.base_url, SICK: sick.base_url})
            sides.append(Side(parts=parts, log=log, healthy=healthy, sick=sick))
        yield town, (sides[0], sides[1])


def _birth() -> TimedDepartment:
    return TimedDepartment(answer={"status": "SUCCESS", "regNo": "B-1"}, unavailable={"status": "FAIL"})


def _take_in(sides: tuple[Side, Side], seconds: float) -> list[Sequence[str]]:
    """Take in on both sides for so long; return the numbers for each side's healthy department."""
    windows = [side.windows() for side in sides]
    all_take_in(*(window for pair in windows for window in pair), seconds=seconds)
    return [list(pair[0].asked) for pair in windows]


def _collect(delays: list[float], side: Side, numbers: Sequence[str]) -> int:
    """Add the delays of these cases; return how many never came."""
    committed, missing = accepted_at(side.log), 0
    for number in numbers:
        at = side.healthy.arrived.get(number.encode())
        if at is None:
            missing += 1
        else:
            delays.append(at - committed[number])
    return missing


def _calm(side: Side) -> None:
    """Forget the breaker of what was sick, and wait until nothing is on its way: no turn leaves anything behind."""
    until = monotonic() + _CALM_WITHIN_SECONDS
    while asyncio.run(_still_on_its_way(side.parts.database_url)) and monotonic() < until:
        sleep(0.5)


async def _still_on_its_way(database_url: str) -> int:
    engine = create_engine(database_url)
    try:
        async with engine.begin() as connection:
            await connection.execute(delete(breakers).where(breakers.c.system == SICK))
            waiting = deliveries.c.system.in_([SYSTEM, SICK]), deliveries.c.state.in_(_ON_ITS_WAY)
            now = select(func.min(deliveries.c.created_at)).where(*waiting).scalar_subquery()
            await connection.execute(
                update(deliveries)
                .where(*waiting, deliveries.c.system == SICK, deliveries.c.lease_until.is_(None))
                .values(next_attempt_at=now)
            )
            return int((await connection.execute(select(func.count()).where(*waiting))).scalar_one())
    finally:
        await engine.dispose()
