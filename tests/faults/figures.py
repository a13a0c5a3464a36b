"""What the parts counted, brought together per transport and way to run. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from tests.faults.harm import Harm
from tests.servers.matters import transport_of

HEAD: Final = (
    "transport", "on", "cases", "lost", "doubled", "unknown, looked up", "on a desk", "resumes after s",
    "others wait s, its line whole / cut",
)  # fmt: skip
TRANSPORTS: Final = (
    "rest_json", "soap", "form_post", "message_queue", "exchange_table", "file_batch", "manual",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one part saw of one transport.

    `resumes` are seconds from the end of a fault to the next case of the transport there; `others` is how long what goes
    over other lines waited at the median, while this transport's line was whole and while it was cut.
    """

    transport: str
    on: str
    cases: int
    lost: int = 0
    doubled: int = 0
    unknown: int = 0
    desk: int = 0
    resumes: Sequence[float] = ()
    others: Sequence[tuple[float, float]] = ()


@dataclass(slots=True)
class Sum:
    cases: int = 0
    lost: int = 0
    doubled: int = 0
    unknown: int = 0
    desk: int = 0
    resumes: list[float] = field(default_factory=list)
    others: list[tuple[float, float]] = field(default_factory=list)

    def add(self, each: Figure) -> None:
        self.cases += each.cases
        self.lost += each.lost
        self.doubled += each.doubled
        self.unknown += each.unknown
        self.desk += each.desk
        self.resumes += each.resumes
        self.others += each.others

    def cells(self) -> tuple[str, ...]:
        counted = (self.cases, self.lost, self.doubled, self.unknown, self.desk)
        resumes = f"{max(self.resumes):.1f}" if self.resumes else "–"
        waits = [f"{median(each):.2f}" for each in zip(*self.others, strict=True)]
        return (*(str(each) for each in counted), resumes, " / ".join(waits) or "–")


def figures_of(
    harm: Harm,
    on: str,
    *,
    resumes: Mapping[str, Sequence[float]] | None = None,
    others: Mapping[str, tuple[float, float]] | None = None,
) -> list[Figure]:
    """Return a figure per transport of what was promised; `resumes` and `others` are by transport."""
    found = []
    for transport in sorted({transport_of(each.system) for each in harm.fates}):
        mine = [each for each in harm.fates if transport_of(each.system) == transport]
        found.append(
            Figure(
                transport=transport,
                on=on,
                cases=len(mine),
                lost=sum(each.is_lost for each in mine),
                doubled=sum(each.is_doubled for each in mine),
                unknown=sum(n for system, n in harm.unknown_of.items() if transport_of(system) == transport),
                desk=sum(each.is_with_a_person for each in mine),
                resumes=(resumes or {}).get(transport, ()),
                others=[others[transport]] if others and transport in others else (),
            )
        )
    return found


def summary(figures: Iterable[Figure]) -> list[tuple[str, ...]]:
    """Return the rows of the whole: a transport after the other, each on both ways to run."""
    sums: dict[tuple[str, str], Sum] = {}
    for each in figures:
        sums.setdefault((each.transport, each.on), Sum()).add(each)
    order = {transport: place for place, transport in enumerate(TRANSPORTS)}
    return [
        (transport, on, *sums[transport, on].cells())
        for transport, on in sorted(sums, key=lambda key: (order.get(key[0], len(order)), key[0]))
    ]
