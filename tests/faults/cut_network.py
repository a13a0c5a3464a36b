"""Every line cut in every way, one after the other, while windows take applications in: departments, database, Redis.

Nothing may be lost or doubled, what goes over the other lines goes on, and what goes over this one resumes. Between
OneWindow and the departments stand servers as departments run them: OpenSSH, PostgreSQL, MariaDB, Valkey.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import sleep, time
from typing import Final

from tests.faults import counting
from tests.faults.figures import figures_of
from tests.faults.harm import Harm, longest, resume_seconds
from tests.faults.report import Report
from tests.faults.taking_in import settled_harm, windows_of
from tests.faults.ways import WAYS
from tests.faults.windows import Promised
from tests.faults.wires import DATABASE, REDIS, Wires
from tests.servers.desk_person import somebody_at_the_desk
from tests.servers.line import Cut
from tests.servers.matters import transport_of
from tests.servers.parts import Parts
from tests.servers.real_lines import ON_MARIADB, ON_POSTGRES, ON_SSHD, RealLines

SECONDS: Final = 3.0
WINDOWS: Final = 2
CUTS: Final = (Cut.REFUSED, Cut.BLACK_HOLE, Cut.RESET, Cut.HALF_OPEN)
BEHIND: Final[Mapping[str, str]] = {
    "mz-elder": "",
    "mz-assist": "",
    "wj-reward": "",
    "tax-ssf.queue": "Valkey",
    f"{ON_POSTGRES}.exchange": "PostgreSQL",
    f"{ON_MARIADB}.exchange": "MariaDB",
    f"{ON_SSHD}.files": "OpenSSH",
}
"""Names of the endpoints file, one or more for each transport, and what stands at the other end of the line."""
HEAD: Final = (
    "line", "accepted", "lost", "doubled", "unknown, looked up", "on a desk", "others delivered meanwhile",
    "others wait s, line whole / cut", "resumes after s",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line, cut in every way in turn.

    `others` were delivered while it was cut; `waits` are the seconds others waited for that, at the median: those that
    were accepted while the line was whole, and those while it was cut.
    """

    line: str
    harm: Harm
    promised: Promised
    others: int
    waits: tuple[float, float] | None
    resumes: Sequence[float]

    @property
    def system(self) -> str:
        """Return the department at the end of the line, empty for lines inside OneWindow."""
        return "" if self.line in (DATABASE, REDIS) else self.line.partition(".")[0]

    @property
    def title(self) -> str:
        if not self.system:
            return {DATABASE: "to PostgreSQL", REDIS: "to Redis"}[self.line]
        there = BEHIND[self.line]
        return f"`{transport_of(self.system)}` ({self.system}{f', {there}' if there else ''})"

    def resumes_of(self) -> dict[str, Sequence[float]]:
        return {transport_of(self.system): self.resumes} if self.system else {}

    def others_of(self) -> dict[str, tuple[float, float]]:
        return {transport_of(self.system): self.waits} if self.system and self.waits else {}

    def cells(self) -> tuple[str, ...]:
        harm, waits = self.harm, self.waits
        return (
            self.title, str(harm.accepted), str(len(harm.lost)), str(len(harm.doubled)), str(harm.unknown),
            str(harm.desk), str(self.others), "–" if waits is None else f"{waits[0]:.2f} / {waits[1]:.2f}", longest(self.resumes),
        )  # fmt: skip


def main(report: Report, seconds: float = SECONDS) -> None:
    """Cut every line on both ways to run and print the tables."""
    for name, full in WAYS:
        rows = []
        names = (*BEHIND, *((DATABASE, REDIS) if full else ()))
        report.step(f"{name} is started")
        with wired(names, full=full) as (parts, wires):
            seeds = count(1)
            for line in names:
                report.step(f"{name}, {line}")
                row = cutting(parts, wires, line, seconds=seconds, seeds=seeds)
                rows.append(row)
                report.harm(f"{name}, {line}", row.harm.told(row.promised.unclear))
                report.count(figures_of(row.harm, name, resumes=row.resumes_of(), others=row.others_of()))
        report.table(
            f"Cut lines, {name}", HEAD, [row.cells() for row in rows],
            says=f"each refused, a black hole, reset in a request, and half open, in turn, {seconds:g} s each.",
        )  # fmt: skip


@contextmanager
def wired(names: Sequence[str], *, full: bool) -> Iterator[tuple[Parts, Wires]]:
    """Run OneWindow with a wire to each of `names`, real servers at the far ends and a clerk at the desk."""
    with ExitStack() as stack:
        wires = Wires(names, Path(stack.enter_context(TemporaryDirectory(prefix="ow-wires-"))))
        stack.callback(wires.stop)
        lines = RealLines.start()
        stack.callback(lines.stop)
        parts = Parts.start(full=full, wired=wires.lay, lines=lines)
        stack.callback(parts.stop)
        stack.enter_context(somebody_at_the_desk(parts.installation, "wj-reward"))
        yield parts, wires


def cutting(parts: Parts, wires: Wires, name: str, *, seconds: float, seeds: "count[int]") -> Row:
    """Cut one line in every way, mend it each time, let everything settle, and count."""
    since, windows, line = counting.now(), windows_of(parts, seeds), wires.laid[name]
    whole, cut = list[tuple[float, float]](), list[tuple[float, float]]()
    windows.open(WINDOWS)
    for how in CUTS:
        whole.append(_while(lambda: sleep(seconds / 2)))
        line.cut(how)
        cut.append(_while(lambda: sleep(seconds)))
        line.cut(Cut.WHOLE)
    whole.append(_while(lambda: sleep(seconds / 2)))
    windows.close()
    promised = windows.promised
    harm, book = settled_harm(parts, promised, since=since)
    own = "" if name in (DATABASE, REDIS) else name.partition(".")[0]
    others = [span for system, spans in book.delivered.items() if system != own for span in spans]
    return Row(
        line=name,
        harm=harm,
        promised=promised,
        others=sum(_is_within(confirmed, cut) for _, confirmed in others),
        waits=_waits(others, whole, cut) if own else None,
        resumes=resume_seconds([ended for _, ended in cut], book.confirmed_at(own) if own else promised.accepted_at),
    )


def _while(work: Callable[[], None]) -> tuple[float, float]:
    began = time()
    work()
    return began, time()


def _is_within(moment: float, spans: Sequence[tuple[float, float]]) -> bool:
    return any(began <= moment <= ended for began, ended in spans)


def _waits(
    delivered: Sequence[tuple[float, float]], whole: Sequence[tuple[float, float]], cut: Sequence[tuple[float, float]]
) -> tuple[float, float] | None:
    """Return how long deliveries waited at the median that were accepted in the one and in the other spans."""
    found = [
        [confirmed - accepted for accepted, confirmed in delivered if _is_within(accepted, spans)]
        for spans in (whole, cut)
    ]
    return (median(found[0]), median(found[1])) if all(found) else None
