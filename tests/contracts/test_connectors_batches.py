"""Batch files in SQL: numbers without gaps, each delivery in one file, two workers at once."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.storage.batches import SqlBatches
from connectors.storage.tables import metadata
from tests.doubles.prepared import with_tables

CARD, DAY = "rs-card", date(2026, 3, 18)
AT = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)


def rows(*keys: str) -> list[tuple[str, str, str]]:
    return [(key, f"case-{key}", f"line of {key}") for key in keys]


@pytest.fixture
async def batches(engine: AsyncEngine) -> SqlBatches:
    await with_tables(engine, metadata)
    return SqlBatches(engine)


async def test_numbers_begin_at_one_each_day_and_have_no_gap(batches: SqlBatches) -> None:
    made = [await batches.reserve(CARD, DAY, rows(f"k{n}"), at=AT) for n in range(3)]
    assert [batch.label for batch in made if batch] == ["20260318_01", "20260318_02", "20260318_03"]
    next_day = await batches.reserve(CARD, date(2026, 3, 19), rows("k9"), at=AT)
    other = await batches.reserve("another", DAY, rows("k1"), at=AT)
    assert next_day is not None
    assert other is not None
    assert (next_day.number, other.number) == (1, 1)


async def test_a_batch_is_read_back_whole_and_in_order(batches: SqlBatches) -> None:
    reserved = await batches.reserve(CARD, DAY, rows("b", "a", "c"), at=AT)
    found = await batches.find(CARD, DAY, 1)
    assert found == reserved
    assert found is not None
    assert [(row.position, row.delivery_key) for row in found.rows] == [(1, "b"), (2, "a"), (3, "c")]
    assert await batches.find(CARD, DAY, 2) is None


async def test_a_delivery_stands_in_one_file_only(batches: SqlBatches) -> None:
    first = await batches.reserve(CARD, DAY, rows("a", "b"), at=AT)
    assert await batches.reserve(CARD, DAY, rows("b", "c"), at=AT) is None
    assert await batches.of_deliveries(CARD, ["a", "b", "c"]) == {"a": first, "b": first}
    following = await batches.reserve(CARD, DAY, rows("c"), at=AT)
    assert following is not None
    assert following.number == 2  # the refused try took no number


async def test_workers_at_once_get_different_numbers_and_no_gap(batches: SqlBatches) -> None:
    made = await asyncio.gather(*(batches.reserve(CARD, DAY, rows(f"k{n}"), at=AT) for n in range(4)))
    numbers = sorted(batch.number for batch in made if batch is not None)
    assert numbers == list(range(1, len(numbers) + 1))
    # One that lost every race says so and is tried again; it left no hole.
    for n, batch in enumerate(made):
        if batch is None:
            again = await batches.reserve(CARD, DAY, rows(f"k{n}"), at=AT)
            assert again is not None
            assert again.number == len(numbers) + 1
            numbers.append(again.number)


async def test_two_workers_with_the_same_delivery_make_one_file_of_it(batches: SqlBatches) -> None:
    made = await asyncio.gather(*(batches.reserve(CARD, DAY, rows("same"), at=AT) for _ in range(2)))
    assert sorted(batch is None for batch in made) == [False, True]


async def test_a_batch_waits_to_be_placed_then_for_its_receipt_then_for_nothing(batches: SqlBatches) -> None:
    batch = await batches.reserve(CARD, DAY, rows("a"), at=AT)
    assert batch is not None
    assert await batches.unplaced(CARD) == [batch]
    assert await batches.unanswered(CARD) == []
    await batches.place(batch, at=AT)
    assert await batches.unplaced(CARD) == []
    (waiting,) = await batches.unanswered(CARD)
    assert (waiting.label, waiting.placed_at) == (batch.label, AT)
    await batches.answer(batch, at=AT)
    assert await batches.unanswered(CARD) == []
