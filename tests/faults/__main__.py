"""`python -m tests.faults [part [size] …]`: harms OneWindow and its departments, counts, and ends with 1 on any harm.

Without arguments every part runs, and all of it ends within twenty minutes. A number after a part is its size: seconds a row of
`kills`, cases of `ten-days`, seconds a row of `isolation`.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final


def _hostile(size: int | None) -> bool:
    from tests.faults import hostile

    return hostile.main(size or hostile.CASES)


def _kills(size: int | None) -> bool:
    from tests.faults import kills

    return kills.main(size or kills.SECONDS)


def _full_disk(size: int | None) -> bool:
    from tests.faults import full_disk

    return full_disk.main(size or full_disk.SECONDS)


def _cut_network(size: int | None) -> bool:
    from tests.faults import cut_network

    return cut_network.main(size or cut_network.SECONDS)


def _clock_jump(size: int | None) -> bool:
    from tests.faults import clock_jump

    return clock_jump.main(size or clock_jump.CASES)


def _ten_days(size: int | None) -> bool:
    from tests.faults import ten_days

    return ten_days.main(size or 100_000)


def _isolation(size: int | None) -> bool:
    from tests.faults import isolation

    return isolation.main(size or isolation.SECONDS)


PARTS: Final[Mapping[str, Callable[[int | None], bool]]] = {
    "hostile": _hostile,
    "kills": _kills,
    "full-disk": _full_disk,
    "cut-network": _cut_network,
    "clock-jump": _clock_jump,
    "ten-days": _ten_days,
    "isolation": _isolation,
}

WHOLE: Final[Mapping[str, int]] = {"ten-days": 5_000, "isolation": 20}
"""Sizes when everything runs, so that it ends within twenty minutes; a part asked for by name has its full size."""


def main(arguments: Sequence[str]) -> int:
    """Run the parts asked for, all of them unless any is named; return 0 when nothing was harmed."""
    try:
        asked = read(arguments) or [(name, WHOLE.get(name)) for name in PARTS]
    except ValueError:
        sys.stderr.write(f"usage: python -m tests.faults [part [size] …]; parts: {', '.join(PARTS)}\n")
        return 2
    results = [PARTS[part](size) for part, size in asked]
    return 0 if all(results) else 1


def read(arguments: Sequence[str]) -> list[tuple[str, int | None]]:
    """Return the parts asked for and their sizes.

    Raises:
        ValueError: a word that is neither a part nor a number behind one.
    """
    asked: list[tuple[str, int | None]] = []
    for word in arguments:
        if word in PARTS:
            asked.append((word, None))
        elif asked and asked[-1][1] is None:
            asked[-1] = (asked[-1][0], int(word))
        else:
            raise ValueError(word)
    return asked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
