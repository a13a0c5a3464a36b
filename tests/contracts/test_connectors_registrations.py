"""`RegistrationBook` in SQL: versions and steps in one commit, one version in force, nothing rewritten."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.backlog import Backlog
from connectors.ledger import DeliveryState, DeskReason
from connectors.registered_text import as_written, saved_again
from connectors.registration import Person, Registration, RegistrationState, move
from connectors.registration_errors import RegistrationConflict
from connectors.storage.registrations import SqlRegistrations
from connectors.storage.registry_tables import steps
from connectors.storage.shipping import ship
from connectors.storage.tables import deliveries, desk_tasks, metadata, submissions
from tests.doubles.prepared import with_tables

S = RegistrationState
AT = datetime(2026, 3, 3, 2, tzinfo=UTC)
WRITER, OTHER = Person(sub="owner-a", name="钱主管"), Person(sub="owner-b", name="孙主管")
SYSTEM = "mz-elder"


@pytest.fixture
async def book(engine: AsyncEngine) -> SqlRegistrations:
    await with_tables(engine, metadata)
    return SqlRegistrations(engine)


def written(text: str, at: datetime = AT) -> Any:
    return as_written(SYSTEM, text, b"<wsdl/>", writers=(WRITER.sub,), origin="person", at=at)


async def draft(book: SqlRegistrations, text: str = "id: mz-elder") -> Registration:
    return await book.add(written(text), by=WRITER, reason="新建")


async def take(book: SqlRegistrations, before: Registration, *states: S, minutes: int = 1) -> Registration:
    """Take steps through the table, a minute apart."""
    for n, to in enumerate(states, minutes):
        regions = ("320205",) if to is S.CANARY else ()
        at = AT + timedelta(minutes=n)
        after, step = move(before, to, by=OTHER, reason="有理由", at=at, regions=regions)
        before = await book.move(before, after, step)
    return before


async def approved(book: SqlRegistrations, text: str = "id: mz-elder") -> Registration:
    """Return an approved version: tested by who wrote it."""
    first = await draft(book, text)
    after, step = move(first, S.TESTED, by=WRITER, reason="", at=AT)
    return await take(book, await book.move(first, after, step), S.APPROVED)


async def test_versions_are_counted_per_system_and_keep_text_and_contract(book: SqlRegistrations) -> None:
    first, second = await draft(book, "one"), await draft(book, "二")
    assert (first.version, second.version) == (1, 2)
    kept = await book.written(SYSTEM, 2)
    assert kept is not None
    assert (kept.text, kept.contract, kept.registration) == ("二", b"<wsdl/>", second)
    assert await book.written(SYSTEM, 3) is None
    assert await book.all() == [second, first]
    assert [(s.version, s.number, s.from_state, s.to_state, s.by, s.reason) for s in await book.steps(SYSTEM)] == [
        (1, 1, None, S.DRAFT, WRITER, "新建"),
        (2, 1, None, S.DRAFT, WRITER, "新建"),
    ]


async def test_a_draft_is_saved_over_what_it_was_changed_from_only(book: SqlRegistrations) -> None:
    first = await draft(book, "one")
    before = await book.written(SYSTEM, 1)
    assert before is not None
    fresh = as_written(SYSTEM, "two", None, writers=(OTHER.sub,), origin="person", at=AT + timedelta(minutes=1))
    again = saved_again(before, fresh)
    saved = await book.save(again, expected_sha256=first.sha256, by=OTHER, reason="改")
    assert saved.writers == (WRITER.sub, OTHER.sub)
    with pytest.raises(RegistrationConflict):
        await book.save(again, expected_sha256=first.sha256, by=OTHER, reason="改")
    kept = await book.written(SYSTEM, 1)
    assert kept is not None
    assert (kept.text, kept.contract) == ("two", None)
    assert [s.sha256 for s in await book.steps(SYSTEM, 1)] == [first.sha256, saved.sha256]


async def test_a_tested_text_is_never_written_again(book: SqlRegistrations) -> None:
    first = await draft(book, "one")
    before = await book.written(SYSTEM, 1)
    assert before is not None
    await take(book, first, S.TESTED)
    with pytest.raises(RegistrationConflict):
        await book.save(before, expected_sha256=first.sha256, by=WRITER, reason="晚了")
    kept = await book.written(SYSTEM, 1)
    assert kept is not None
    assert kept.text == "one"


async def test_what_goes_live_takes_the_place_of_the_version_in_force(book: SqlRegistrations) -> None:
    first = await take(book, await approved(book), S.LIVE, minutes=3)
    second = await take(book, await approved(book, "two"), S.LIVE, minutes=10)
    assert [(v.version, v.state) for v in await book.all()] == [(2, S.LIVE), (1, S.SUPERSEDED)]
    (*_, last) = await book.steps(SYSTEM, 1)
    assert (last.to_state, last.reason, last.by) == (S.SUPERSEDED, "→ 2", OTHER)
    back = await take(book, (await book.all())[1], S.LIVE, minutes=20)
    assert [(v.version, v.state) for v in await book.all()] == [(2, S.SUPERSEDED), (1, S.LIVE)]
    assert {first.version, back.version, second.version} == {1, 2}


async def test_of_two_that_go_live_at_once_one_is_live(book: SqlRegistrations) -> None:
    versions = [await approved(book, text) for text in ("one", "two")]
    results = await asyncio.gather(*(take(book, each, S.LIVE, minutes=5) for each in versions), return_exceptions=True)
    states = sorted(v.state for v in await book.all())
    # Either one was refused, or it came second and superseded the first.
    assert states in ([S.APPROVED, S.LIVE], [S.LIVE, S.SUPERSEDED])
    assert all(isinstance(each, Registration | RegistrationConflict) for each in results)


async def test_one_version_of_a_system_is_tried_at_a_time(book: SqlRegistrations) -> None:
    first, second = await approved(book, "one"), await approved(book, "two")
    await take(book, first, S.CANARY, minutes=5)
    with pytest.raises(RegistrationConflict):
        await take(book, second, S.CANARY, minutes=6)


async def test_a_step_from_a_state_that_is_over_is_refused(book: SqlRegistrations) -> None:
    first = await draft(book)
    await take(book, first, S.TESTED)
    with pytest.raises(RegistrationConflict):
        await take(book, first, S.WITHDRAWN)
    assert [s.to_state for s in await book.steps(SYSTEM, 1)] == [S.DRAFT, S.TESTED]


async def test_what_is_sent_back_goes_on_as_a_new_draft_by_the_same_writers(book: SqlRegistrations) -> None:
    tested = await take(book, await draft(book, "one"), S.TESTED)
    after, step = move(tested, S.SENT_BACK, by=OTHER, reason="缺一个字段", at=AT + timedelta(hours=1))
    again = await book.send_back(tested, after, step)
    assert (again.version, again.state, again.from_version) == (2, S.DRAFT, 1)
    assert (again.writers, again.tested_by) == ((WRITER.sub,), "")
    kept = await book.written(SYSTEM, 2)
    assert kept is not None
    assert kept.text == "one"
    assert [(s.version, s.to_state, s.reason) for s in await book.steps(SYSTEM)][-2:] == [
        (1, S.SENT_BACK, "缺一个字段"),
        (2, S.DRAFT, "缺一个字段"),
    ]


async def test_steps_are_only_ever_added(book: SqlRegistrations, engine: AsyncEngine) -> None:
    await draft(book)
    for statement in (update(steps).values(reason="另一个"), delete(steps)):
        with pytest.raises(DBAPIError, match="only ever added"):
            async with engine.begin() as connection:
                await connection.execute(statement)
    async with engine.connect() as connection:
        assert (await connection.execute(select(steps.c.reason))).scalars().all() == ["新建"]


async def test_what_is_served_are_the_versions_in_force_tried_and_last_retired(book: SqlRegistrations) -> None:
    await draft(book, "zero")
    live = await take(book, await approved(book, "one"), S.LIVE, minutes=3)
    await take(book, await approved(book, "two"), S.CANARY, minutes=3)
    assert [(v.version, v.state) for v in sorted(await book.served(), key=lambda v: v.version)] == [
        (2, S.LIVE),
        (3, S.CANARY),
    ]
    retired = await take(book, live, S.DRAINING, S.RETIRED, minutes=10)
    newer = await take(book, await approved(book, "four"), S.LIVE, S.DRAINING, S.RETIRED, minutes=20)
    assert retired.version < newer.version
    assert {(v.version, v.state) for v in await book.served()} == {(3, S.CANARY), (newer.version, S.RETIRED)}
    texts = await book.texts([(SYSTEM, 3), (SYSTEM, newer.version)])
    assert [texts[key].text for key in sorted(texts)] == ["two", "four"]


async def test_shipped_specs_are_taken_in_once_however_many_start_at_once(
    book: SqlRegistrations, engine: AsyncEngine
) -> None:
    first = replace(written("one"), registration=replace(written("one").registration, origin="shipped", writers=()))
    await asyncio.gather(*(ship(engine, [first]) for _ in range(3)))
    (only,) = await book.all()
    assert (only.version, only.state, only.origin) == (1, S.LIVE, "shipped")
    upgraded = as_written(SYSTEM, "two", None, writers=(), origin="shipped", at=AT + timedelta(days=9))
    assert [await ship(engine, [upgraded]) for _ in range(2)] == [1, 0]
    assert [(v.version, v.state) for v in await book.all()] == [(2, S.LIVE), (1, S.SUPERSEDED)]
    own = await approved(book, "own")
    await take(book, own, S.LIVE, minutes=60 * 24 * 10)
    third = as_written(SYSTEM, "three", None, writers=(), origin="shipped", at=AT + timedelta(days=19))
    assert await ship(engine, [third]) == 1
    assert [(v.version, v.state) for v in await book.all()][:2] == [(4, S.DRAFT), (3, S.LIVE)]


async def test_a_backlog_counts_what_needs_the_connector_and_not_what_people_carry(
    book: SqlRegistrations, engine: AsyncEngine
) -> None:
    wanted = {
        DeliveryState.QUEUED: 2, DeliveryState.UNKNOWN: 1, DeliveryState.SENDING: 1, DeliveryState.PENDING_RESULT: 3,
        DeliveryState.CONFIRMED: 4, DeliveryState.INVALID: 1, DeliveryState.DESK: 1, DeliveryState.CANCELLED: 1,
    }  # fmt: skip
    async with engine.begin() as connection:
        number = 0
        for state, count in wanted.items():
            for _ in range(count):
                number += 1
                await _put(connection, number, state)
        await _put(connection, 90, DeliveryState.DESK, task=DeskReason.MANUAL)
        await _put(connection, 91, DeliveryState.PENDING_RESULT, task=DeskReason.RESULT)
        await _put(connection, 92, DeliveryState.DESK, task=DeskReason.UNKNOWN)
        await _put(connection, 93, DeliveryState.QUEUED, system="rs-card")
    assert await book.backlog(SYSTEM) == Backlog(waiting=4, awaited=3, on_desk=3)
    assert (await book.backlog("wj-birth")).is_empty
    assert len(await book.recent_cases(SYSTEM, most=5)) == 5


async def _put(
    connection: Any, number: int, state: DeliveryState, *, task: DeskReason | None = None, system: str = SYSTEM
) -> None:
    id_ = f"{number:036d}"
    await connection.execute(
        submissions.insert().values(id=id_, case_number=f"C{number}", created_at=AT, content={}, sha256="0")
    )
    await connection.execute(
        deliveries.insert().values(
            id=id_,
            submission_id=id_,
            case_number=f"C{number}",
            position=1,
            system=system,
            operation="ZLJ_APPLY",
            kind="submit",
            key=id_,
            matter_id="05",
            unit="u",
            region="320205007",
            state=state.value,
            created_at=AT,
            updated_at=AT,
        )
    )
    if task is not None:
        await connection.execute(
            desk_tasks.insert().values(
                id=id_,
                delivery_id=id_,
                system=system,
                unit="u",
                region="320205007",
                reason=task.value,
                created_at=AT,
                due_at=AT,
            )
        )
