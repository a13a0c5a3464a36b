"""The machine's clock jumps by hours, forward and back, while deliveries are on their way (F2, F3).

The clock is passed in, so it is OneWindow's that jumps and nobody else's. The department dedupes nothing: only leases,
fences and lookups keep a case from arriving twice.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config import logs
from config.clock import utc_now
from config.state import StateStore
from config.storage.sql import readonly
from connectors.ledger import DUE, LEASED
from connectors.storage.tables import deliveries, desk_tasks
from matters.storage.tables import cases as case_rows
from tests.doubles.house import House, make_house
from tests.doubles.scripted_department import Department, serving
from tests.faults.figures import Figure
from tests.faults.report import Report
from tests.faults.ways import Way, ways

CASES = 60
JUMPS: Final = (timedelta(hours=3), timedelta(hours=-6), timedelta(hours=4), timedelta(hours=-1), timedelta(hours=4))
"""One after the other. The last goes past all that came before: what was to be tried again at a wrong time is due."""
_SETTLES_WITHIN_SECONDS: Final = 90.0
_BETWEEN_SECONDS: Final = 0.7
_TAKES_SECONDS: Final = 0.15
_MOVING: Final = [state.value for state in (*DUE, *LEASED)]
HEAD: Final = ("on", "jumps", "accepted", "lost", "doubled", "on a desk", "promised days changed")


@dataclass(slots=True)
class JumpingClock:
    """`config.clock.Clock` that can be set wrong."""

    off: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.off


@dataclass(slots=True)
class Office:
    """Takes whatever comes as often as it comes, and says what it has when asked."""

    taken: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: Request, content: bytes) -> Response:
        if request.method == "GET":
            number = request.query_params.get("outCaseNo", "")
            if number in self.taken:
                return _said(number)
            return JSONResponse({"code": 404}, status_code=404)
        number = str((await request.json())["outCaseNo"])
        self.taken[number] += 1
        await asyncio.sleep(_TAKES_SECONDS)
        return _said(number)


def _said(number: str) -> Response:
    return JSONResponse({"code": 0, "msg": "ok", "data": {"caseId": f"D-{number[-6:]}", "status": "10"}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    cases: int
    lost: int
    doubled: int
    desk: int
    unsettled: int
    promises_changed: int

    @property
    def is_none(self) -> bool:
        return not self.told()

    def told(self) -> list[str]:
        """Return a line per kind of harm."""
        counted = {
            "lost": self.lost, "doubled": self.doubled, "on a desk": self.desk, "still on its way": self.unsettled,
            "promised days changed": self.promises_changed,
        }  # fmt: skip
        return [f"{what}: {number}" for what, number in counted.items() if number]

    def cells(self) -> tuple[str, ...]:
        counted = (len(JUMPS), self.cases, self.lost, self.doubled, self.desk, self.promises_changed)
        return tuple(str(each) for each in counted)


async def endure(engine: AsyncEngine, state: StateStore, directory: Path, *, cases: int) -> Harm:
    """Take cases in and let the clock jump while they are delivered."""
    clock, office = JumpingClock(), Office()
    async with serving(Department(script=office.answer)) as department:
        house = await make_house(engine, state, directory, base_url=department.base_url, clock=clock)
        worker = asyncio.ensure_future(house.connectors.worker().run())
        try:
            accepted = [await house.accept(key=f"k-{n}", seed=n, at=clock()) for n in range(1, cases + 1)]
            promised = {each.case.number: each.case.promised_on for each in accepted}
            for jump in JUMPS:
                await asyncio.sleep(_BETWEEN_SECONDS)
                clock.off += jump
            unsettled = await _settled(house)
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            await house.connectors.aclose()
    async with readonly(engine).connect() as connection:
        kept = await connection.execute(select(case_rows.c.number, case_rows.c.promised_on))
        changed = sum(promised[row.number] != row.promised_on for row in kept)
        desk = len((await connection.execute(select(desk_tasks.c.id))).all())
    return Harm(
        cases=cases,
        lost=sum(number not in office.taken for number in promised),
        doubled=sum(times > 1 for times in office.taken.values()),
        desk=desk,
        unsettled=unsettled,
        promises_changed=changed,
    )


async def _settled(house: House) -> int:
    until, left = monotonic() + _SETTLES_WITHIN_SECONDS, 1
    while left and monotonic() < until:
        async with readonly(house.engine).connect() as connection:
            found = await connection.execute(select(deliveries.c.id).where(deliveries.c.state.in_(_MOVING)))
            left = len(found.all())
        await asyncio.sleep(0.1)
    return left


def main(report: Report, cases: int = CASES) -> None:
    """Run on both ways to run and print the table."""
    logs.configure(level="critical", form="console")
    rows = []
    with ways() as both:
        for way in both:
            report.step(way.name)
            harm = asyncio.run(_on(way, cases))
            rows.append((way.name, *harm.cells()))
            report.harm(way.name, harm.told())
            figure = Figure(
                transport="rest_json",
                on=way.name,
                cases=harm.cases,
                lost=harm.lost,
                doubled=harm.doubled,
                desk=harm.desk,
            )
            report.count([figure])
    report.table("A clock that jumps by hours, forward and back", HEAD, rows)


async def _on(way: Way, cases: int) -> Harm:
    async with way.opened() as ground:
        return await endure(ground.engine, ground.state, ground.directory, cases=cases)
