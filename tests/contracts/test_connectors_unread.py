"""Answers nobody understood, on both databases: bounded per system, the same one counted, never in a delivery's way."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.storage.tables import metadata
from connectors.storage.unread import SqlUnreadBook
from connectors.unread import MOST_KEPT, Unread
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.fixture
async def book(engine: AsyncEngine) -> SqlUnreadBook:
    await with_tables(engine, metadata)
    return SqlUnreadBook(engine)


def unread(text: str, *, minutes: int = 0, system: str = "mz-elder", delivery: str = "", name: str = "") -> Unread:
    at = AT + timedelta(minutes=minutes)
    return Unread(
        system=system, where="send", error="not_json", text=text, http_status=200, delivery_id=delivery, name=name,
        first_at=at, last_at=at,
    )  # fmt: skip


async def test_the_same_answer_again_counts_and_another_stands_beside_it(book: SqlUnreadBook) -> None:
    await book.keep(unread("网关繁忙"))
    await book.keep(unread("网关繁忙", minutes=5, delivery="d2"))
    await book.keep(unread("另一种", minutes=1))
    await book.keep(unread("网关繁忙", system="rs-card"))
    busy, other = await book.of_system("mz-elder")
    assert (busy.text, busy.times, busy.first_at, busy.last_at) == ("网关繁忙", 2, AT, AT + timedelta(minutes=5))
    assert (other.text, other.times) == ("另一种", 1)
    assert await book.find("mz-elder", busy.digest) == busy
    assert await book.find("rs-card", other.digest) is None


async def test_the_oldest_make_room(book: SqlUnreadBook) -> None:
    for n in range(MOST_KEPT + 3):
        await book.keep(unread(f"第{n}种", minutes=n))
    kept = await book.of_system("mz-elder")
    assert [each.text for each in kept] == [f"第{n}种" for n in range(MOST_KEPT + 2, 2, -1)]
    assert await book.find("mz-elder", unread("第0种").digest) is None


async def test_what_a_database_does_not_take_stops_nothing(book: SqlUnreadBook) -> None:
    await book.keep(unread("a", name="x\0y" * 60))
    await book.keep(unread("b"))
    assert "b" in {each.text for each in await book.of_system("mz-elder")}
