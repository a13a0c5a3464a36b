"""How long it takes to import everybody of a province: 25,828 accounts with invitations and audit, from file to links."""

import asyncio
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import uvloop

from config.clock import utc_now
from config.entry import ground
from config.settings import Settings
from idp.account_import import links_table
from idp.app import wire
from migrations.run import upgrade
from tests.bench.table import show
from tests.servers.postgres import Postgres

ROWS = 25_828
_REACH_SECONDS = 60.0
_SECRET = "k9Qz3vX7mB2nT5wR8yL1pD4sF6hJ0gCaUeNi"


def measure() -> bool:
    """Print a table for both databases; tell whether both stay within reach."""
    results = [("SQLite", *uvloop.run(_once("")))]
    postgres = Postgres.start()
    try:
        results.append(("PostgreSQL", *uvloop.run(_once(postgres.new_database()))))
    finally:
        postgres.stop()
    show(
        f"Import of {ROWS} accounts, hashing aside (reach: {_REACH_SECONDS:.0f} s)",
        ("database", "seconds", "CPU s", "longest stop of the loop ms", "again, nothing new s", "verify the audit s"),
        [(name, *(f"{figure:.2f}" for figure in figures)) for name, *figures in results],
    )
    return all(seconds <= _REACH_SECONDS for _, seconds, *_ in results)


async def _once(database_url: str) -> tuple[float, float, float, float, float]:
    with tempfile.TemporaryDirectory() as directory:
        url = database_url or f"sqlite+aiosqlite:///{Path(directory) / 'x.db'}"
        settings = Settings(secret_key=_SECRET, var_dir=directory, database_url=url)  # type: ignore[arg-type]
        async with ground(settings) as (engine, state):
            await upgrade(engine)
            people = wire(settings=settings, engine=engine, state=state, clock=utc_now).state.people
            audit = wire(settings=settings, engine=engine, state=state, clock=utc_now).state.audit_store
            content, imports = _sheet(), people.imports.imports
            stops: list[float] = []
            watching = asyncio.ensure_future(_watch(stops))
            began, cpu = perf_counter(), process_time()
            preview = await imports.preview(content, region="32")
            async for _ in imports.run(preview.fresh, batch="b", by="bench", at=utc_now()):
                await asyncio.sleep(0)
            table = links_table(await people.invitations.links_of("b", "bench", at=utc_now()))
            seconds, cpu = perf_counter() - began, process_time() - cpu
            watching.cancel()
            if table.count(b"\r\n") != ROWS + 1:
                raise RuntimeError("not everybody came in")
            began = perf_counter()
            if (await imports.preview(content, region="32")).fresh:
                raise RuntimeError("somebody would come in twice")
            again, began = perf_counter() - began, perf_counter()
            if await audit.verify() != (ROWS, None):
                raise RuntimeError("the audit does not hold")
            return seconds, cpu, max(stops) * 1000, again, perf_counter() - began


async def _watch(stops: list[float]) -> None:
    """Note how late a wake-up comes: for so long no request was answered."""
    while True:
        began = perf_counter()
        await asyncio.sleep(0.005)
        stops.append(perf_counter() - began - 0.005)


def _sheet() -> bytes:
    lines = (
        f"clerk{n:05},王晓{n},32010{n % 10}007-bmfw,第{n % 500}便民服务中心,32010{n % 10}007,综窗人员\r\n"
        for n in range(ROWS)
    )
    return ("用户名,姓名,单位编号,单位名称,区划代码,角色\r\n" + "".join(lines)).encode("utf-8-sig")
