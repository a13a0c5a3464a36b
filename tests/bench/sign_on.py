"""What a single sign-on costs over HTTP, ours and npm `oidc-provider` in turns, so that a busy machine is so for both.

CPU time is that of the web servers' processes; Redis' own stands beside it. Flows go one after another for the CPU,
over eight connections at once for flows per second.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Final

import uvloop

from tests.bench import ours, peer
from tests.bench.contender import Contender, close
from tests.bench.flow_steps import STEPS, Step
from tests.bench.table import show
from tests.bench.wire import Wire

_WARM_UPS: Final = 60
_ROUNDS: Final = 30
_PER_ROUND: Final = 20
_CONNECTIONS: Final = 8
_SECONDS: Final = 2.0
_TURNS: Final = 3
Opened = Callable[[], AbstractContextManager[Contender]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Ours and theirs on the same kind of store."""

    name: str
    ours: Opened
    theirs: Opened
    steps: Sequence[Step] = STEPS


PAIRINGS: Final = (
    Pairing(name="memory, one process", ours=lambda: ours.embedded(26100), theirs=lambda: peer.memory(26110)),
    Pairing(name="Redis, one process", ours=lambda: ours.full(26120, 1), theirs=lambda: peer.redis(26130, 1)),
    Pairing(
        name="Redis, two processes", ours=lambda: ours.full(26140, 2), theirs=lambda: peer.redis(26150, 2),
        steps=STEPS[:1],
    ),
)  # fmt: skip


def measure() -> bool:
    """Print the tables; tell whether every call costs as little of theirs as it should, on every kind of store."""
    outcomes = [_measure(pairing) for pairing in PAIRINGS]
    return all(outcomes)


def _measure(pairing: Pairing) -> bool:
    with ExitStack() as stack:
        pair = [stack.enter_context(pairing.ours()), stack.enter_context(pairing.theirs())]
        costs, rates = uvloop.run(_measured(pair, pairing.steps))
    rows = [_row(step, cost) for step, cost in zip(pairing.steps, costs, strict=True)]
    rows.append(("flows per second", *(f"{rate:.0f}" for rate in rates), f"{rates[0] / rates[1]:.2f}", "", "", ""))
    show(
        f"{pairing.name}: ms of CPU, medians of {_ROUNDS} rounds in turns",
        ("", "OneWindow", "oidc-provider", "ratio", "reach", "Redis, ours", "Redis, theirs"),
        rows,
    )
    return all(not step.reach or cost.ratio <= step.reach for step, cost in zip(pairing.steps, costs, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Milliseconds of one call, ours and theirs; `ratio` is the median over the rounds."""

    ours: float
    theirs: float
    ratio: float
    redis: tuple[float, float]


async def _measured(pair: Sequence[Contender], steps: Sequence[Step]) -> tuple[list[Cost], list[float]]:
    wires = [await contender.wires(len(contender.addresses)) for contender in pair]
    for contender, own in zip(pair, wires, strict=True):
        for n in range(_WARM_UPS):
            await contender.flow(own[n % len(own)])
    costs = [await _cost(pair, wires, step) for step in steps]
    for own in wires:
        await close(own)
    turns = [[await _flows_per_second(contender) for contender in pair] for _ in range(_TURNS)]
    return costs, [median(turn[n] for turn in turns) for n in range(len(pair))]


async def _cost(pair: Sequence[Contender], wires: Sequence[Sequence[Wire]], step: Step) -> Cost:
    spent: list[list[float]] = [[], []]
    redis: list[list[float]] = [[], []]
    for _ in range(_ROUNDS):
        for n, (contender, own) in enumerate(zip(pair, wires, strict=True)):
            given = await step.ready(contender, own[0], _PER_ROUND)
            before, store_before = contender.cpu(), contender.store_cpu()
            for turn, each in enumerate(given):
                await step.act(contender, own[turn % len(own)], each)
            spent[n].append((contender.cpu() - before) / _PER_ROUND * 1000)
            redis[n].append((contender.store_cpu() - store_before) / _PER_ROUND * 1000)
    return Cost(
        ours=median(spent[0]),
        theirs=median(spent[1]),
        ratio=median(a / b for a, b in zip(*spent, strict=True)),
        redis=(median(redis[0]), median(redis[1])),
    )


async def _flows_per_second(contender: Contender) -> float:
    wires = await contender.wires(_CONNECTIONS)
    done, until = 0, perf_counter() + _SECONDS

    async def go_on(wire: Wire) -> None:
        nonlocal done
        while perf_counter() < until:
            await contender.flow(wire)
            done += 1

    began = perf_counter()
    await asyncio.gather(*(go_on(wire) for wire in wires))
    seconds = perf_counter() - began
    await close(wires)
    return done / seconds


def _row(step: Step, cost: Cost) -> tuple[str, ...]:
    reach = f"≤ {step.reach}" if step.reach else ""
    redis = tuple(f"{own:.2f}" if own else "" for own in cost.redis)
    return (step.name, f"{cost.ours:.3f}", f"{cost.theirs:.3f}", f"{cost.ratio:.2f}", reach, *redis)
