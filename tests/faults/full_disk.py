"""A disk is full while windows take applications and papers in: refused with a sentence, and later it goes on (F2).

Three disks, one after the other: the database's, that of the papers, and the department's that our batch files lie on.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import sleep, time
from typing import Final

from tests.faults import counting
from tests.faults.figures import figures_of
from tests.faults.harm import Harm, longest, resume_seconds
from tests.faults.report import Report
from tests.faults.taking_in import settled_harm, windows_of
from tests.faults.uploads import Brought, Uploads, kept
from tests.faults.ways import WAYS
from tests.servers.desk_person import somebody_at_the_desk
from tests.servers.matters import transport_of
from tests.servers.parts import Parts
from tests.servers.real_lines import ON_SSHD, RealLines
from tests.servers.small_disk import SmallDisk, small_disk

SECONDS: Final = 5.0
TIMES: Final = 3
WINDOWS: Final = 2
AREA_MATTERS: Final = ("17-social-security-card", "05-elder-respect-allowance")
MATERIAL: Final = "bank_card"
_REFUSALS: Final = (500, 502, 503, 507)
_DATABASE_MEGABYTES: Final = {False: 96, True: 400}
_MATERIALS_MEGABYTES: Final = 192
_AREA_MEGABYTES: Final = 4
HEAD: Final = (
    "the disk of", "accepted", "lost", "doubled", "half kept", "refused while full", "with a sentence",
    "goes on after s",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Disks:
    """A small disk each; `kind` says how they are made full."""

    database: SmallDisk
    materials: SmallDisk
    area: SmallDisk


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`refused` counts answers given while it was full, `unclear` those of them that gave no reason.

    None as `refused` is a disk that nobody at a window need hear of: what is for it waits.
    """

    disk: str
    accepted: int
    lost: list[str]
    doubled: list[str]
    half_kept: list[str]
    refused: int | None
    unclear: list[str]
    again: list[float]
    harms: list[str]

    def cells(self) -> tuple[str, ...]:
        return (
            self.disk, str(self.accepted), str(len(self.lost)), str(len(self.doubled)), str(len(self.half_kept)),
            *(("–", "–") if self.refused is None else (str(self.refused), str(self.refused - len(self.unclear)))),
            longest(self.again),
        )  # fmt: skip


def main(report: Report, seconds: float = SECONDS) -> None:
    """Fill each disk three times on both ways to run and print the tables."""
    for name, full in WAYS:
        report.step(f"{name} is started")
        with _running(full=full) as (parts, disks):
            seeds, rows = count(1), []
            for work in (filling_database, filling_materials, filling_area):
                report.step(f"{name}, {work.__name__.replace('_', ' ')}")
                row, harm = work(parts, disks, seconds=seconds, seeds=seeds)
                rows.append(row)
                report.harm(f"{name}, {row.disk}", row.harms)
                resumes = {transport_of(ON_SSHD): row.again} if work is filling_area else {}
                report.count(figures_of(harm, name, resumes=resumes))
            kind = disks.database.kind
        report.table(
            f"A full disk, {name}", HEAD, [row.cells() for row in rows],
            says=f"each is {kind}, filled to the last byte {TIMES} times for {seconds:g} s and freed again.",
        )  # fmt: skip


@contextmanager
def _running(*, full: bool) -> Iterator[tuple[Parts, Disks]]:
    """Run OneWindow with its database, the papers and the department's file area on a small disk each."""
    with ExitStack() as stack:
        disks = Disks(
            database=stack.enter_context(small_disk(_DATABASE_MEGABYTES[full])),
            materials=stack.enter_context(small_disk(_MATERIALS_MEGABYTES)),
            area=stack.enter_context(small_disk(_AREA_MEGABYTES)),
        )
        place = disks.database.directory / "kept"
        place.mkdir(mode=0o700)
        lines = RealLines.start(files_in=disks.area.directory / "area")
        stack.callback(lines.stop)
        parts = Parts.start(
            full=full,
            lines=lines,
            database_in=None if full else place,
            postgres_in=place if full else None,
            materials_url=(disks.materials.directory / "papers").as_uri(),
        )
        stack.callback(parts.stop)
        stack.enter_context(somebody_at_the_desk(parts.installation, "wj-reward"))
        yield parts, disks


def filling_database(parts: Parts, disks: Disks, *, seconds: float, seeds: "count[int]") -> tuple[Row, Harm]:
    """Let windows take in while the database has no room."""
    since, windows = counting.now(), windows_of(parts, seeds)
    windows.open(WINDOWS)
    refused, freed = _fill(parts, disks.database, seconds, lambda: Counter(windows.promised.statuses))
    windows.close()
    promised = windows.promised
    harm, _ = settled_harm(parts, promised, since=since)
    return _row(
        "the database",
        harm,
        refused=refused,
        unclear=promised.unclear,
        again=resume_seconds(freed, promised.accepted_at),
    ), harm


def filling_materials(parts: Parts, disks: Disks, *, seconds: float, seeds: "count[int]") -> tuple[Row, Harm]:
    """Let windows bring papers while their disk has no room; cases are taken in all the while."""
    since = counting.now()
    bringing = [Uploads(windows_of(parts, seeds), MATERIAL, seeds) for _ in range(WINDOWS)]
    for each in bringing:
        each.open()

    def statuses() -> Counter[int]:
        return sum((each.brought.statuses for each in bringing), Counter())

    refused, freed = _fill(parts, disks.materials, seconds, statuses)
    for each in bringing:
        each.close()
    brought = _together([each.brought for each in bringing])
    found = kept(brought, disks.materials.directory / "papers", parts.database_url)
    for each in bringing[1:]:
        bringing[0].windows.promised.numbers += each.windows.promised.numbers
    harm, _ = settled_harm(parts, bringing[0].windows.promised, since=since)
    half = [*found.half, *found.missing]
    row = Row(
        disk="the papers",
        accepted=len(brought.kept),
        lost=found.lost,
        doubled=harm.doubled,
        half_kept=half,
        refused=refused,
        unclear=brought.unclear,
        again=resume_seconds(freed, sorted(brought.kept_at)),
        harms=[
            *(f"a paper is lost: {each}" for each in found.lost),
            *(f"half a file, or a row without its file: {each}" for each in half),
            *harm.told(brought.unclear),
            *([] if refused else ["the disk was full and nobody noticed"]),
        ],
    )
    return row, harm


def filling_area(parts: Parts, disks: Disks, *, seconds: float, seeds: "count[int]") -> tuple[Row, Harm]:
    """Let windows take in while the department's disk, which our files go to, has no room: what is for it waits."""
    since, windows = counting.now(), windows_of(parts, seeds, AREA_MATTERS)
    windows.open(WINDOWS)
    _, freed = _fill(parts, disks.area, seconds, lambda: Counter(windows.promised.statuses))
    windows.close()
    harm, book = settled_harm(parts, windows.promised, since=since)
    again = resume_seconds(freed, book.confirmed_at(ON_SSHD))
    half = _halves(disks.area.directory / "area" / "in")
    unclear = windows.promised.unclear
    return _row("the department's files (OpenSSH)", harm, refused=None, unclear=unclear, again=again, half=half), harm


def _fill(
    parts: Parts, disk: SmallDisk, seconds: float, statuses: Callable[[], Counter[int]]
) -> tuple[int, list[float]]:
    """Fill and free the disk in turn; return how many answers were refusals meanwhile, and when it was freed."""
    refused, freed = 0, list[float]()
    for _ in range(TIMES):
        sleep(seconds / 2)
        before = statuses()
        disk.fill(parts.processes())
        sleep(seconds)
        after = statuses()
        refused += sum((after - before)[status] for status in _REFUSALS)
        disk.free(parts.processes())
        freed.append(time())
    sleep(seconds / 2)
    return refused, freed


def _row(
    disk: str,
    harm: Harm,
    *,
    refused: int | None,
    unclear: list[str],
    again: list[float],
    half: Sequence[str] = (),
) -> Row:
    harms = harm.told(unclear) + [f"half a file: {each}" for each in half]
    if refused == 0:
        harms.append("the disk was full and nobody noticed")
    return Row(
        disk=disk,
        accepted=harm.accepted,
        lost=harm.lost,
        doubled=harm.doubled,
        half_kept=[*half, *(["a case nobody was told of"] * harm.half_kept)],
        refused=refused,
        unclear=unclear,
        again=again,
        harms=harms,
    )


def _together(all_: list[Brought]) -> Brought:
    whole = Brought()
    for each in all_:
        whole.kept += each.kept
        whole.kept_at += each.kept_at
        whole.statuses += each.statuses
        whole.unclear += each.unclear
    return whole


def _halves(folder: Path) -> list[str]:
    """Return the markers whose file is not there: what a department would take for a whole batch."""
    return [marker.name for marker in folder.glob("ZK_*.ok") if not marker.with_suffix(".txt").exists()]
