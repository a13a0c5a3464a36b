"""What bad input costs: malformed, repeated, oversized and forged requests at each endpoint, over HTTP.

A refusal has to come within 50 ms. The median of the seconds a caller waits is measured, and the most CPU the server
spent on one: on a shared machine the worst wait tells of the machine, the most CPU of us.
"""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from time import perf_counter
from typing import Final

import uvloop

from tests.bench import ours
from tests.bench.bad_requests import Bad, bad_requests
from tests.bench.contender import Contender
from tests.bench.table import show
from tests.bench.wire import Wire, WireAnswer

REACH_MS: Final = 50.0
_TIMES: Final = 15
_PORT: Final = 26170


class Served(Exception):
    """A bad request was taken for a good one, or ended in a fault."""


def measure() -> bool:
    """Print the table, slowest first; tell whether every refusal came in time."""
    with ours.embedded(_PORT) as provider:
        rows = uvloop.run(_measured(provider, bad_requests(provider)))
    rows.sort(key=lambda row: -row[2])
    show(
        f"Bad input: {_TIMES} times each, ms (reach: ≤ {REACH_MS:.0f})",
        ("", "answer", "CPU, most", "wait, median", "wait, most"),
        [(name, said, *(f"{figure:.1f}" for figure in figures)) for name, said, *figures in rows],
    )
    return all(cpu <= REACH_MS and middle <= REACH_MS for _, _, cpu, middle, _ in rows)


async def _measured(provider: Contender, every: Sequence[Bad]) -> list[tuple[str, str, float, float, float]]:
    return [await _refusals(provider, bad) for bad in every]


async def _refusals(provider: Contender, bad: Bad) -> tuple[str, str, float, float, float]:
    waits, cpu, said = [], [], Counter[str]()
    for _ in range(_TIMES):
        wire = await Wire.open(provider.addresses[0])
        before, began = provider.cpu(), perf_counter()
        answer = await wire.ask(bad.method, bad.path, bad.headers, bad.body)
        waits.append((perf_counter() - began) * 1000)
        cpu.append((provider.cpu() - before) * 1000)
        await wire.close()
        said[_refusal(bad, answer)] += 1
    return bad.name, " ".join(said), max(cpu), median(waits), max(waits)


def _refusal(bad: Bad, answer: WireAnswer) -> str:
    if bad.harmless and answer.status < 400:
        return str(answer.status)
    location = answer.headers.get("location", "")
    refused = 400 <= answer.status < 500 or (answer.status == 303 and "error=" in location)
    if not refused:
        raise Served(f"{bad.name}: {answer.status} {location[:200]} {answer.body[:200]!r}")
    return str(answer.status)
