"""kill -9 of web, worker, database and Redis every few seconds while windows take applications in (F2, F3, F9)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from statistics import median
from time import monotonic, sleep, time

from tests.faults import counting
from tests.faults.figures import figures_of
from tests.faults.harm import Harm, longest, resume_seconds
from tests.faults.report import Report
from tests.faults.taking_in import settled_harm, windows_of
from tests.faults.ways import WAYS
from tests.servers.desk_person import somebody_at_the_desk
from tests.servers.parts import Parts

SECONDS = 20.0
LEAST_KILLS = 4
WINDOWS = 3
EMBEDDED = (("whole",),)
FULL = (("web",), ("worker",), ("database",), ("redis",), ("web", "worker", "database", "redis"))
_CALLED = {
    "whole": "the one process",
    "database": "PostgreSQL, with all its children",
    "redis": "Redis, all it held gone",
}
_SEED = 20261122
_LONGER_AT_MOST = 4
"""A machine on which a start takes long has its least kills all the same, within so many times the seconds."""
_LIVES_AGAIN = 0.75
"""How often the next kill waits until everything answers again; else it may fall into the start."""
HEAD = (
    "killed", "kills", "one every s", "accepted", "lost", "doubled", "unknown, looked up", "on a desk",
    "answers without a reason", "accepts again after s", "delivers again after s", "cut short, looked into after s, median",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table; the seconds are empty where there was nothing to measure."""

    killed: Sequence[str]
    kills: Sequence[float]
    """When, as seconds of the epoch."""
    harm: Harm
    unclear: Sequence[str]
    accepting_again: Sequence[float]
    delivering_again: Sequence[float]
    taken_up_after: Sequence[float]

    @property
    def is_harmless(self) -> bool:
        return self.harm.is_none and not self.unclear

    @property
    def title(self) -> str:
        if len(self.killed) > 1:
            return "all of them in turn"
        return _CALLED.get(self.killed[0], self.killed[0])

    def cells(self) -> tuple[str, ...]:
        harm, spans = self.harm, [after - before for before, after in zip(self.kills, self.kills[1:], strict=False)]
        return (
            self.title, str(len(self.kills)), f"{median(spans):.1f}" if spans else "–", str(harm.accepted),
            str(len(harm.lost)), str(len(harm.doubled)), str(harm.unknown), str(harm.desk), str(len(self.unclear)),
            longest(self.accepting_again), longest(self.delivering_again),
            f"{median(self.taken_up_after):.1f}" if self.taken_up_after else "–",
        )  # fmt: skip


def main(report: Report, seconds: float = SECONDS) -> None:
    """Run all rows on both ways to run and print the tables."""
    for name, full in WAYS:
        report.step(f"{name} is started")
        parts = Parts.start(full=full)
        try:
            with somebody_at_the_desk(parts.installation, "wj-reward"):
                rows = _rows(report, parts, name, seconds)
        finally:
            parts.stop()
        report.table(
            f"kill -9, {name}", HEAD, [row.cells() for row in rows],
            says=f"what is named is killed every few seconds and started again at once, with {WINDOWS} windows open.",
        )  # fmt: skip


def _rows(report: Report, parts: Parts, name: str, seconds: float) -> list[Row]:
    rows, seeds, dice = [], count(1), random.Random(_SEED)
    for killed in FULL if parts.is_full else EMBEDDED:
        report.step(f"{name}, {' '.join(killed)}")
        row = killing(parts, killed, seconds=seconds, seeds=seeds, dice=dice)
        rows.append(row)
        report.harm(f"{name}, {' '.join(killed)}", row.harm.told(row.unclear))
        report.count(figures_of(row.harm, name))
    return rows


def killing(parts: Parts, killed: Sequence[str], *, seconds: float, seeds: "count[int]", dice: random.Random) -> Row:
    """Kill the parts in turn for so long, or until each had its turn, while windows are open; let all settle, and count."""
    since, windows, kills = counting.now(), windows_of(parts, seeds), list[float]()
    windows.open(WINDOWS)
    until, latest = monotonic() + seconds, monotonic() + seconds * _LONGER_AT_MOST
    while monotonic() < until or (len(kills) < LEAST_KILLS and monotonic() < latest):
        sleep(dice.uniform(0.5, 4.0))
        kills.append(time())
        parts.kill(killed[len(kills) % len(killed)])
        if dice.random() < _LIVES_AGAIN:
            parts.wait_until_ready()
    parts.wait_until_ready()
    windows.close()
    promised = windows.promised
    harm, book = settled_harm(parts, promised, since=since)
    return Row(
        killed=killed,
        kills=kills,
        harm=harm,
        unclear=promised.unclear,
        accepting_again=resume_seconds(kills, promised.accepted_at),
        delivering_again=resume_seconds(kills, book.attempts_at),
        taken_up_after=book.taken_up_after,
    )
