"""What became of the cases of one transport under one way to be hostile, read from the ledger and from the department."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from connectors.ledger import DUE, LEASED
from connectors.outcomes import OutcomeClass
from connectors.storage.tables import attempts, deliveries, desk_tasks
from tests.faults.harm import chains
from tests.faults.hostile_houses import HostileHouse, Target

MOVING: Final = frozenset(state.value for state in (*DUE, *LEASED))
BY_A_PERSON: Final = frozenset({"desk", "invalid"})
ELSEWHERE: Final = frozenset({*BY_A_PERSON, "refused"})
"""Ends in which the department need not have it."""
_FOUND: Final[Mapping[str, str]] = {
    OutcomeClass.DUPLICATE.value: "found", OutcomeClass.TRANSIENT.value: "not found",
}  # fmt: skip
"""What a question at the department came to, in the words of the docs."""
HEAD: Final = ("transport", "cases", "lost", "doubled", "unknown, looked up", "on a desk", "still on their way")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`transport` is the target's name, of which one transport may have several."""

    transport: str
    mode: str
    sent: int
    lost: int
    doubled: int
    unknown: int
    desk: int
    unsettled: int
    states: str
    classes: str

    def told(self) -> list[str]:
        """Return a line per kind of harm."""
        counted_ = {"lost": self.lost, "doubled": self.doubled, "still on their way": self.unsettled}
        return [f"{what}: {number} of {self.sent} ({self.states})" for what, number in counted_.items() if number]

    def cells(self) -> tuple[int, ...]:
        return (self.sent, self.lost, self.doubled, self.unknown, self.desk, self.unsettled)


def together(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return the counts of each transport over all the ways to fail."""
    found = []
    for transport in dict.fromkeys(row.transport for row in rows):
        mine = [row.cells() for row in rows if row.transport == transport]
        found.append((transport, *(str(sum(column)) for column in zip(*mine, strict=True))))
    return found


def classed(rows: Sequence[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return head and rows of a table: a line per way to fail, a column per transport, how the tries were classed."""
    transports = list(dict.fromkeys(row.transport for row in rows))
    by = {(row.mode, row.transport): row.classes for row in rows}
    lines = [
        (f"`{mode}`", *(by.get((mode, each)) or "–" for each in transports))
        for mode in dict.fromkeys(row.mode for row in rows)
    ]
    return ("the department", *transports), lines


async def row_of(house: HostileHouse, target: Target, mode: str, numbers: Sequence[str]) -> Row:
    """Read what became of these cases."""
    states, tries = await states_of(house.engine, numbers), await _tries(house.engine, numbers)
    there = await received(house, target)
    unknown = {number for number, outcome, _ in tries if outcome == OutcomeClass.UNKNOWN.value}
    return Row(
        transport=target.transport,
        mode=mode,
        sent=len(numbers),
        lost=sum(not there.get(number) and states.get(number) not in ELSEWHERE for number in numbers),
        doubled=sum(there.get(number, 0) > 1 for number in numbers),
        unknown=len(unknown),
        desk=await _on_a_desk(house.engine, numbers),
        unsettled=sum(state in MOVING for state in states.values()),
        states=counted(states),
        classes=chains([*tries, *((number, "desk", "") for number, state in states.items() if state in BY_A_PERSON)]),
    )


async def received(house: HostileHouse, target: Target) -> Mapping[str, int]:
    """Return how often the department has each case."""
    receipts = await house.departments[target.system].store.receipts()
    return {receipt.number: receipt.times for receipt in receipts}


async def states_of(engine: AsyncEngine, numbers: Sequence[str]) -> Mapping[str, str]:
    """Return the delivery's state by case number."""
    async with readonly(engine).connect() as connection:
        found = await connection.execute(
            select(deliveries.c.case_number, deliveries.c.state).where(
                deliveries.c.case_number.in_(numbers), deliveries.c.kind == "submit"
            )
        )
        return {row.case_number: row.state for row in found}


def counted(states: Mapping[str, str]) -> str:
    return ", ".join(f"{state} {times}" for state, times in sorted(Counter(states.values()).items()))


async def _on_a_desk(engine: AsyncEngine, numbers: Sequence[str]) -> int:
    """Return how many cases a person has to look at, for whatever reason."""
    async with readonly(engine).connect() as connection:
        found = await connection.execute(
            select(deliveries.c.case_number)
            .join(desk_tasks, desk_tasks.c.delivery_id == deliveries.c.id)
            .where(deliveries.c.case_number.in_(numbers), desk_tasks.c.closed_at.is_(None))
            .distinct()
        )
        return len(found.all())


async def _tries(engine: AsyncEngine, numbers: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return (case, outcome, error) of each try in its order; what a question found stands in words of its own."""
    async with readonly(engine).connect() as connection:
        found = await connection.execute(
            select(deliveries.c.case_number, attempts.c.outcome, attempts.c.error, attempts.c.kind)
            .join(attempts, attempts.c.delivery_id == deliveries.c.id)
            .where(deliveries.c.case_number.in_(numbers))
            .order_by(attempts.c.started_at)
        )
        return [(row.case_number, _word(row.kind, row.outcome or "unfinished", row.error), row.error) for row in found]


def _word(kind: str, outcome: str, error: str) -> str:
    return _FOUND.get(outcome, outcome) if kind == "probe" and not error else outcome
