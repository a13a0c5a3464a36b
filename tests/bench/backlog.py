"""What a system with 100,000 waiting cases costs everybody: claims, the look of every second, a breaker's trip, the
owner's list, a case taken in. Measured in turn with a hundred and with all of them, so that the ratio is what counts.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from sqlalchemy import text

from config import logs
from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from connectors.holds import Hold
from connectors.outcomes import Outcome, OutcomeClass
from connectors.spec_models import Breaker
from connectors.storage.ledger import SqlBreakers
from tests.bench.table import show
from tests.doubles.house import DISABLED, MONDAY, House, make_house
from tests.servers.backlog import copy_case
from tests.servers.postgres import Postgres

FEW, MANY = 100, 100_000
SYSTEM = "mz-elder"
REACH: Final[Mapping[str, tuple[float, float]]] = {
    "claim of four": (1.5, 15.0),
    "is anything due": (1.5, 5.0),
    "reports kept for later": (1.5, 5.0),
    "a breaker trips": (1.5, 15.0),
    "the system closes, and opens": (1.5, 30.0),
    "a case is taken in": (1.5, 50.0),
    "one case with its deliveries": (1.5, 10.0),
    "the owner's list": (100.0, 50.0),  # it counts what waits; along an index, but it counts
}
"""By what is asked: how many times the time of a hundred it may take, or how many milliseconds, whichever is more."""
_TURNS: Final = 25
_LEASE: Final = timedelta(seconds=8)
_LATER: Final = MONDAY + timedelta(minutes=1)
_FAULT: Final = Outcome(kind=OutcomeClass.TRANSIENT, error="connect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One house and everything that is asked of it; `first` is the number of a case that waits."""

    house: House
    first: str
    keys: "count[int]" = field(default_factory=count)

    def all(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        """Return what is asked, in the order of `REACH`."""
        connectors = self.house.connectors
        return {
            "claim of four": self._claim,
            "is anything due": lambda: connectors.ledger.due_systems([SYSTEM, "mz-assist"], _LATER),
            "reports kept for later": lambda: connectors.ledger.left_over(most=50),
            "a breaker trips": self._trip,
            "the system closes, and opens": self._close,
            "a case is taken in": self._accept,
            "one case with its deliveries": lambda: connectors.deliveries.of_case(self.first),
            "the owner's list": lambda: connectors.health.all(_LATER),
        }

    async def _claim(self) -> None:
        await self.house.connectors.ledger.claim(system=SYSTEM, owner="w", at=_LATER, lease=_LEASE, most=4)

    async def _trip(self) -> None:
        await SqlBreakers(self.house.engine).note(SYSTEM, _FAULT, Breaker(faults=1), at=_LATER)

    async def _close(self) -> None:
        hold = Hold(operations=(), until=_LATER + timedelta(hours=9), reason="closed")
        for wanted in ([hold], []):
            await self.house.connectors.ledger.hold(system=SYSTEM, reasons=["closed"], wanted=wanted, at=_LATER)

    async def _accept(self) -> None:
        n = next(self.keys)
        await self.house.accept(DISABLED, key=f"b{n}", seed=10_000 + n, at=_LATER)


def measure(*, many: int = MANY) -> bool:
    """Measure on both databases and print the tables; False when something is out of reach."""
    logs.configure(level="error", form="console")
    postgres = Postgres.start()
    try:
        urls = {"SQLite": ("", ""), "PostgreSQL": (postgres.new_database(), postgres.new_database())}
        outcomes = [_measure(name, *pair, many) for name, pair in urls.items()]  # every table is printed
        return all(outcomes)
    finally:
        postgres.stop()


def _measure(name: str, few_url: str, many_url: str, many: int) -> bool:
    spent = asyncio.run(_ask_in_turn(few_url, many_url, many))
    good, rows = True, []
    for what, (times, ms) in REACH.items():
        few, lots = (median(each) * 1000 for each in spent[what])
        good &= lots <= max(few * times, ms)
        rows.append((what, f"{few:.1f}", f"{lots:.1f}", f"{lots / few:.2f}"))
    show(f"with many waiting for one system, {name}", ("asked", f"{FEW} ms", f"{many} ms", "times"), rows)
    return good


async def _ask_in_turn(few_url: str, many_url: str, many: int) -> dict[str, tuple[list[float], list[float]]]:
    spent: dict[str, tuple[list[float], list[float]]] = {what: ([], []) for what in REACH}
    with tempfile.TemporaryDirectory() as directory:
        houses = [
            await _backlog(few_url, Path(directory) / "few", FEW),
            await _backlog(many_url, Path(directory) / "many", many),
        ]
        asked = [each.all() for each in houses]
        for _ in range(_TURNS):
            for what in REACH:
                for place, each in enumerate(asked):
                    began = perf_counter()
                    await each[what]()
                    spent[what][place].append(perf_counter() - began)
        for backlog in houses:
            await backlog.house.connectors.aclose()
            await backlog.house.engine.dispose()
    return spent


async def _backlog(url: str, directory: Path, waiting: int) -> Asked:
    directory.mkdir()  # noqa: ASYNC240 - before anything is measured
    engine = create_engine(url or f"sqlite+aiosqlite:///{directory}/onewindow.db")
    house = await make_house(engine, MemoryStateStore(), directory, clock=lambda: _LATER)
    first = (await house.accept(at=MONDAY)).case.number
    await copy_case(engine, first, times=waiting - 1, at=MONDAY)
    if engine.dialect.name == "postgresql":
        async with engine.connect() as connection:
            by_itself = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await by_itself.execute(text("VACUUM ANALYZE"))  # as its own housekeeping would have within the hour
    return Asked(house=house, first=first)


if __name__ == "__main__":
    sys.exit(0 if measure() else 1)
