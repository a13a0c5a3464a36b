"""The audit on SQLite and PostgreSQL: no gaps, two writers at once, closed to changes by the database itself."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from idp.protocol.audit import AuditEvent, AuditKind, AuditUnavailable, is_sealed
from idp.storage.audit import AuditChain, SqlAudit
from idp.storage.tables import audit, audit_head, consents, metadata
from migrations.run import upgrade
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 1, 0, 0, 123456, tzinfo=UTC)
KEY = b"k" * 32


def event(n: int = 0, kind: AuditKind = AuditKind.SIGN_IN, **given: str) -> AuditEvent:
    return AuditEvent(kind=kind, at=AT + timedelta(seconds=n), **{"sub": "s-1", **given})  # type: ignore[arg-type]


@pytest.fixture
async def made(engine: AsyncEngine) -> AsyncEngine:
    await with_tables(engine, metadata)
    return engine


async def test_events_come_back_in_order_and_numbered_without_gaps(made: AsyncEngine) -> None:
    store = SqlAudit(made, AuditChain(KEY))
    await store.append(event(0), event(1))
    await store.append(AuditEvent(kind=AuditKind.FACTOR_ADDED, sub="s-2", by="s-9", at=AT, detail={"factor": "totp"}))
    rows = await store.rows(after=0, at_most=10)
    assert [(row.seq, row.kind, row.sub, row.by) for row in rows] == [
        (1, "sign_in", "s-1", ""), (2, "sign_in", "s-1", ""), (3, "factor_added", "s-2", "s-9"),
    ]  # fmt: skip
    assert rows[0].at == AT
    assert rows[2].detail == '{"factor":"totp"}'
    head = await store.head()
    assert head is not None
    assert (head.seq, head.mac, is_sealed(KEY, head)) == (3, rows[2].mac, True)


async def test_many_writers_at_once_leave_no_gap_and_one_chain(made: AsyncEngine) -> None:
    stores = [SqlAudit(made, AuditChain(KEY)) for _ in range(4)]
    await asyncio.gather(*(stores[n % 4].append(event(n)) for n in range(40)))
    rows = await stores[0].rows(after=0, at_most=100)
    assert [row.seq for row in rows] == list(range(1, 41))
    assert len({row.mac for row in rows}) == 40


async def test_what_fails_in_a_transaction_leaves_no_event_and_no_gap(made: AsyncEngine) -> None:
    chain = AuditChain(KEY)

    async def change_and_fail() -> None:
        async with made.begin() as connection:
            await connection.execute(insert(consents).values(sub="s", client_id="c", scope=[], updated_at=AT))
            await chain.append(connection, event())
            raise RuntimeError("something else")

    with pytest.raises(RuntimeError):
        await change_and_fail()
    store = SqlAudit(made, chain)
    await store.append(event())
    assert [row.seq for row in await store.rows(after=0, at_most=10)] == [1]


async def test_when_the_audit_can_not_be_written_the_change_does_not_happen(made: AsyncEngine) -> None:
    """S56: the table is gone here; a full disk ends the same way."""
    chain = AuditChain(KEY)
    async with made.begin() as connection:
        await connection.execute(text("DROP TABLE idp_audit"))

    async def change() -> None:
        async with made.begin() as connection:
            await connection.execute(insert(consents).values(sub="s", client_id="c", scope=[], updated_at=AT))
            await chain.append(connection, event())

    with pytest.raises(AuditUnavailable):
        await change()
    async with made.connect() as connection:
        assert (await connection.execute(select(consents))).all() == []


async def test_rows_are_found_by_person_and_time(made: AsyncEngine) -> None:
    store = SqlAudit(made, AuditChain(KEY))
    await store.append(event(0), event(1, sub="s-2"), event(2, sub="s-3", by="s-1"), event(3))
    assert [row.seq for row in await store.listed(sub="s-1", since=AT, after=0, at_most=10)] == [1, 3, 4]
    later = AT + timedelta(seconds=2)
    assert [row.seq for row in await store.listed(sub="", since=later, after=0, at_most=10)] == [3, 4]
    assert [row.seq for row in await store.listed(sub="s-1", since=AT, after=3, at_most=10)] == [4]


@pytest.mark.parametrize("made_by", ["tables", "history"])
async def test_the_database_refuses_to_change_or_delete_a_row(engine: AsyncEngine, made_by: str) -> None:
    if made_by == "history":
        await upgrade(engine)
    else:
        await with_tables(engine, metadata)
    store = SqlAudit(engine, AuditChain(KEY))
    await store.append(event(0), event(1))
    for statement in (update(audit).values(sub="s-9"), delete(audit).where(audit.c.seq == 2)):
        with pytest.raises(DBAPIError, match="only ever added"):
            async with engine.begin() as connection:
                await connection.execute(statement)
    assert [row.sub for row in await store.rows(after=0, at_most=10)] == ["s-1", "s-1"]
    async with engine.begin() as connection:
        await connection.execute(update(audit_head).values(seq=1))  # the head moves; its seal tells who moved it
    head = await store.head()
    assert head is not None
    assert not is_sealed(KEY, head)
