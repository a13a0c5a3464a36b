"""`python -m tests.faults [rounds]`: kills OneWindow at a random moment each round; ends with 1 on any harm.

In each round two windows submit applications to six departments, OneWindow is killed with SIGKILL at a random
moment and started again. Then every application a window holds a number for is looked up at OneWindow
and at the department: missing is lost, more than once is doubled.
"""

import random
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from time import monotonic, perf_counter, sleep

import httpx2

from tests.bench.table import middle_and_tail, show
from tests.faults import ten_days
from tests.servers.apart import Apart
from tests.servers.api_caller import ApiCaller, NotSettled, received
from tests.servers.matters import application_for, system_of
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

_ROUNDS = 12
_WINDOWS = 2
_CASES = 100_000
_SEED = 20261122
_SETTLES_WITHIN_SECONDS = 180.0
_MATTERS = (
    "05-elder-respect-allowance",
    "09-resident-pension-enrolment",
    "14-employment-registration",
    "21-nonlocal-medical-filing",
    "25-birth-registration",
    "E01-food-business-licence",
)


@dataclass(slots=True)
class Promised:
    """What windows hold a number for, and how long OneWindow was away after each kill."""

    numbers: list[tuple[str, str]] = field(default_factory=list)
    away_seconds: list[float] = field(default_factory=list)


def main(arguments: Sequence[str]) -> int:
    """Run all rounds on both ways to run; `ten-days [cases]` runs the long absence alone."""
    if arguments and arguments[0] == "ten-days":
        return 0 if ten_days.main(int(arguments[1]) if len(arguments) > 1 else _CASES) else 1
    rounds = int(arguments[0]) if arguments else _ROUNDS
    harmless = True
    postgres, valkey = Postgres.start(), Valkey.start()
    try:
        for name, database_url, redis_url in (
            ("SQLite and memory", "", ""),
            ("PostgreSQL and Redis", postgres.new_database(), valkey.url),
        ):
            apart = Apart.start(database_url=database_url, redis_url=redis_url, speed=4.0)
            try:
                harmless &= _run(apart, name, rounds)
            finally:
                apart.stop()
    finally:
        valkey.stop()
        postgres.stop()
    return 0 if harmless else 1


def _run(apart: Apart, name: str, rounds: int) -> bool:
    promised, dice, seeds = Promised(), random.Random(_SEED), count(1)
    for _ in range(rounds):
        windows = [threading.Thread(target=_submit, args=(apart, promised, seeds)) for _ in range(_WINDOWS)]
        for window in windows:
            window.start()
        sleep(dice.uniform(0.2, 3.0))
        apart.kill_window()
        for window in windows:
            window.join()
        began = perf_counter()
        apart.start_window()
        promised.away_seconds.append(perf_counter() - began)
    lost, doubled, on_desk, unsettled = _count_harm(apart, promised)
    middle, tail = middle_and_tail(promised.away_seconds)
    row = (
        str(rounds), str(len(promised.numbers)), str(lost), str(doubled), str(on_desk), str(unsettled),
        f"{middle:.1f}", f"{tail:.1f}",
    )  # fmt: skip
    head = ("kills", "accepted", "lost", "doubled", "on a desk", "unsettled", "back after s, median", "p95")
    show(f"kill -9 of OneWindow on {name}", head, [row])
    return not (lost or doubled or unsettled)


def _submit(apart: Apart, promised: Promised, seeds: "count[int]") -> None:
    """Submit until OneWindow dies."""
    try:
        api = ApiCaller.of(apart.installation)
        for seed in seeds:
            matter = _MATTERS[seed % len(_MATTERS)]
            accepted = api.submit(application_for(matter, seed=seed).as_json()).raise_for_status()
            promised.numbers.append((system_of(matter), accepted.json()["number"]))
    except httpx2.TransportError:
        return


def _count_harm(apart: Apart, promised: Promised) -> tuple[int, int, int, int]:
    lost = doubled = on_desk = unsettled = 0
    until = monotonic() + _SETTLES_WITHIN_SECONDS
    api = ApiCaller.of(apart.installation)
    for system, number in promised.numbers:
        try:
            case = api.settled(number, within_seconds=max(1.0, until - monotonic()))
        except NotSettled:
            unsettled += 1
            continue
        by_hand = all(delivery["state"] == "desk" for delivery in case["deliveries"])
        times = sum(each["times"] for each in received(apart.installation, system, number))
        on_desk += by_hand
        lost += times == 0 and not by_hand
        doubled += times > 1
    api.close()
    return lost, doubled, on_desk, unsettled


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
