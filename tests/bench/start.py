"""How long `serve --only idp` takes from its start to the first good discovery answer, byte-compiled (design P3)."""

import compileall
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench import ours
from tests.bench.table import show
from tests.servers.installation import ROOT

REACH_SECONDS: Final = 1.0
_TIMES: Final = 7
_PORT: Final = 26160


def measure() -> bool:
    """Print the table; tell whether the median is within reach."""
    for package in ("composition", "config", "idp", "migrations"):
        compileall.compile_dir(ROOT / package, quiet=1)
    with tempfile.TemporaryDirectory(prefix="ow-bench-") as name:
        environment = ours.embedded_environment(Path(name), _PORT)
        starts = [ours.seconds_to_start(environment, _PORT) for _ in range(_TIMES)]
    took, cpu = sorted(wall for wall, _ in starts), sorted(used for _, used in starts)
    middle = median(took)
    show(
        f"Cold start of the provider alone, {_TIMES} times, s (reach: median ≤ {REACH_SECONDS})",
        ("", "least", "median", "most"),
        [
            ("to the first discovery answer", *(f"{seconds:.2f}" for seconds in (took[0], middle, took[-1]))),
            ("CPU until then", *(f"{seconds:.2f}" for seconds in (cpu[0], median(cpu), cpu[-1]))),
        ],
    )
    return middle <= REACH_SECONDS
