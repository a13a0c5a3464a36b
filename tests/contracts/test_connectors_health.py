"""How systems stand, on both databases: what waits, who has it, what was used; read along indexes however much was sent."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.ledger import DeskReason
from connectors.limits import NOTE, Limits, write_limits
from connectors.maintenance import Window
from connectors.storage.health import SqlHealthBook
from connectors.storage.maintenance import SqlMaintenance
from connectors.storage.notes import SqlNotes
from connectors.storage.tables import attempts, breakers, deliveries, desk_tasks, inbound, metadata, submissions
from connectors.storage.usage import SqlUsage
from connectors.system_health import SystemHealth
from tests.doubles.query_plans import scanned

AT = datetime(2026, 11, 23, 2, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SYSTEMS = ("mz-elder", "rs-card")


@pytest.fixture
async def book(engine: AsyncEngine) -> SqlHealthBook:
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(
            insert(submissions).values(id="s", case_number="c", created_at=AT, content={}, sha256="0" * 64)
        )
    return SqlHealthBook(engine)


async def deliver(engine: AsyncEngine, id_: str, state: str, *, system: str = "mz-elder", **given: object) -> None:
    values = {
        "submission_id": "s", "position": 1, "system": system, "operation": "ZLJ", "kind": "submit", "matter_id": "05",
        "unit": "u", "region": "r", "created_at": AT, "updated_at": AT, "attempts": 1, "probes": 0, "hold_reason": "",
        "fence": 1, "department_number": "", "their_status": "", "outcome": "", "message": "", **given,
    }  # fmt: skip
    async with engine.begin() as connection:
        await connection.execute(insert(deliveries).values(id=id_, key=id_, case_number=id_, state=state, **values))


async def test_a_system_nothing_was_ever_sent_to_is_told_too(book: SqlHealthBook) -> None:
    assert await book.all(SYSTEMS, AT) == {name: SystemHealth(system=name) for name in SYSTEMS}
    assert await book.all((), AT) == {}


async def test_what_waits_what_is_there_and_since_when(engine: AsyncEngine, book: SqlHealthBook) -> None:
    await deliver(engine, "old", "wait", created_at=AT - 50 * MINUTE, next_attempt_at=AT)
    await deliver(engine, "new", "queued", next_attempt_at=AT)
    await deliver(engine, "there", "pending_result", confirmed_at=AT - 3 * MINUTE)
    await deliver(engine, "over", "confirmed", confirmed_at=AT - MINUTE)
    await deliver(engine, "elsewhere", "queued", system="rs-card", next_attempt_at=AT)
    health = (await book.all(SYSTEMS, AT))["mz-elder"]
    assert health.counts == {"wait": 1, "queued": 1, "pending_result": 1}
    assert health.oldest_waiting_at == AT - 50 * MINUTE
    assert health.last_success_at == AT - MINUTE


async def test_desk_tasks_by_reason_and_those_past_their_clock(engine: AsyncEngine, book: SqlHealthBook) -> None:
    await deliver(engine, "d", "desk")
    tasks = [("unknown", AT - MINUTE, None), ("unknown", AT + MINUTE, None), ("manual", AT - MINUTE, None)]
    tasks.append(("manual", AT - MINUTE, AT))
    async with engine.begin() as connection:
        await connection.execute(
            insert(desk_tasks),
            [
                {"id": f"t{n}", "delivery_id": "d", "system": "mz-elder", "unit": "u", "region": "r", "note": "",
                 "reason": reason, "created_at": AT, "due_at": due, "closed_at": closed, "closed_by": "", "result": ""}
                for n, (reason, due, closed) in enumerate(tasks)
            ],
        )  # fmt: skip
    health = (await book.all(SYSTEMS, AT))["mz-elder"]
    assert (health.desk, health.overdue) == ({DeskReason.UNKNOWN: 2, DeskReason.MANUAL: 1}, 2)
    assert health.open_tasks == 3


async def test_notes_windows_and_the_breaker_are_read_with_it(engine: AsyncEngine, book: SqlHealthBook) -> None:
    limits = Limits(count=4, soonest_on=date(2026, 11, 24), clears_at=AT)
    await SqlNotes(engine).write("mz-elder", NOTE, write_limits(limits), expected=0, at=AT)
    window = Window(id="w", system="mz-elder", begins_at=AT, ends_at=AT + MINUTE, reason="升级", set_by="o", set_at=AT)
    await SqlMaintenance(engine).add(window)
    async with engine.begin() as connection:
        await connection.execute(
            insert(breakers).values(
                system="mz-elder", faults=5, trips=1, open_until=AT + MINUTE, last_error="timeout", changed_at=AT
            )
        )
    health = (await book.all(SYSTEMS, AT))["mz-elder"]
    assert (health.limits, health.windows) == (limits, (window,))
    assert health.breaker.stands(AT) == "open"
    assert [hold.reason for hold in health.holds] == ["breaker"]


async def test_the_last_hour_and_the_last_day_are_apart(engine: AsyncEngine, book: SqlHealthBook) -> None:
    usage = SqlUsage(engine)
    for minutes in (10, 200, 3000):
        await deliver(engine, f"{minutes}", "confirmed", created_at=AT - minutes * MINUTE)
    await usage.roll(SYSTEMS, AT)
    health = (await book.all(SYSTEMS, AT))["mz-elder"]
    assert (health.hour.taken, health.day.taken) == (1, 2)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_cost_does_not_grow_with_what_was_ever_sent(engine: AsyncEngine, book: SqlHealthBook) -> None:
    ledger = [each.name for each in (deliveries, attempts, inbound, desk_tasks)]
    assert await scanned(engine, lambda: book.all(SYSTEMS, AT), large=ledger) == []
