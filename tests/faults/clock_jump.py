"""The machine's clock jumps by hours, forward and back, while deliveries are on their way (F2, F3).

The clock is passed in, so it is OneWindow's that jumps and nobody else's. The department dedupes nothing: only leases,
fences and lookups keep a case from arriving twice.
"""

import asyncio
import tempfile
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
from config.storage.memory_state import MemoryStateStore
from config.storage.redis_state import RedisStateStore
from config.storage.sql import create_engine, readonly
from connectors.ledger import DUE, LEASED
from connectors.storage.tables import deliveries, desk_tasks
from matters.storage.tables import cases as case_rows
from tests.bench.table import show
from tests.doubles.house import House, make_house
from tests.doubles.scripted_department import Department, serving
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

CASES = 60
JUMPS: Final = (timedelta(hours=3), timedelta(hours=-6), timedelta(hours=4), timedelta(hours=-1), timedelta(hours=4))
"""One after the other. The last goes past all that came before: what was to be tried again at a wrong time is due."""
_SETTLES_WITHIN_SECONDS: Final = 90.0
_BETWEEN_SECONDS: Final = 0.7
_TAKES_SECONDS: Final = 0.15
_MOVING: Final = [state.value for state in (*DUE, *LEASED)]
HEAD: Final = ("on", "jumps", "accepted", "lost", "doubled", "on a desk", "unsettled", "promised days changed")


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
        return not (self.lost or self.doubled or self.desk or self.unsettled or self.promises_changed)


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


def main(cases: int = CASES) -> bool:
    """Run on both databases and print the table; False on any harm."""
    logs.configure(level="critical", form="console")
    rows, harmless = [], True
    postgres, valkey = Postgres.start(), Valkey.start()
    try:
        for name, database_url, redis_url in (
            ("SQLite and memory", "", ""),
            ("PostgreSQL and Redis", postgres.new_database(), valkey.url),
        ):
            harm = asyncio.run(_endure(database_url, redis_url, cases))
            harmless &= harm.is_none
            rows.append(
                (name, str(len(JUMPS)), str(harm.cases), str(harm.lost), str(harm.doubled), str(harm.desk),
                 str(harm.unsettled), str(harm.promises_changed))
            )  # fmt: skip
    finally:
        valkey.stop()
        postgres.stop()
    show("a clock that jumps by hours", HEAD, rows)
    return harmless


async def _endure(database_url: str, redis_url: str, cases: int) -> Harm:
    with tempfile.TemporaryDirectory() as directory:
        engine = create_engine(database_url or f"sqlite+aiosqlite:///{directory}/onewindow.db")
        state: StateStore = RedisStateStore(redis_url) if redis_url else MemoryStateStore()
        try:
            return await endure(engine, state, Path(directory), cases=cases)
        finally:
            await state.aclose()
            await engine.dispose()
