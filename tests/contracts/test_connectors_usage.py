"""What systems were used for, on both databases: counted once however often it is looked at, summed, read along indexes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.storage.tables import attempts, deliveries, desk_tasks, inbound, metadata, submissions
from connectors.storage.usage import SqlUsage
from connectors.usage import Usage, begins
from tests.doubles.query_plans import scanned

AT = datetime(2026, 11, 23, 2, 7, tzinfo=UTC)  # 10:07 in Beijing
MINUTE = timedelta(minutes=1)
SYSTEMS = ("mz-elder", "rs-card")


@pytest.fixture
async def usage(engine: AsyncEngine) -> SqlUsage:
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(
            insert(submissions).values(id="s", case_number="c", created_at=AT, content={}, sha256="0" * 64)
        )
    return SqlUsage(engine)


async def deliver(engine: AsyncEngine, *ids: str, system: str = "mz-elder", at: datetime = AT, **given: Any) -> None:
    values = {
        "submission_id": "s", "position": 1, "system": system, "operation": "ZLJ", "kind": "submit", "matter_id": "05",
        "unit": "u", "region": "r", "state": "pending_result", "created_at": at, "updated_at": at, "attempts": 1,
        "probes": 0, "hold_reason": "", "fence": 1, "department_number": "", "their_status": "", "outcome": "accepted",
        "message": "", "confirmed_at": at, **given,
    }  # fmt: skip
    async with engine.begin() as connection:
        await connection.execute(
            insert(deliveries), [{"id": id_, "key": id_, "case_number": id_, **values} for id_ in ids]
        )


async def attempt(engine: AsyncEngine, id_: str, *, number: int = 1, at: datetime = AT, **given: Any) -> None:
    values = {
        "system": "mz-elder", "kind": "send", "worker": "w", "started_at": at, "finished_at": at, "outcome": "accepted",
        "http_status": 200, "error": "", "message": "王某某不符合条件", "duration_ms": 40, **given,
    }  # fmt: skip
    async with engine.begin() as connection:
        await connection.execute(insert(attempts).values(delivery_id=id_, number=number, **values))


async def report(engine: AsyncEngine, event_id: str, status: str, **given: Any) -> None:
    values = {"source": "callback", "received_at": AT, "facts": {}, "was_stale": False, **given}
    async with engine.begin() as connection:
        await connection.execute(insert(inbound).values(system="mz-elder", event_id=event_id, status=status, **values))


async def of(usage: SqlUsage, grain: Any, system: str = "mz-elder", at: datetime = AT) -> Usage:
    spans = {(name, begin): each for name, begin, each in await usage.since(grain, begins(grain, at))}
    return spans[system, begins(grain, at).astimezone(UTC)]


async def test_every_kind_of_count(engine: AsyncEngine, usage: SqlUsage) -> None:
    await deliver(engine, "waits", state="queued", confirmed_at=None, outcome="")
    await deliver(engine, "there")
    await deliver(engine, "done at once", state="confirmed")
    await deliver(engine, "refused", state="refused", outcome="refused")
    await deliver(engine, "withdrawal", kind="withdraw", state="confirmed")
    await attempt(engine, "there", duration_ms=1234)
    await attempt(engine, "done at once", duration_ms=87)
    await attempt(engine, "refused", outcome="refused", http_status=422, duration_ms=99_999_999)
    await attempt(engine, "waits", finished_at=None, outcome=None, duration_ms=None)
    await report(engine, "e1", "30")
    await report(engine, "e2", "30", was_stale=True)
    async with engine.begin() as connection:
        await connection.execute(
            insert(desk_tasks),
            [
                {"id": f"t{n}", "delivery_id": "there", "system": "mz-elder", "unit": "u", "region": "r", "note": "",
                 "reason": "result", "created_at": AT, "due_at": AT, "closed_at": AT, "closed_by": "x", "result": result}
                for n, result in enumerate(("approved", "handed_over"))
            ],
        )  # fmt: skip
    await usage.roll(SYSTEMS, AT + MINUTE)
    for grain in ("slot", "hour", "day"):
        assert await of(usage, grain) == Usage(
            taken=4,
            delivered=2,
            concluded=2,
            outcomes={"accepted  200": 2, "refused  422": 1},
            statuses={"30": 1},
            times={"1200": 1, "87": 1, "9900000": 1},
        )


async def test_counting_again_changes_nothing_and_what_came_since_is_added(
    engine: AsyncEngine, usage: SqlUsage
) -> None:
    await deliver(engine, "a", "b")
    for _ in range(3):
        await usage.roll(SYSTEMS, AT + MINUTE)
    assert (await of(usage, "day")).taken == 2
    later = AT + 40 * MINUTE
    await deliver(engine, "c", at=later)
    await deliver(engine, "d", system="rs-card", at=later)
    await usage.roll(SYSTEMS, later + MINUTE)
    assert (await of(usage, "slot", at=later)).taken == 1
    assert (await of(usage, "hour")).taken == 3
    assert (await of(usage, "day")).taken == 3
    assert (await of(usage, "day", "rs-card")).taken == 1


async def test_an_attempt_that_ends_after_its_span_is_counted_in_it(engine: AsyncEngine, usage: SqlUsage) -> None:
    began = AT.replace(minute=9, second=50)
    await deliver(engine, "slow", at=began)
    await usage.roll(SYSTEMS, began + 30 * MINUTE / 60)
    await attempt(engine, "slow", at=began, finished_at=began + MINUTE, duration_ms=60_000)
    await usage.roll(SYSTEMS, began + 2 * MINUTE)
    assert (await of(usage, "slot", at=began)).times == {"60000": 1}


async def test_days_are_those_of_beijing(engine: AsyncEngine, usage: SqlUsage) -> None:
    midnight = datetime(2026, 11, 23, 16, tzinfo=UTC)
    await deliver(engine, "today", at=midnight - MINUTE)
    await deliver(engine, "tomorrow", at=midnight)
    await usage.roll(SYSTEMS, midnight + MINUTE)
    assert (await of(usage, "day", at=midnight - MINUTE)).taken == 1
    assert (await of(usage, "day", at=midnight)).taken == 1


async def test_nothing_is_missed_while_no_worker_ran_for_ten_days(engine: AsyncEngine, usage: SqlUsage) -> None:
    await deliver(engine, "before")
    await usage.roll(SYSTEMS, AT + MINUTE)
    await deliver(engine, "same day", at=AT + 60 * MINUTE)
    for day in range(1, 10):
        await deliver(engine, f"day {day}", at=AT + timedelta(days=day))
    await usage.roll(SYSTEMS, AT + timedelta(days=10))
    days = [each.taken for _, _, each in await usage.since("day", begins("day", AT), system="mz-elder")]
    assert days == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]


async def test_fine_sums_go_and_days_stay(engine: AsyncEngine, usage: SqlUsage) -> None:
    await deliver(engine, "a")
    await usage.roll(SYSTEMS, AT + MINUTE)
    for days in range(1, 6):
        await usage.roll(SYSTEMS, AT + timedelta(days=days))
    assert await usage.since("slot", AT - timedelta(days=1)) == []
    assert await usage.since("hour", AT - timedelta(days=1)) == []
    assert (await of(usage, "day")).taken == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_counting_reads_along_indexes_only(engine: AsyncEngine, usage: SqlUsage) -> None:
    ledger = [each.name for each in (deliveries, attempts, inbound, desk_tasks)]
    assert await scanned(engine, lambda: usage.roll(SYSTEMS, AT), large=ledger) == []
