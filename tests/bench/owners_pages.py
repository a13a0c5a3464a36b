"""What the owner's and the township's pages take with a hundred times the cases: both houses are asked in turn, in this
process, so that the ratio is what counts (P2). Everything that a case leaves behind grows with it: results, events,
deliveries, attempts, desk tasks, incidents, replays.
"""

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from config import logs
from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from config.storage.redis_state import RedisStateStore
from config.storage.sql import create_engine
from connectors.app import ship_systems
from connectors.storage.alert_tables import alerts, incidents
from connectors.storage.notice_tables import events, results
from connectors.storage.replay_tables import replays
from connectors.storage.tables import attempts, deliveries, desk_tasks, submissions
from demo.seed import CENTRE_A, COUNTY
from tests.bench.table import show
from tests.doubles.clerk_house import ROOT, Visitor, house
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

FEW, MANY = 200, 20_000
"""The fewer fill a page of every list already, so that what grows is the search and not the page."""
GROWTH, REACH_MS = 1.2, 50.0
SYSTEM = "mz-elder"
_TURNS: Final = 30
_AT_ONCE: Final = 1_000
_NOW: Final = datetime.now(UTC)
PAGES: Final[Mapping[str, tuple[str, str]]] = {
    "results": ("clerk", "/results"),
    "results of a county": ("manager2", "/results"),
    "events that wait": ("clerk", "/events"),
    "events done, of one kind": ("clerk", "/events?state=done&kind=F2-age-eighty"),
    "events of a county": ("manager2", "/events"),
    "desk": ("clerk", "/desk"),
    "alerts": ("owner", "/alerts"),
    "board": ("owner", "/systems"),
    "one system": ("owner", f"/systems/{SYSTEM}"),
    "numbers": ("owner", f"/systems/{SYSTEM}/numbers"),
    "maintenance": ("owner", f"/systems/{SYSTEM}/maintenance"),
    "registrations": ("owner", "/registrations"),
    "replay": ("owner", f"/systems/{SYSTEM}/replay"),
    "reflux": ("owner", "/reflux"),
}
"""By name: who looks, and where."""


def measure() -> bool:
    """Measure on both ways to run and print the tables; False when a page grows or takes more than it may."""
    logs.configure(level="error", form="json")
    good = asyncio.run(_measure("SQLite and memory", ("", ""), ""))
    postgres, valkey = Postgres.start(), Valkey.start()
    try:
        both = (postgres.new_database(), postgres.new_database())
        return asyncio.run(_measure("PostgreSQL and Redis", both, valkey.url)) and good
    finally:
        valkey.stop()
        postgres.stop()


async def _measure(name: str, urls: tuple[str, str], redis: str) -> bool:
    spent: dict[str, tuple[list[float], list[float]]] = {page: ([], []) for page in PAGES}
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        people = [
            await _people(stack, directory / str(cases), url, redis, cases)
            for url, cases in zip(urls, (FEW, MANY), strict=True)
        ]
        for turn in range(_TURNS + 3):
            for page, (who, address) in PAGES.items():
                for place, visitors in enumerate(people):
                    began = perf_counter()
                    status = (await visitors[who].get(address)).status
                    seconds = perf_counter() - began
                    if status != 200:
                        raise RuntimeError(f"{address} answered {status}")
                    if turn >= 3:  # the first ones compile templates
                        spent[page][place].append(seconds)
    good, rows = True, []
    for page, pair in spent.items():
        few, many = (median(each) * 1000 for each in pair)
        # Asked one right after the other: a machine that is busy with something else is so for both.
        growth = median(b / a for a, b in zip(*pair, strict=True))
        good &= growth <= GROWTH and many <= REACH_MS
        rows.append((page, f"{few:.1f}", f"{many:.1f}", f"{growth:.2f}"))
    show(
        f"Owner's and township's pages, {name}, ms at the median (reach: {GROWTH} times, {REACH_MS:.0f} ms)",
        ("page", f"{FEW} cases", f"{MANY} cases", "times"),
        rows,
    )
    return good


async def _people(stack: AsyncExitStack, directory: Path, url: str, redis: str, cases: int) -> dict[str, Visitor]:
    directory.mkdir()  # noqa: ASYNC240 - before anything is measured
    engine = create_engine(url or f"sqlite+aiosqlite:///{directory}/onewindow.db")
    stack.push_async_callback(engine.dispose)
    state: StateStore = RedisStateStore(redis) if redis else MemoryStateStore()
    opened = await stack.enter_async_context(house(engine, state, directory))
    await ship_systems(engine, ROOT / "config" / "systems", at=_NOW)
    await grow(engine, cases)
    if engine.dialect.name == "postgresql":
        async with engine.connect() as connection:
            by_itself = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await by_itself.execute(text("VACUUM ANALYZE"))  # as its own housekeeping would have within the hour
    return {who: await opened.person(who) for who in {who for who, _ in PAGES.values()}}


async def grow(engine: AsyncEngine, cases: int) -> None:
    """Write what so many cases of two townships leave behind; a quarter is on somebody's desk."""
    for table, rows in _left_behind(cases).items():
        for begin in range(0, len(rows), _AT_ONCE):
            async with engine.begin() as connection:
                await connection.execute(insert(table), rows[begin : begin + _AT_ONCE])


def _left_behind(cases: int) -> dict[Table, list[dict[str, Any]]]:
    every = range(cases)
    return {
        results: [_result(n) for n in every],
        events: [_event(n) for n in every],
        submissions: [
            {"id": _id(1, n), "case_number": _number(n), "created_at": _at(n), "content": {}, "sha256": "0" * 64}
            for n in every
        ],
        deliveries: [_delivery(n) for n in every],
        attempts: [_attempt(n) for n in every],
        desk_tasks: [_task(n) for n in every],
        # Incidents are a system's: a hundred times the cases make no more of them.
        incidents: [_incident(n) for n in range(FEW)],
        alerts: [{"incident_id": _id(3, n), "event": "opened", "at": _at(n)} for n in range(FEW)],
        replays: [
            {"id": _id(4, n), "system": SYSTEM, "by": "o", "who": "孙丽萍", "reason": "部门修好了", "at": _at(n),
             "appended": 1, "left_out": []}
            for n in every
        ],
    }  # fmt: skip


def _id(kind: int, n: int) -> str:
    return str(UUID(int=(kind << 64) + n))


def _at(n: int) -> datetime:
    return _NOW - timedelta(days=2, minutes=n)


def _number(n: int) -> str:
    return f"{_town(n)}-261120-MZ005-{n:06d}"


def _town(n: int) -> str:
    return CENTRE_A.region if n % 2 else f"{COUNTY.region}008"


def _result(n: int) -> dict[str, Any]:
    return {
        "case_number": _number(n), "matter_id": "05-elder-respect-allowance", "matter_name": "尊老金", "guide_version": 1,
        "region": _town(n), "county": COUNTY.region, "unit": CENTRE_A.id, "name": f"测试{n}", "person_key": f"{n:064x}",
        "decision": "approved", "department_number": f"D-{n}", "items": {"person.name": f"测试{n}"},
        "is_sensitive": False, "decided_at": _at(n), "visible_from": _at(n), "revision": 1,
    }  # fmt: skip


def _event(n: int) -> dict[str, Any]:
    is_death = n % 4 < 2
    return {
        "number": f"LD-{n:08d}", "fanout": "F1-death-reported" if is_death else "F2-age-eighty", "source": f"s{n}",
        "case_number": "", "person_key": f"{n:064x}", "cycle": 0, "name": f"测试{n}", "region": _town(n), "unit": "",
        "content": {}, "state": "open" if is_death else "done", "happened_at": _at(n), "decided_by": "", "reason": "",
    }  # fmt: skip


def _delivery(n: int) -> dict[str, Any]:
    is_on_desk = n % 4 == 1
    return {
        "id": _id(2, n), "submission_id": _id(1, n), "case_number": _number(n), "position": 1, "system": SYSTEM,
        "operation": "ZLJ_APPLY", "kind": "submit", "key": _id(2, n), "matter_id": "05-elder-respect-allowance",
        "unit": CENTRE_A.id, "region": _town(n), "state": "desk" if is_on_desk else "confirmed", "created_at": _at(n),
        "updated_at": _at(n), "confirmed_at": None if is_on_desk else _at(n), "department_number": f"D-{n}",
    }  # fmt: skip


def _attempt(n: int) -> dict[str, Any]:
    return {
        "delivery_id": _id(2, n), "number": 1, "kind": "send", "system": SYSTEM, "worker": "w", "started_at": _at(n),
        "finished_at": _at(n), "outcome": "accepted", "error": "", "http_status": 200, "duration_ms": 40,
    }  # fmt: skip


def _task(n: int) -> dict[str, Any]:
    is_open = n % 4 == 1
    return {
        "id": _id(5, n), "delivery_id": _id(2, n), "system": SYSTEM, "unit": CENTRE_A.id, "region": _town(n),
        "reason": "unknown", "note": "", "created_at": _at(n), "due_at": _at(n), "closed_at": None if is_open else _at(n),
        "closed_by": "" if is_open else "c", "result": "" if is_open else "completed",
    }  # fmt: skip


def _incident(n: int) -> dict[str, Any]:
    return {
        "id": _id(3, n), "system": SYSTEM, "kind": "breaker_open", "subject": "", "detail": "", "count": 1,
        "opened_at": _at(n), "cleared_at": _at(n), "closed_at": _at(n), "returns": 0,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(0 if measure() else 1)
