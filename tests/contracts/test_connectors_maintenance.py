"""Maintenance windows on both databases: one at a time, ended early once, listed whether over or not."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.maintenance import Window
from connectors.storage.maintenance import SqlMaintenance
from connectors.storage.tables import metadata
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def book(engine: AsyncEngine) -> SqlMaintenance:
    await with_tables(engine, metadata)
    return SqlMaintenance(engine)


def window(id_: str, begins: int, ends: int, system: str = "mz-elder") -> Window:
    return Window(
        id=id_, system=system, begins_at=AT + begins * HOUR, ends_at=AT + ends * HOUR, reason="升级", set_by="owner-1",
        set_at=AT,
    )  # fmt: skip


async def ids(book: SqlMaintenance, at: datetime) -> list[str]:
    return [each.id for each in await book.current(at)]


async def test_windows_that_are_not_over_are_current(book: SqlMaintenance) -> None:
    assert await book.add(window("later", 5, 6))
    assert await book.add(window("now", 0, 2))
    assert await book.add(window("theirs", 0, 9, "rs-card"))
    assert sorted(await ids(book, AT)) == ["later", "now", "theirs"]
    assert await ids(book, AT + 2 * HOUR) == ["theirs", "later"]
    assert [each.id for each in await book.of_system("mz-elder")] == ["later", "now"]
    assert (await book.of_system("rs-card"))[0] == window("theirs", 0, 9, "rs-card")


@pytest.mark.parametrize(("begins", "ends", "fits"), [(1, 3, False), (0, 9, False), (2, 4, True), (-1, 0, True)])
async def test_two_of_a_system_never_overlap(book: SqlMaintenance, begins: int, ends: int, fits: bool) -> None:
    await book.add(window("first", 0, 2))
    assert await book.add(window("second", begins, ends)) is fits
    assert await book.add(window("other system", begins, ends, "rs-card"))


async def test_of_two_who_set_the_same_hours_at_once_one_does(book: SqlMaintenance) -> None:
    added = await asyncio.gather(*(book.add(window(f"w{n}", 0, 2)) for n in range(6)))
    assert sorted(added) == [False] * 5 + [True]


async def test_ended_early_it_is_over_at_once_and_its_hours_are_free_again(book: SqlMaintenance) -> None:
    await book.add(window("w", 0, 8))
    ended = await book.end("mz-elder", "w", by="owner-2", at=AT + HOUR)
    assert ended is not None
    assert (ended.ends_at, ended.ended_by) == (AT + HOUR, "owner-2")
    assert await ids(book, AT + HOUR) == []
    assert await book.end("mz-elder", "w", by="owner-2", at=AT + HOUR) is None
    assert await book.add(window("again", 1, 3))


async def test_one_that_had_not_begun_leaves_no_hours_taken(book: SqlMaintenance) -> None:
    await book.add(window("w", 3, 8))
    ended = await book.end("mz-elder", "w", by="owner-2", at=AT)
    assert ended is not None
    assert ended.begins_at == ended.ends_at
    assert await book.end("mz-elder", "w", by="owner-2", at=AT) is None
    assert not any(each.covers(AT + 4 * HOUR) for each in await book.current(AT))
    assert await book.add(window("again", 2, 9))


async def test_a_window_is_ended_for_its_own_system_only(book: SqlMaintenance) -> None:
    await book.add(window("w", 0, 8))
    assert await book.end("rs-card", "w", by="owner-2", at=AT) is None
    assert await book.end("mz-elder", "none", by="owner-2", at=AT) is None
