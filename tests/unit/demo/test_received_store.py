"""What a department received: recorded once, counted right, there after a restart."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.ground.received import NewSubmission, ReceivedStore, Repeat

AT = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
NUMBER = "320105007-261118-MZ005-000001"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReceivedStore]:
    opened = ReceivedStore(tmp_path / "mz-elder.db")
    yield opened
    opened.close()


def _new(number: str = NUMBER, **more: object) -> NewSubmission:
    given: dict[str, object] = {"operation": "ZLJ", "payload": {"name": "贾宝玉"}, "status": "10", **more}
    return NewSubmission(number=number, name_it=lambda row: f"D{row}", **given)  # type: ignore[arg-type]


async def test_a_submission_is_kept_with_its_hash_and_a_number_of_theirs(store: ReceivedStore) -> None:
    recorded = await store.record(_new(), at=AT)
    assert (recorded.repeat, recorded.submission.department_number) == (None, "D1")
    (line,) = await store.receipts(NUMBER)
    assert (line.times, line.first_at, line.payload_sha256) == (1, AT, recorded.submission.payload_sha256)
    assert (await store.payloads(NUMBER))[0].payload == {"name": "贾宝玉"}


async def test_seen_counts_requests_and_times_counts_records(store: ReceivedStore) -> None:
    for _ in range(3):
        await store.seen(NUMBER)
        await store.record(_new(request_key="one"), at=AT)
    (line,) = await store.receipts(NUMBER)
    assert (line.times, line.seen) == (1, 3)


async def test_what_was_only_seen_was_not_received(store: ReceivedStore) -> None:
    await store.seen(NUMBER)
    assert await store.receipts() == []


async def test_a_request_key_gives_the_first_record_and_tells_whether_the_content_is_the_same(
    store: ReceivedStore,
) -> None:
    first = await store.record(_new(request_key="one"), at=AT)
    same = await store.record(_new(request_key="one"), at=AT)
    other = await store.record(_new(request_key="one", payload={"name": "薛蟠"}), at=AT)
    assert (same.repeat, same.same_content) == (Repeat.REQUEST_KEY, True)
    assert (other.repeat, other.same_content) == (Repeat.REQUEST_KEY, False)
    assert other.submission == first.submission


async def test_a_business_key_holds_over_numbers(store: ReceivedStore) -> None:
    first = await store.record(_new(business_key="person:2026"), at=AT)
    second = await store.record(_new("320105007-261118-MZ005-000002", business_key="person:2026"), at=AT)
    assert (second.repeat, second.submission.row) == (Repeat.BUSINESS_KEY, first.submission.row)


async def test_a_request_key_with_an_end_is_forgotten(store: ReceivedStore) -> None:
    day = timedelta(hours=24)
    await store.record(_new(request_key="one", request_key_lasts=day), at=AT)
    later = await store.record(_new(request_key="one", request_key_lasts=day), at=AT + day + timedelta(seconds=1))
    assert later.repeat is None
    assert (await store.receipts(NUMBER))[0].times == 2


async def test_twenty_at_once_with_one_key_make_one_record(store: ReceivedStore) -> None:
    recorded = await asyncio.gather(*(store.record(_new(request_key="one"), at=AT) for _ in range(20)))
    assert [outcome.repeat for outcome in recorded].count(None) == 1
    assert len({outcome.submission.row for outcome in recorded}) == 1


async def test_all_of_it_is_there_after_a_restart(tmp_path: Path) -> None:
    store = ReceivedStore(tmp_path / "x.db")
    await store.record(_new(request_key="one"), at=AT)
    assert await store.use_nonce("n", at=AT, lasts=timedelta(seconds=180))
    before = await store.receipts()
    store.close()
    again = ReceivedStore(tmp_path / "x.db")
    assert await again.receipts() == before
    assert (await again.record(_new(request_key="one"), at=AT)).repeat is Repeat.REQUEST_KEY
    assert not await again.use_nonce("n", at=AT, lasts=timedelta(seconds=180))
    again.close()


async def test_a_simple_system_records_without_keys(store: ReceivedStore) -> None:
    await store.received(NUMBER, {"XM": "贾宝玉"}, operation="CJR_BT")
    assert [submission.operation for submission in await store.latest()] == ["CJR_BT"]


async def test_who_waits_is_woken_by_a_record(store: ReceivedStore) -> None:
    since = store.changes
    waiting = asyncio.create_task(store.wait_for_change(since=since, at_most=10))
    await store.record(_new(), at=AT)
    await asyncio.wait_for(waiting, 1)
    await asyncio.wait_for(store.wait_for_change(since=since, at_most=10), 1)
