"""kill -9 of web, worker, database and Redis every few seconds while windows take applications in (F2, F3, F9)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from statistics import median
from time import monotonic, sleep, time

from tests.bench.table import show
from tests.faults import counting
from tests.faults.windows import Promised, Windows
from tests.servers.parts import Parts

SECONDS = 30.0
WINDOWS = 3
MATTERS = (
    "05-elder-respect-allowance",  # REST, asked before a resend
    "09-resident-pension-enrolment",  # REST, dedupes by serial
    "04-temporary-assistance",  # SOAP
    "14-employment-registration",  # REST, dedupes by key
    "28-resident-insurance-payment",  # message queue
    "21-nonlocal-medical-filing",  # REST in sealed envelopes
    "06-disability-subsidies",  # exchange table
    "25-birth-registration",  # REST, dedupes by certificate
    "17-social-security-card",  # batch files
    "E01-food-business-licence",  # REST, asked before a resend
)
EMBEDDED = (("whole",),)
FULL = (("web",), ("worker",), ("database",), ("redis",), ("web", "worker", "database", "redis"))
_SEED = 20261122
_LIVES_AGAIN = 0.75
"""How often the next kill waits until everything answers again; else it may fall into the start."""
_SETTLES_WITHIN_SECONDS = 150.0
HEAD = (
    "killed", "kills", "accepted", "lost", "doubled", "unknown", "on a desk", "unsettled", "answers without a reason",
    "accepting again s, longest", "delivering again s, longest", "cut short, looked into s, median",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table; the seconds are empty where there was nothing to measure."""

    killed: Sequence[str]
    kills: int
    harm: counting.Harm
    unclear: Sequence[str]
    accepting_again: Sequence[float]
    delivering_again: Sequence[float]
    taken_up_after: Sequence[float]

    @property
    def is_harmless(self) -> bool:
        return self.harm.is_none and not self.unclear

    def cells(self) -> tuple[str, ...]:
        harm = self.harm
        return (
            " ".join(self.killed), str(self.kills), str(harm.accepted), str(len(harm.lost)), str(len(harm.doubled)),
            str(harm.unknown), str(harm.desk), str(harm.unsettled), str(len(self.unclear)),
            _longest(self.accepting_again), _longest(self.delivering_again),
            f"{median(self.taken_up_after):.1f}" if self.taken_up_after else "",
        )  # fmt: skip


def main(seconds: float = SECONDS) -> bool:
    """Run all rows on both ways to run and print the tables; False on any harm."""
    harmless = True
    for name, full, rows in (("SQLite and memory", False, EMBEDDED), ("PostgreSQL and Redis", True, FULL)):
        parts = Parts.start(full=full)
        try:
            seeds, dice = count(1), random.Random(_SEED)
            made = [killing(parts, killed, seconds=seconds, seeds=seeds, dice=dice) for killed in rows]
        finally:
            parts.stop()
        show(f"kill -9 on {name}", HEAD, [row.cells() for row in made])
        harmless &= tell(made)
    return harmless


def tell(rows: Sequence[Row]) -> bool:
    """Name what was harmed, line by line; True when nothing was."""
    details = [
        (" ".join(row.killed), what, detail)
        for row in rows
        for what, found in (("lost", row.harm.lost), ("doubled", row.harm.doubled), ("answer", row.unclear))
        for detail in found[:5]
    ]
    if details:
        show("in detail", ("killed", "what", "detail"), details)
    return all(row.is_harmless for row in rows)


def windows_of(parts: Parts, seeds: "count[int]", matters: Sequence[str] = MATTERS) -> Windows:
    client = parts.installation.client("demo-api")
    return Windows(
        api_url=f"{parts.address('web')}/api/v1/cases",
        token_url=f"{parts.address('idp' if parts.is_full else 'whole')}/idp/token",
        client_id=client["client_id"],
        client_secret=client["client_secret"],
        scope=" ".join(client["scopes"]),
        matters=matters,
        seeds=seeds,
    )


def killing(parts: Parts, killed: Sequence[str], *, seconds: float, seeds: "count[int]", dice: random.Random) -> Row:
    """Kill the parts in turn for so long while windows are open, let everything settle, and count."""
    since, windows, kills = counting.now(), windows_of(parts, seeds), list[float]()
    windows.open(WINDOWS)
    until = monotonic() + seconds
    while monotonic() < until:
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
        kills=len(kills),
        harm=harm,
        unclear=promised.unclear,
        accepting_again=counting.resume_seconds(kills, promised.accepted_at),
        delivering_again=counting.resume_seconds(kills, book.attempts_at),
        taken_up_after=book.taken_up_after,
    )


def settled_harm(parts: Parts, promised: Promised, *, since: datetime) -> tuple[counting.Harm, counting.Kept]:
    """Let everything that was promised come to rest, and count."""
    numbers = [number for _, number in promised.numbers]
    unsettled = counting.settle(parts.database_url, numbers, within_seconds=_SETTLES_WITHIN_SECONDS)
    book = counting.kept(parts.database_url, numbers, since=since)
    elsewhere = {number for number, state in book.states.items() if state in ("desk", "invalid", "refused")}
    wanted = [(system, number) for system, number in promised.numbers if number not in elsewhere]
    told = counting.received_once_scanned(addresses_of(parts, promised.numbers), wanted)
    return counting.harm(promised.numbers, book, told, unsettled=unsettled), book


def addresses_of(parts: Parts, numbers: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {system: parts.installation.system(system)["base_url"] for system in sorted({each for each, _ in numbers})}


def _longest(seconds: Sequence[float]) -> str:
    return f"{max(seconds):.1f}" if seconds else ""
