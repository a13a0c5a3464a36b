"""Every line cut in every way, one after the other, while windows take applications in: departments, database, Redis.

Nothing may be lost or doubled, what goes over the other lines goes on, and what goes over this one resumes.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep, time
from urllib.parse import urlsplit

from tests.bench.table import show
from tests.faults import counting
from tests.faults.kills import MATTERS, settled_harm, windows_of
from tests.faults.windows import Promised
from tests.servers.line import Cut, Line, with_port
from tests.servers.matters import system_of
from tests.servers.parts import Parts

SECONDS = 3.0
WINDOWS = 2
CUTS = (Cut.REFUSED, Cut.BLACK_HOLE, Cut.RESET, Cut.HALF_OPEN)
_SYSTEMS = tuple(dict.fromkeys(system_of(matter) for matter in MATTERS))
# Exchange tables have no line of their own here: their database is a file.
_BY_LINE: Mapping[str, str] = {
    "rest_json": "mz-elder",
    "soap": "mz-assist",
    "message_queue": "tax-ssf.queue",
    "file_batch": "rs-card.files",
}
HEAD = (
    "line", "cut four ways, s each", "accepted", "lost", "doubled", "unknown", "on a desk", "unsettled",
    "without a reason", "others delivered meanwhile", "resumes after s, longest",
)  # fmt: skip


@dataclass(slots=True)
class Wires:
    """The lines laid so far, by what goes over them: a department's id, `database`, `redis`."""

    directory: Path
    lines: dict[str, Line] = field(default_factory=dict)

    def lay(self, address: str) -> str:
        """Return the address to use in place of `address`, over a line of ours."""
        parts = urlsplit(address)
        if parts.scheme.startswith("postgresql"):
            # The socket's directory is the address: a line is a socket of the same name in another directory.
            there = Path(parts.query.partition("host=")[2]) / ".s.PGSQL.5432"
            here = self.directory / "database"
            here.mkdir()
            self.lines["database"] = Line.start(str(there), path=here / ".s.PGSQL.5432")
            return address.partition("?")[0] + f"?host={here}"
        if parts.scheme == "unix":
            here = self.directory / "redis"
            self.lines["redis"] = Line.start(parts.path, path=here)
            return f"unix://{here}"
        if parts.port is None:
            return address
        line = Line.start(("127.0.0.1", parts.port))
        self.lines[f"{parts.scheme}:{parts.port}"] = line
        return with_port(address, line.port)

    def stop(self) -> None:
        for line in self.lines.values():
            line.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line, cut in every way in turn."""

    line: str
    seconds: float
    harm: counting.Harm
    promised: Promised
    others: int
    resumes: Sequence[float]

    @property
    def is_harmless(self) -> bool:
        return self.harm.is_none and not self.promised.unclear

    def cells(self) -> tuple[str, ...]:
        harm = self.harm
        return (
            self.line, f"{self.seconds:g}", str(harm.accepted), str(len(harm.lost)), str(len(harm.doubled)),
            str(harm.unknown), str(harm.desk), str(harm.unsettled), str(len(self.promised.unclear)), str(self.others),
            f"{max(self.resumes):.1f}" if self.resumes else "",
        )  # fmt: skip


def main(seconds: float = SECONDS) -> bool:
    """Cut every line on both ways to run and print the tables; False on any harm."""
    harmless = True
    for name, full in (("SQLite and memory", False), ("PostgreSQL and Redis", True)):
        rows = []
        with ExitStack() as stack:
            wires = Wires(Path(stack.enter_context(TemporaryDirectory(prefix="ow-wires-"))))
            stack.callback(wires.stop)
            parts = Parts.start(full=full, wired=wires.lay)
            stack.callback(parts.stop)
            seeds = count(1)
            for line in (*_BY_LINE, *(("database", "redis") if full else ())):
                rows.append(cutting(parts, wires, line, seconds=seconds, seeds=seeds))
        show(f"cut lines, on {name}", HEAD, [row.cells() for row in rows])
        details = [
            (row.line, what, line)
            for row in rows
            for what, found in (
                ("lost", row.harm.lost),
                ("doubled", row.harm.doubled),
                ("answer", row.promised.unclear),
            )
            for line in found[:5]
        ]
        if details:
            show("in detail", ("line", "what", "detail"), details)
        harmless &= all(row.is_harmless for row in rows)
    return harmless


def cutting(parts: Parts, wires: Wires, name: str, *, seconds: float, seeds: "count[int]") -> Row:
    """Cut one line in every way, mend it each time, let everything settle, and count."""
    since, windows, line = counting.now(), windows_of(parts, seeds), _line(parts, wires, name)
    mended, spans = list[float](), list[tuple[float, float]]()
    windows.open(WINDOWS)
    for how in CUTS:
        sleep(seconds / 2)
        began = time()
        line.cut(how)
        sleep(seconds)
        line.cut(Cut.WHOLE)
        mended.append(time())
        spans.append((began, mended[-1]))
    sleep(seconds / 2)
    windows.close()
    promised = windows.promised
    harm, book = settled_harm(parts, promised, since=since)
    own = _BY_LINE.get(name, "").partition(".")[0]
    confirmed = [moment for system, moments in book.confirmed_at.items() if system != own for moment in moments]
    its = book.confirmed_at.get(own, ()) if own else promised.accepted_at
    return Row(
        line=f"{name} ({own})" if own else name,
        seconds=seconds,
        harm=harm,
        promised=promised,
        others=sum(any(began <= moment <= ended for began, ended in spans) for moment in confirmed),
        resumes=counting.resume_seconds(mended, its),
    )


def _line(parts: Parts, wires: Wires, name: str) -> Line:
    """Return the line by what goes over it; a department's is known by the port it really listens on."""
    if name not in _BY_LINE:
        return wires.lines[name]
    parts_of = urlsplit(parts.given_endpoints[_BY_LINE[name]])
    return wires.lines[f"{parts_of.scheme}:{parts_of.port}"]
