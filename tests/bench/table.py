"""Tables on standard output."""

import sys
from collections.abc import Sequence
from statistics import median, quantiles


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print one table, its columns as wide as they need to be."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(w) if not place else cell.rjust(w) for place, (cell, w) in enumerate(zip(row, widths, strict=True)))
        for row in (head, ["-" * width for width in widths], *rows)
    ]  # fmt: skip
    sys.stdout.write("\n".join(["", title, *lines, ""]))
    sys.stdout.write("\n")
    sys.stdout.flush()


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}"


def middle_and_tail(seconds: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile."""
    return median(seconds), quantiles(seconds, n=20)[-1]
