"""The disk is full while windows take applications in: acceptance is refused with a sentence, and later it goes on (F2)."""

from collections import Counter
from dataclasses import dataclass
from itertools import count
from time import sleep

from tests.bench.table import show
from tests.faults import counting
from tests.faults.kills import settled_harm, windows_of
from tests.faults.windows import Promised
from tests.servers.parts import Parts
from tests.servers.small_disk import SmallDisk, small_disk

SECONDS = 6.0
TIMES = 3
WINDOWS = 2
_MEGABYTES = {False: 96, True: 400}
HEAD = (
    "full", "by", "accepted", "lost", "doubled", "half kept", "unsettled", "refused while full", "with a reason",
    "without a reason", "accepting again s, longest",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`refused` and `reasoned` count the answers given while it was full."""

    kind: str
    harm: counting.Harm
    promised: Promised
    refused: int
    again: list[float]

    @property
    def is_harmless(self) -> bool:
        return self.harm.is_none and not self.promised.unclear and self.refused > 0

    def cells(self) -> tuple[str, ...]:
        harm, unclear = self.harm, len(self.promised.unclear)
        return (
            str(TIMES), self.kind, str(harm.accepted), str(len(harm.lost)), str(len(harm.doubled)), str(harm.half_kept),
            str(harm.unsettled), str(self.refused), str(self.refused - unclear), str(unclear),
            f"{max(self.again):.1f}" if self.again else "",
        )  # fmt: skip


def main(seconds: float = SECONDS) -> bool:
    """Fill the disk three times on both ways to run and print the tables; False on any harm."""
    harmless = True
    for name, full in (("SQLite and memory", False), ("PostgreSQL and Redis", True)):
        with small_disk(_MEGABYTES[full]) as disk:
            parts = _start(full, disk)
            try:
                row = filling(parts, disk, seconds=seconds, seeds=count(1))
            finally:
                parts.stop()
        show(f"a full disk under the database, on {name}", HEAD, [row.cells()])
        details = [(what, line) for what, found in _details(row) for line in found[:5]]
        if details:
            show("in detail", ("what", "detail"), details)
        harmless &= row.is_harmless
    return harmless


def _details(row: Row) -> list[tuple[str, list[str]]]:
    return [("lost", list(row.harm.lost)), ("doubled", list(row.harm.doubled)), ("answer", row.promised.unclear)]


def _start(full: bool, disk: SmallDisk) -> Parts:
    # Departments keep their things elsewhere: it is our disk that is full.
    place = disk.directory / ("pg" if full else "var")
    place.mkdir(mode=0o700)
    return Parts.start(full=True, postgres_in=place) if full else Parts.start(full=False, database_in=place)


def filling(parts: Parts, disk: SmallDisk, *, seconds: float, seeds: "count[int]") -> Row:
    """Fill and free the disk in turn, `seconds` each, with windows open all the time; then count."""
    since, windows, freed = counting.now(), windows_of(parts, seeds), list[float]()
    windows.open(WINDOWS)
    refused = 0
    for _ in range(TIMES):
        sleep(seconds / 2)
        before = Counter(windows.promised.statuses)
        disk.fill(parts.processes())
        sleep(seconds)
        refused += sum((windows.promised.statuses - before)[status] for status in (500, 502, 503, 507))
        disk.free(parts.processes())
        freed.append(counting.now().timestamp())
    sleep(seconds / 2)
    windows.close()
    promised = windows.promised
    harm, _ = settled_harm(parts, promised, since=since)
    again = counting.resume_seconds(freed, promised.accepted_at)
    return Row(kind=disk.kind, harm=harm, promised=promised, refused=refused, again=again)
