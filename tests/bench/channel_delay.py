"""How long after its commit an accepted case is at a healthy department (F6): provider, portal and worker apart on
PostgreSQL and Redis, and all in one process on SQLite; the department is a program that answers at once.
"""

import sys
from itertools import count
from statistics import quantiles

from tests.bench.table import show
from tests.doubles.timed_department import TimedDepartment, town_of
from tests.servers.paced_windows import PacedWindow, accepted_at, all_take_in, prepare
from tests.servers.parts import Parts

MATTER = "05-elder-respect-allowance"
SYSTEM = "mz-elder"
MIDDLE_REACH_MS, TAIL_REACH_MS = 50.0, 500.0
_WARM_SECONDS, _SECONDS = 4.0, 40.0
_WINDOWS, _EVERY_SECONDS = 2, 0.2


def elder() -> TimedDepartment:
    """Return the elder department, with its own answers."""
    return TimedDepartment(
        answer={"code": 0, "msg": "ok", "data": {"caseId": "ZLJ-1", "status": "10"}},
        unavailable={"code": 503, "msg": "busy"},
    )


def measure(*, seconds: float = _SECONDS) -> bool:
    """Measure both ways to run and print the table; False when one is out of reach."""
    good, rows = True, []
    for name, full in (("SQLite and memory, one process", False), ("PostgreSQL and Redis, parts apart", True)):
        delays, whole_way, missing = delays_of(full=full, seconds=seconds)
        middle, tail = _percentiles(delays)
        good &= middle <= MIDDLE_REACH_MS and tail <= TAIL_REACH_MS and not missing
        rows.append((name, str(len(delays)), f"{middle:.0f}", f"{tail:.0f}", *(f"{each:.0f}" for each in _percentiles(whole_way)), str(missing)))  # fmt: skip
    head = (
        "on",
        "cases",
        "commit to department ms, median",
        "p99",
        "window to department ms, median",
        "p99",
        "missing",
    )
    show(f"channel delay, {_WINDOWS} windows with {1 / _EVERY_SECONDS:.0f} cases a second each", head, rows)
    return good


def delays_of(*, full: bool, seconds: float) -> tuple[list[float], list[float], int]:
    """Return the delays from the commit and from the window, in seconds, and how many cases never came."""
    department = elder()
    with town_of(department):
        parts = Parts.start(full=full)
        try:
            log, seeds = prepare(parts, {SYSTEM: department.base_url}), count(1)
            all_take_in(PacedWindow(parts, MATTER, seeds, _EVERY_SECONDS), seconds=_WARM_SECONDS)
            windows = [PacedWindow(parts, MATTER, seeds, _EVERY_SECONDS) for _ in range(_WINDOWS)]
            all_take_in(*windows, seconds=seconds)
            committed = accepted_at(log)
        finally:
            parts.stop()
    asked = {number: at for window in windows for number, at in window.asked.items()}
    there = {number: department.arrived[number.encode()] for number in asked if number.encode() in department.arrived}
    delays = [at - committed[number] for number, at in there.items()]
    return delays, [at - asked[number] for number, at in there.items()], len(asked) - len(there)


def _percentiles(seconds: list[float]) -> tuple[float, float]:
    cuts = quantiles(seconds, n=100)
    return cuts[49] * 1000, cuts[98] * 1000


if __name__ == "__main__":
    sys.exit(0 if measure() else 1)
