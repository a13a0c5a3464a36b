"""`python -m tests.faults [part [size] …]`: harms OneWindow and its departments, counts, and ends with 1 on any harm.

Without a part, or with `whole`, every part runs, one after the other, in about half an hour. A number after a part is its
size: cases of each way to be hostile, seconds of `kills`, `full-disk`, `cut-network` and `isolation`, cases of `clock-jump`
and `ten-days`. A number after `whole` is that of the cases of `ten-days` (F1).
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Final

from tests.faults.report import Report

PARTS: Final[Mapping[str, str]] = {
    "hostile": "hostile",
    "kills": "kills",
    "full-disk": "full_disk",
    "cut-network": "cut_network",
    "clock-jump": "clock_jump",
    "ten-days": "ten_days",
    "isolation": "isolation",
}
"""The parts in their order, and the module of each: its `main(report[, size])`."""
WHOLE: Final[Mapping[str, int]] = {
    "hostile": 2, "kills": 20, "full-disk": 5, "cut-network": 3, "clock-jump": 60, "ten-days": 5_000, "isolation": 20,
}  # fmt: skip
"""Sizes when everything runs; a part asked for by name has its full size."""
MINUTES: Final[Mapping[str, float]] = {
    "hostile": 4, "kills": 5, "full-disk": 3.5, "cut-network": 9, "clock-jump": 0.5, "ten-days": 1, "isolation": 5,
}  # fmt: skip
"""What each takes at that size on two cores with nothing else to do."""
_OF_F1: Final = "ten-days"


def main(arguments: Sequence[str]) -> int:
    """Run the parts asked for, all of them unless any is named; return 0 when nothing was harmed."""
    try:
        asked = read(arguments)
    except ValueError:
        sys.stderr.write(f"usage: python -m tests.faults [whole|part [size] …]; parts: {', '.join(PARTS)}\n")
        return 2
    report = Report([f"{name} {size}" if size else name for name, size in asked])
    sys.stderr.write(f"{', '.join(report.parts)}: about {minutes(asked):.0f} minutes on two quiet cores\n")
    for name, size in asked:
        report.begin()
        part: Callable[..., None] = import_module(f"tests.faults.{PARTS[name]}").main
        part(report, *([size] if size else []))
    report.end()
    return 0 if report.is_harmless else 1


def read(arguments: Sequence[str]) -> list[tuple[str, int | None]]:
    """Return the parts asked for and their sizes.

    Raises:
        ValueError: a word that is neither a part nor a number behind one.
    """
    if not arguments or arguments[0] == "whole":
        sizes = dict(WHOLE)
        if len(arguments) > 1:
            (sizes[_OF_F1],) = (int(word) for word in arguments[1:])
        return list(sizes.items())
    asked: list[tuple[str, int | None]] = []
    for word in arguments:
        if word in PARTS:
            asked.append((word, None))
        elif asked and asked[-1][1] is None:
            asked[-1] = (asked[-1][0], int(word))
        else:
            raise ValueError(word)
    return asked


def minutes(asked: Sequence[tuple[str, int | None]]) -> float:
    """Return about how long these take: the parts in proportion to their size, a part without one at its full size."""
    return sum(MINUTES[name] * max(1.0, (size or _full_size(name)) / WHOLE[name]) for name, size in asked)


def _full_size(name: str) -> float:
    module = import_module(f"tests.faults.{PARTS[name]}")
    return float(getattr(module, "CASES", None) or module.SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
