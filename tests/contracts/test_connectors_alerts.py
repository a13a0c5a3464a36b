"""Incidents and alerts on both databases: opened by one of many, told twice at most, read by each for themselves."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.alerting import Alerting
from connectors.incidents import DAMPING, IncidentKey
from connectors.storage.alerts import SqlAlerts
from connectors.storage.tables import metadata
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def book(engine: AsyncEngine) -> SqlAlerts:
    await with_tables(engine, metadata)
    return SqlAlerts(engine)


@pytest.fixture
def alerting(book: SqlAlerts) -> Alerting:
    return Alerting(book)


async def told(book: SqlAlerts, sub: str = "owner-1") -> list[str]:
    return [each.event for each in reversed(await book.inbox(sub, systems=None, most=50))]


async def test_of_many_who_open_it_at_once_one_does(alerting: Alerting, book: SqlAlerts) -> None:
    opened = await asyncio.gather(*(alerting.open("mz-elder", "breaker_open", at=AT) for _ in range(8)))
    assert sorted(opened) == [False] * 7 + [True]
    assert await told(book) == ["opened"]


async def test_an_incident_that_stays_clear_is_told_closed_once(alerting: Alerting, book: SqlAlerts) -> None:
    await alerting.open("mz-elder", "breaker_open", at=AT)
    assert await alerting.close("mz-elder", "breaker_open", at=AT + MINUTE)
    await alerting.settle(AT + DAMPING)
    assert await told(book) == ["opened"]
    await asyncio.gather(*(alerting.settle(AT + MINUTE + DAMPING) for _ in range(4)))
    assert await told(book) == ["opened", "closed"]
    (closed, _) = await book.inbox("owner-1", systems=None, most=50)
    assert closed.incident.closed_at == AT + MINUTE
    assert not await alerting.standing()


async def test_a_flapping_system_stays_one_incident(alerting: Alerting, book: SqlAlerts) -> None:
    for turn in range(20):
        at = AT + turn * 4 * MINUTE
        await alerting.open("mz-elder", "breaker_open", at=at)
        await alerting.close("mz-elder", "breaker_open", at=at + 2 * MINUTE)
        await alerting.settle(at + 3 * MINUTE)
    assert await told(book) == ["opened"]
    (incident,) = await alerting.standing()
    assert incident.returns == 19
    await alerting.settle(AT + 78 * MINUTE + DAMPING)
    assert await told(book) == ["opened", "closed"]


async def test_after_it_closed_the_same_trouble_is_a_new_incident(alerting: Alerting, book: SqlAlerts) -> None:
    await alerting.open("mz-elder", "contract_drift", at=AT, count=2, detail="ZLJ_APPLY")
    await alerting.close("mz-elder", "contract_drift", at=AT)
    await alerting.settle(AT + DAMPING)
    assert await alerting.open("mz-elder", "contract_drift", at=AT + 2 * DAMPING)
    assert await told(book) == ["opened", "closed", "opened"]


async def test_an_open_one_is_brought_up_to_date_without_an_alert(alerting: Alerting, book: SqlAlerts) -> None:
    await alerting.open("rs-card", "not_taken", at=AT, count=3, detail="T1")
    assert not await alerting.open("rs-card", "not_taken", at=AT + MINUTE, count=5, detail="T2")
    (incident,) = await alerting.standing()
    assert (incident.count, incident.detail, incident.opened_at) == (5, "T2", AT)
    assert await told(book) == ["opened"]


async def test_systems_kinds_and_subjects_are_apart(alerting: Alerting) -> None:
    assert await alerting.open("rs-card", "secret_expiry", subject="a.key", at=AT)
    assert await alerting.open("rs-card", "secret_expiry", subject="b.key", at=AT)
    assert await alerting.open("mz-elder", "secret_expiry", subject="a.key", at=AT)
    assert await alerting.open("rs-card", "not_taken", at=AT)
    assert len(await alerting.standing()) == 4


async def test_closing_what_is_not_open_does_nothing(alerting: Alerting, book: SqlAlerts) -> None:
    assert not await alerting.close("mz-elder", "breaker_open", at=AT)
    await alerting.settle(AT + DAMPING)
    assert await told(book) == []


async def test_what_a_graver_one_replaced_closes_without_a_word(alerting: Alerting, book: SqlAlerts) -> None:
    await alerting.open("rs-card", "secret_expiry", subject="a.key@30", at=AT)
    await alerting.supersede(IncidentKey(system="rs-card", kind="secret_expiry", subject="a.key@30"), at=AT + MINUTE)
    await alerting.settle(AT + 2 * DAMPING)
    assert await told(book) == ["opened"]
    assert not await alerting.standing()


async def test_each_person_reads_for_themselves(alerting: Alerting, book: SqlAlerts) -> None:
    await alerting.open("mz-elder", "breaker_open", at=AT)
    await alerting.open("rs-card", "not_taken", at=AT + MINUTE)
    newest, oldest = await book.inbox("owner-1", systems=None, most=50)
    for _ in range(2):
        await book.read("owner-1", [(newest.incident.id, newest.event)], at=AT + 2 * MINUTE)
    assert [each.is_read for each in await book.inbox("owner-1", systems=None, most=50)] == [True, False]
    assert [each.is_read for each in await book.inbox("owner-2", systems=None, most=50)] == [False, False]
    assert await book.unread("owner-1", systems=None, since=AT) == 1
    assert await book.unread("owner-2", systems=None, since=AT) == 2
    assert await book.unread("owner-2", systems=None, since=AT + 2 * MINUTE) == 0
    assert oldest.incident.key.system == "mz-elder"


async def test_an_inbox_can_be_of_some_systems_only(alerting: Alerting, book: SqlAlerts) -> None:
    await alerting.open("mz-elder", "breaker_open", at=AT)
    await alerting.open("rs-card", "not_taken", at=AT + MINUTE)
    (alert,) = await book.inbox("owner-1", systems={"rs-card"}, most=50)
    assert alert.incident.key.system == "rs-card"
    assert await book.unread("owner-1", systems={"mz-elder"}, since=AT) == 1
    assert not await book.inbox("owner-1", systems=(), most=50)
